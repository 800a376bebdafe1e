"""A vault in Secret Manager.

Both ways a payload carries its CRC32C. What is added is one version at a time; an answer that is
lost may leave a version that nobody names, with the same payload, which is destroyed like any
older one.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import google_crc32c
from google.api_core.exceptions import AlreadyExists, FailedPrecondition, NotFound, PermissionDenied
from google.cloud.secretmanager_v1 import SecretManagerServiceClient, types
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
    SecretManagerServiceGrpcTransport,
)

from headrace.errors import (
    SETTINGS_INVALID,
    VAULT_BUSY,
    VAULT_FORBIDDEN,
    VAULT_MISSING,
    VAULT_UNAVAILABLE,
    VAULT_UNREADABLE,
    HeadraceError,
)
from headrace.google_calls import (
    BadAnswerError,
    Calls,
    Kinds,
    Patience,
    emulator_channel,
    opened,
    place,
)
from headrace.settings import Settings
from headrace.vaults import check_payload

_PATIENCE = Patience()
_State = types.SecretVersion.State
_KINDS = Kinds(
    unavailable=VAULT_UNAVAILABLE,
    busy=VAULT_BUSY,
    forbidden=VAULT_FORBIDDEN,
    missing=VAULT_MISSING,
    unfit=VAULT_UNREADABLE,  # such as one whose own key was disabled
)


def open_vault(url: str, settings: Settings) -> SecretManager:  # noqa: ARG001
    """Of `secretmanager://project`."""
    where = place(url)
    if where.path:
        raise HeadraceError(
            SETTINGS_INVALID,
            f"The setting '{url}' names more than a project; write it like "
            "secretmanager://my-project.",
        )
    transport = (
        SecretManagerServiceGrpcTransport(channel=emulator_channel(where.emulator))
        if where.emulator
        else None
    )
    client = opened(
        _named(where.project),
        VAULT_FORBIDDEN,
        lambda: SecretManagerServiceClient(transport=transport),
    )
    return SecretManager(client, where.project)


class SecretManager:
    """The secrets of a project."""

    def __init__(
        self, client: SecretManagerServiceClient, project: str, *, patience: Patience = _PATIENCE
    ) -> None:
        self._client = client
        self._what = _named(project)
        self._project = f"projects/{project}"
        self._calls = Calls(f"in {self._what}", _KINDS, patience)
        self._options: dict[str, Any] = {"retry": None, "timeout": self._calls.timeout}

    def add(self, name: str, payload: bytes) -> int:
        check_payload(payload)
        doing = f"add a version to the secret '{name}'"
        number = self._calls(doing, lambda: self._added(name, payload))
        return number or self._calls(doing, lambda: self._added_to_new(name, payload))

    def read(self, name: str, version: int) -> bytes | None:
        return self._calls(
            f"read version {version} of the secret '{name}'", lambda: self._accessed(name, version)
        )

    def versions(self, name: str) -> Sequence[int]:
        def ask() -> Sequence[int]:
            request = {"parent": self._secret(name)}
            try:
                found = list(self._client.list_secret_versions(request, **self._options))
            except NotFound:
                return []
            return sorted(
                int(version.name.rpartition("/")[2]) for version in found if not _gone(version)
            )

        return self._calls(f"list the versions of the secret '{name}'", ask)

    def destroy(self, name: str, version: int) -> None:
        """The secret stays, also without versions.

        It costs nothing, and whoever deleted it could take a version with it that was added
        meanwhile: a secret's etag does not change with its versions.
        """

        def ask() -> None:
            request = {"name": self._version(name, version)}
            with suppress(NotFound, FailedPrecondition):  # the latter if it is destroyed already
                self._client.destroy_secret_version(request, **self._options)

        self._calls(f"destroy version {version} of the secret '{name}'", ask)

    def delete(self, name: str) -> None:
        def ask() -> None:
            with suppress(NotFound):
                self._client.delete_secret({"name": self._secret(name)}, **self._options)

        self._calls(f"delete the secret '{name}'", ask)

    def _added(self, name: str, payload: bytes) -> int | None:
        """The new version's number, or None if there is no such secret."""
        request = {
            "parent": self._secret(name),
            "payload": {"data": payload, "data_crc32c": google_crc32c.value(payload)},
        }
        try:
            added = self._client.add_secret_version(request, **self._options)
        except NotFound:
            return None
        if not added.client_specified_payload_checksum:
            raise BadAnswerError(
                VAULT_UNAVAILABLE, "it did not look whether the secret arrived whole"
            )
        return int(added.name.rpartition("/")[2])

    def _added_to_new(self, name: str, payload: bytes) -> int:
        request = {
            "parent": self._project,
            "secret_id": name,
            "secret": {"replication": {"automatic": {}}, "labels": {"managed-by": "headrace"}},
        }
        with suppress(AlreadyExists):  # by another one, or by an earlier attempt
            self._client.create_secret(request, **self._options)
        if number := self._added(name, payload):
            return number
        raise BadAnswerError(VAULT_UNAVAILABLE, "the secret was made, and is not seen yet")

    def _accessed(self, name: str, version: int) -> bytes | None:
        request = {"name": self._version(name, version)}
        try:
            payload = self._client.access_secret_version(request, **self._options).payload
        except NotFound:
            return None
        except FailedPrecondition as error:
            if self._is_gone(name, version):
                return None
            raise HeadraceError(
                VAULT_UNREADABLE,
                f"Version {version} of the secret '{name}' can't be read in {self._what}.",
                hint="Enable the version in Secret Manager, or the key with which it is encrypted; "
                "or enter the password again.",
            ) from error
        if payload.data_crc32c != google_crc32c.value(payload.data):
            raise BadAnswerError(VAULT_UNREADABLE, "it arrived damaged each time")
        return payload.data

    def _is_gone(self, name: str, version: int) -> bool:
        """Whether it was destroyed; False also if this account may not see it."""
        request = {"name": self._version(name, version)}
        try:
            return _gone(self._client.get_secret_version(request, **self._options))
        except NotFound:
            return True
        except PermissionDenied:
            return False

    def _secret(self, name: str) -> str:
        return f"{self._project}/secrets/{name}"

    def _version(self, name: str, version: int) -> str:
        return f"{self._secret(name)}/versions/{version}"


def _gone(version: types.SecretVersion) -> bool:
    """Destroyed, or disabled to be destroyed later, where a secret has such a delay."""
    return version.state == _State.DESTROYED or "scheduled_destroy_time" in version


def _named(project: str) -> str:
    return f"Secret Manager of project '{project}'"
