"""Credentials into the vault and out of it; no other module touches a stored password.

A payload is `{"password": …, "identity": …}`. The identity is the server, user and database
that the password was entered for, and it is given out for nothing else.
"""

from __future__ import annotations

import json

from pydantic import ConfigDict, ValidationError

from headrace.connections import Connection, Credentials, identity
from headrace.errors import CREDENTIALS_MISSING, VAULT_UNREADABLE, HeadraceError
from headrace.model import Source
from headrace.vaults import Vault


class _Payload(Credentials):
    model_config = ConfigDict(extra="ignore")  # a newer version may store more

    identity: dict[str, str | int]


def store(vault: Vault, name: str, connection: Connection, credentials: Credentials) -> int:
    """Add a version to the secret; returns its number. Raises the vault's errors."""
    payload = {
        "password": credentials.password.get_secret_value(),
        "identity": identity(connection),
    }
    return vault.add(name, json.dumps(payload).encode())


def load(vault: Vault, source: Source) -> Credentials:
    """The credentials of the version that the source names: what was saved with it, and no other.

    They are given out for the server, user and database that they were entered for alone. Raises
    CREDENTIALS_MISSING, and the vault's errors.
    """
    if not source.connection.needs_password:
        return Credentials.none()
    name, version = source.credentials_secret_name, source.credentials_version
    payload = vault.read(name, version)
    if payload is not None:
        stored = _parse(payload, f"Version {version} of the secret '{name}'")
        if stored.identity == identity(source.connection):
            return Credentials(password=stored.password)
    raise HeadraceError(
        CREDENTIALS_MISSING,
        f"No password is stored for user '{source.connection.user}' of database "
        f"'{source.connection.database}' at {source.connection.place}.",
    )


def settle(vault: Vault, name: str, version: int) -> None:
    """Keep this version and the one before it, and destroy those that are older.

    Later versions belong to saves that are still under way.
    """
    older = [number for number in vault.versions(name) if number < version]
    for number in older[:-1]:
        vault.destroy(name, number)


def _parse(stored: bytes, what: str) -> _Payload:
    try:
        return _Payload.model_validate_json(stored)
    except ValidationError:
        # `from None`: the error holds the payload.
        raise HeadraceError(VAULT_UNREADABLE, f"{what} does not hold credentials.") from None
