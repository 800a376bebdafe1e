"""What of a table a run takes that takes a past range again, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from headrace.destinations import Checkpoint, Target
from headrace.errors import BACKFILL_NOT_POSSIBLE, HeadraceError
from headrace.extraction.increments import position_of
from headrace.model import Backfill, Run, Source, Window
from headrace.sources import Database
from headrace.tables import Mode, TableRef


def taken_by(run: Run, source: Source) -> Source:
    """The source as the run takes it: all that is selected, or the table of its backfill alone.

    Raises BACKFILL_NOT_POSSIBLE if that is not selected.
    """
    return source if run.backfill is None else narrowed(source, run.backfill)


def narrowed(source: Source, backfill: Backfill) -> Source:
    """The source with that table alone. Raises BACKFILL_NOT_POSSIBLE if it is not selected."""
    chosen = tuple(table for table in source.selection if table.ref == backfill.ref)
    if not chosen:
        raise HeadraceError(
            BACKFILL_NOT_POSSIBLE,
            f"Table {backfill.ref}: the source does not take it.",
            hint="Select the table, and start a run: it brings all of it.",
        )
    return source.model_copy(update={"selection": chosen})


def past_windows(
    database: Database, source: Source, known: Mapping[Target, Checkpoint], backfill: Backfill
) -> Mapping[TableRef, Window]:
    """The window of the source's one table.

    Raises BACKFILL_NOT_POSSIBLE, DATABASE_CHANGED, and the errors of `Database.past_window`.
    """
    (selection,) = source.selection
    if selection.mode is Mode.FULL:
        raise HeadraceError(
            BACKFILL_NOT_POSSIBLE,
            f"Table {selection.ref}: by the mode 'full' each run reads all of it anyway.",
            hint="Start a run.",
        )
    position = position_of(database, source, selection, known)
    if position is None:
        raise HeadraceError(
            BACKFILL_NOT_POSSIBLE,
            f"Table {selection.ref}: the destination holds nothing of it by this cursor yet.",
            hint="Start a run: it brings all of the table.",
        )
    bounds = (backfill.after, backfill.upto)
    return {selection.ref: database.past_window(selection, position, bounds)}
