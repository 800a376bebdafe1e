"""Snapshots that several connections share ("Snapshot Synchronization Functions")."""

from __future__ import annotations

import re
from typing import Self

from headrace.sources.postgres.identifiers import literal
from headrace.values import Value

# PostgreSQL numbers its snapshots: another server, or the same one after a restart, may give the
# same number to another snapshot. So a name also holds what tells them apart.
_MARK = """left(encode(sha256(convert_to(
    pg_postmaster_start_time()::text || ' ' || txid_current_snapshot()::text, 'UTF8'
)), 'hex'), 32)"""
MARK = f"SELECT json_build_object('mark', {_MARK})::text"
EXPORT = f"SELECT json_build_object('number', pg_export_snapshot(), 'mark', {_MARK})::text"

# SQLSTATEs: it is not supported, in a replica, or not by what only speaks PostgreSQL's protocol;
# the user may not; there is no such function; no room or no disk for the file that others find.
NOT_GIVEN = ("0A000", "25006", "42501", "42883", "53100", "58030", "58P01", "58P02")
# SQLSTATEs: no such snapshot (22023 before PostgreSQL 16, 42704 since), its transaction is over,
# it is another database's, its file is none, the statement is not known.
NOT_TAKEN = ("22023", "42704", "55000", "0A000", "22P02", "42601")

_NAME = re.compile(r"([0-9A-F]+(?:-[0-9A-F]+)+)-([0-9a-f]{32})")


class Mark(Value):
    mark: str


class Shared(Mark):
    """A snapshot that another connection can take while the one that gave it is open."""

    number: str

    @classmethod
    def named(cls, name: str | None) -> Self | None:
        """None if it is not the name of a snapshot that anybody could take."""
        found = _NAME.fullmatch(name or "")
        return cls(number=found[1], mark=found[2]) if found else None

    @property
    def name(self) -> str:
        return f"{self.number}-{self.mark}"

    @property
    def take(self) -> str:
        return f"SET TRANSACTION SNAPSHOT {literal(self.number)};"
