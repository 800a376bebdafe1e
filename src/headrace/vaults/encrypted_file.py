"""A vault in one encrypted file, with its key in a file beside it.

The file is a JSON object: `format`, and `payload`, which is base64 of a 12-byte nonce and
AES-256-GCM's output (NIST SP 800-38D). All secrets are encrypted together, so none can be
taken out, put in or swapped with another unnoticed.

Whoever copies the vault file alone learns nothing. Whoever can read both files can read the
passwords, as with an SSH key without a passphrase; only the owner's own processes can.
"""

from __future__ import annotations

import json
import os
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import Base64Bytes, Field, RootModel, ValidationError

from headrace import files
from headrace.errors import (
    SETTINGS_INVALID,
    VAULT_KEY_EXPOSED,
    VAULT_KEY_MISSING,
    VAULT_UNAVAILABLE,
    VAULT_UNREADABLE,
    HeadraceError,
)
from headrace.settings import Settings
from headrace.values import Value
from headrace.vaults import check_payload

FORMAT = 1
_PURPOSE = b"headrace vault 1"  # authenticated with the content: nothing else decrypts with it
_NONCE_BYTES = 12
_KEY_BYTES = 32


class _Secret(Value):
    last: int  # the newest version's number, also after that version was destroyed
    versions: dict[int, Base64Bytes] = Field(repr=False)


_Secrets = RootModel[dict[str, _Secret]]


def open_vault(url: str, settings: Settings) -> EncryptedFile:  # noqa: ARG001
    path = files.local_path(url)
    if path.suffix == ".key":
        raise HeadraceError(
            SETTINGS_INVALID, f"The vault {path} can't end in .key: its key's file does."
        )
    return EncryptedFile(path)


class EncryptedFile:
    """The vault in the file `path`, with the key in a file of the same name ending in `.key`.

    Nothing is kept in memory between calls: a key that was changed, exposed or taken away is
    noticed by the next one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._key_path = path.with_name(f"{path.stem}.key")
        self._lock_path = path.with_name(f"{path.name}.lock")

    def add(self, name: str, payload: bytes) -> int:
        check_payload(payload)
        with self._changing() as content:
            version = content[name].last + 1 if name in content else 1
            kept = content[name].versions if name in content else {}
            content[name] = _Secret.model_construct(
                last=version, versions={**kept, version: payload}
            )
        return version

    def read(self, name: str, version: int) -> bytes | None:
        secret = self._read_all().get(name)
        return secret.versions.get(version) if secret else None

    def versions(self, name: str) -> Sequence[int]:
        secret = self._read_all().get(name)
        return sorted(secret.versions) if secret else []

    def destroy(self, name: str, version: int) -> None:
        if version not in self.versions(name):
            return
        with self._changing() as content:
            if secret := content.pop(name, None):
                kept = {n: payload for n, payload in secret.versions.items() if n != version}
                if kept:
                    content[name] = _Secret.model_construct(last=secret.last, versions=kept)

    def delete(self, name: str) -> None:
        if name not in self._read_all():
            return
        with self._changing() as content:
            content.pop(name, None)

    @contextmanager
    def _changing(self) -> Iterator[dict[str, _Secret]]:
        """Give out the content to be changed, alone among all processes, and write it back."""
        with self._translated("write"):
            files.make_directory(self._path.parent)
            with files.locked(self._lock_path):
                content = self._read_all()
                if not self._key_path.exists():
                    files.create(self._key_path, b64encode(secrets.token_bytes(_KEY_BYTES)))
                key = self._read_key()
                yield content
                files.replace(self._path, _encrypt(key, content))

    def _read_all(self) -> dict[str, _Secret]:
        with self._translated("read"):
            try:
                encrypted = self._path.read_bytes()
            except FileNotFoundError:
                # A key alone is what a process leaves that is killed while it makes the vault.
                return {}
            return self._decrypt(self._read_key(), encrypted)

    def _read_key(self) -> bytes:
        try:
            with self._key_path.open("rb") as file:
                self._check_owner(os.fstat(file.fileno()))
                text = file.read()
        except FileNotFoundError as error:
            raise HeadraceError(
                VAULT_KEY_MISSING,
                f"The vault {self._path} can't be opened: its key {self._key_path} is missing.",
            ) from error
        try:
            key = b64decode(text, validate=True)
        except ValueError:
            key = b""
        if len(key) != _KEY_BYTES:
            raise HeadraceError(VAULT_UNREADABLE, f"The file {self._key_path} holds no key.")
        return key

    def _check_owner(self, status: os.stat_result) -> None:
        if status.st_uid != os.geteuid():
            raise HeadraceError(
                VAULT_KEY_EXPOSED,
                f"The vault's key {self._key_path} belongs to another user of this machine.",
                hint="Run 'chown' to make the key file yours, or start Headrace as its owner.",
            )
        if status.st_mode & 0o077:
            raise HeadraceError(
                VAULT_KEY_EXPOSED,
                f"The vault's key {self._key_path} has the permissions "
                f"{status.st_mode & 0o777:04o}; only its owner may have any.",
            )

    def _decrypt(self, key: bytes, encrypted: bytes) -> dict[str, _Secret]:
        try:
            envelope = json.loads(encrypted)
            if envelope["format"] != FORMAT:
                raise HeadraceError(
                    VAULT_UNREADABLE,
                    f"The vault {self._path} has a format that this version does not know.",
                    hint="Upgrade Headrace, or point HEADRACE_VAULT at another file.",
                )
            payload = b64decode(envelope["payload"], validate=True)
            plain = AESGCM(key).decrypt(payload[:_NONCE_BYTES], payload[_NONCE_BYTES:], _PURPOSE)
            return _Secrets.model_validate_json(plain).root
        # `from None`: what these errors hold could be a part of a secret.
        except InvalidTag:
            raise HeadraceError(
                VAULT_UNREADABLE,
                f"The vault {self._path} was damaged, or encrypted with another key than "
                f"{self._key_path}.",
            ) from None
        except (ValueError, KeyError, TypeError, RecursionError, ValidationError):
            raise HeadraceError(VAULT_UNREADABLE, f"The vault {self._path} is damaged.") from None

    @contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise HeadraceError(
                VAULT_UNAVAILABLE,
                f"Could not {doing} the vault {self._path}: {os.strerror(error.errno or 0)}.",
            ) from error


def _encrypt(key: bytes, content: dict[str, _Secret]) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    plain = _Secrets.model_construct(content).model_dump_json().encode()
    payload = nonce + AESGCM(key).encrypt(nonce, plain, _PURPOSE)
    return json.dumps({"format": FORMAT, "payload": b64encode(payload).decode("ascii")}).encode()
