"""Chunks of a table in PostgreSQL: where they begin and end, and their rows."""

from __future__ import annotations

from collections.abc import Sequence

from headrace.chunks import WHOLE, Chunk
from headrace.model import Selection
from headrace.sources.postgres.session import Session


def chunks(session: Session, selection: Selection, rows: int) -> Sequence[Chunk]:
    """See `headrace.sources.Database.chunks`."""
    return (WHOLE,)


def split(session: Session, selection: Selection, chunk: Chunk, rows: int) -> Sequence[Chunk]:
    """See `headrace.sources.Database.split`."""
    return (chunk,)


def condition(session: Session, selection: Selection, chunk: Chunk) -> str:
    """What a row fulfils that is in the chunk, which is not the whole table."""
    raise NotImplementedError
