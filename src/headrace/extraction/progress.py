"""How an extraction tells how far it is."""

from __future__ import annotations

from collections.abc import Callable

from headrace.model import TableRun

# Called with all tables of the run, after each batch and each change of state, from whichever
# thread reads; it should return at once. Raising ends the extraction and leaves the destination
# as it was.
Progress = Callable[[tuple[TableRun, ...]], None]


def silent(tables: tuple[TableRun, ...]) -> None:
    """For when nobody watches."""
