"""Statements that shall walk along an index, whatever the planner thinks of that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from headrace.sources.postgres.session import Session

# Of rows that its statistics don't know the planner might think that they are sorted sooner.
_OTHER_WAYS = ("enable_seqscan", "enable_bitmapscan", "enable_sort")


@contextmanager
def along_an_index(session: Session, what: str) -> Iterator[None]:
    for setting in _OTHER_WAYS:
        session.query(what, f"SET LOCAL {setting} TO off")
    yield
    for setting in _OTHER_WAYS:
        session.query(what, f"SET LOCAL {setting} TO DEFAULT")
