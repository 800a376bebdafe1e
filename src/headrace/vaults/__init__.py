"""Vaults: where credentials are kept, and nowhere else.

A secret has numbered versions, as in Secret Manager; version numbers rise and are not reused
while the secret exists.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

SCHEMES = {
    "encrypted-file": "headrace.vaults.encrypted_file:open_vault",
    "secretmanager": "headrace.vaults.secret_manager:open_vault",
}

# What every vault takes at most; none takes nothing.
MOST_BYTES = 64 << 10


class Vault(Protocol):
    """A store of secrets.

    Every method raises VAULT_UNAVAILABLE if the vault can't be reached or written,
    VAULT_BUSY if it can't take more now, VAULT_UNREADABLE if what it holds can't be decrypted or
    understood, VAULT_FORBIDDEN and VAULT_MISSING for the vault as a whole, VAULT_KEY_MISSING and
    VAULT_KEY_EXPOSED for its key. Absence is never confused with any of these.
    """

    def add(self, name: str, payload: bytes) -> int:
        """Store a new version of the secret, making the secret if needed; returns its number.

        Raises ValueError for a payload that no vault takes (`check_payload`).
        """
        ...

    def read(self, name: str, version: int) -> bytes | None:
        """The payload, or None if there is no such secret or version."""
        ...

    def versions(self, name: str) -> Sequence[int]:
        """The numbers of the versions that exist, oldest first; empty if there is no secret."""
        ...

    def destroy(self, name: str, version: int) -> None:
        """Destroy one version. Absent is no error.

        A secret whose last version was destroyed is as good as none; whether numbers go on if
        another one is added is the vault's affair.
        """
        ...

    def delete(self, name: str) -> None:
        """Delete the secret with all versions. Absent is no error."""
        ...


def check_payload(payload: bytes) -> None:
    """Raises ValueError for a payload that is empty or too long. The message tells no more."""
    if not 0 < len(payload) <= MOST_BYTES:
        raise ValueError(f"a payload has 1 to {MOST_BYTES} bytes, not {len(payload)}")
