"""Lists of those who may call: e-mail addresses and domains."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ADDRESS = re.compile(r"[!-?A-~]{1,64}@[!-?A-~]{1,255}")  # printable ASCII, one @
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")


@dataclass(frozen=True)
class AllowList:
    """Who is on a list; an empty one holds nobody."""

    addresses: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()

    def holds(self, address: str, organisation: str | None) -> bool:
        """Whether somebody is on the list, by the address that Google has verified.

        `organisation` is the domain whose Workspace the account belongs to, if any. Without one,
        a domain does not let an address in: anybody could once have made such an account with the
        address of an employer whom he has left since ("Verify the Google ID token on your server
        side" of Google's documentation).
        """
        if address in self.addresses:
            return True
        if organisation is None:
            return False
        return bool({organisation, address.rpartition("@")[2]} & self.domains)


def parse_allowed(text: str) -> AllowList:
    """`ada@example.com, example.org` as a list. Raises ValueError for what is neither."""
    entries = [entry.strip().lower() for entry in text.split(",") if entry.strip()]
    for entry in entries:
        if not is_address(entry) and not _DOMAIN.fullmatch(entry):
            raise ValueError(f"'{entry}' is neither an e-mail address nor a domain")
    return AllowList(
        addresses=frozenset(entry for entry in entries if "@" in entry),
        domains=frozenset(entry for entry in entries if "@" not in entry),
    )


def is_address(text: str) -> bool:
    return bool(_ADDRESS.fullmatch(text))
