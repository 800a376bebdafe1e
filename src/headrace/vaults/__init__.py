"""Vaults: where credentials are kept, and nowhere else.

A secret has numbered versions, as in Secret Manager; version numbers rise and are not reused
while the secret exists.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

SCHEMES = {"encrypted-file": "headrace.vaults.encrypted_file:open_vault"}


class Vault(Protocol):
    """A store of secrets.

    Every method raises VAULT_UNAVAILABLE if the vault can't be reached or written,
    VAULT_UNREADABLE if what it holds can't be decrypted or understood, VAULT_KEY_MISSING and
    VAULT_KEY_EXPOSED for its key. Absence is never confused with any of these.
    """

    def add(self, name: str, payload: bytes) -> int:
        """Store a new version of the secret, making the secret if needed; returns its number."""
        ...

    def read(self, name: str, version: int) -> bytes | None:
        """The payload, or None if there is no such secret or version."""
        ...

    def versions(self, name: str) -> Sequence[int]:
        """The numbers of the versions that exist, oldest first; empty if there is no secret."""
        ...

    def destroy(self, name: str, version: int) -> None:
        """Destroy one version; the last one takes the secret with it. Absent is no error."""
        ...

    def delete(self, name: str) -> None:
        """Delete the secret with all versions. Absent is no error."""
        ...
