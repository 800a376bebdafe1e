"""What of each table a run takes: all of it, or the window that follows the checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from headrace import naming
from headrace.destinations import Checkpoint, Destination, Increment, PlannedTable, Target
from headrace.destinations.drift import Drift, drift
from headrace.destinations.staged import SOURCE_NAME
from headrace.errors import (
    DATABASE_CHANGED,
    KEY_NOT_USABLE,
    MODE_NOT_SUPPORTED,
    SCHEMA_CHANGED,
    HeadraceError,
)
from headrace.extraction.column_names import told_apart
from headrace.filters import digest
from headrace.layout import Layout
from headrace.model import DetectDeletes, DriftPolicy, Selection, Source, Window
from headrace.sources import Database
from headrace.tables import Mode, TableRef

Checkpoints = Mapping[Target, Checkpoint]


@dataclass(frozen=True)
class PlannedRead:
    """A table of a run: what is read of it, and what it becomes."""

    selection: Selection
    planned: PlannedTable

    @property
    def window(self) -> Window | None:
        return self.planned.increment.window if self.planned.increment else None

    @property
    def cut(self) -> bool:
        """Whether all of the table is read, in chunks that can be split, and not what is new."""
        return self.planned.replaces


def windows(
    database: Database, source: Source, destination: Destination, known: Checkpoints
) -> Mapping[TableRef, Window]:
    """The windows of the tables that are not read in full; their ends are fixed from here on.

    Raises MODE_NOT_SUPPORTED, DATABASE_CHANGED, and what `Database.window` raises.
    """
    found = {}
    for selection in source.selection:
        if selection.mode not in destination.modes:
            raise HeadraceError(
                MODE_NOT_SUPPORTED,
                f"Table {selection.ref}: the destination does not do mode '{selection.mode}'.",
            )
        if selection.mode is Mode.FULL:
            continue
        after = position_of(database, source, selection, known)
        found[selection.ref] = database.window(selection, after)
    return found


def position_of(
    database: Database, source: Source, selection: Selection, known: Checkpoints
) -> str | None:
    """Where the checkpoint stands; None if it is of another cursor, filter or table.

    Raises DATABASE_CHANGED: another database's rows would be skipped up to there, and lie among
    those of the one before, which may hold what nobody can bring again.
    """
    checkpoint = known.get(naming.target(source, selection))
    if checkpoint is None or checkpoint.source_table != selection.ref:
        return None
    if (checkpoint.cursor, checkpoint.filter) != (selection.cursor, digest(selection.filter)):
        return None
    if checkpoint.position is not None and not _comes_from(checkpoint, source, database):
        raise HeadraceError(
            DATABASE_CHANGED,
            f"Table {selection.ref}: what {checkpoint.target} holds comes from another database "
            "than the one that is connected to now.",
        )
    return checkpoint.position


def _comes_from(checkpoint: Checkpoint, source: Source, database: Database) -> bool:
    if checkpoint.database is None:
        return True
    moved = source.moved_at is not None and checkpoint.published_at <= source.moved_at
    return moved or checkpoint.database.same(database.identity())


def planned_read(
    database: Database,
    source: Source,
    selection: Selection,
    checkpoint: Checkpoint | None,
    window: Window | None,
) -> PlannedRead:
    """Raises SCHEMA_CHANGED as the source's drift policy says, KEY_NOT_USABLE, and errors of
    reading.
    """
    schema = told_apart(database.schema(selection, source.unfit))
    if checkpoint is not None and checkpoint.source_table == selection.ref:
        differences = drift(checkpoint.columns, schema)
        selection, schema = _settled(source.drift, selection, (schema, differences))
    key: tuple[str, ...] = ()
    if selection.mode is Mode.MERGE:
        key = _called(schema, database.key(selection))
        if lacking := [name for name in key if name not in schema.names]:
            raise HeadraceError(
                KEY_NOT_USABLE,
                f"Merging {selection.ref}: of its key {', '.join(map(repr, lacking))} is not among "
                "the columns that are taken.",
            )
    target = naming.target(source, selection)
    increment = None
    if window is not None:
        # Who takes a past range again asks for nothing else.
        detected = DetectDeletes.OFF if window.past else selection.detect_deletes
        increment = Increment(window, key, detected, database.identity())
    layout = _layout(schema, selection)
    return PlannedRead(selection, PlannedTable(selection.ref, target, schema, increment, layout))


def _settled(
    policy: DriftPolicy, selection: Selection, found: tuple[pa.Schema, Drift]
) -> tuple[Selection, pa.Schema]:
    schema, differences = found
    what = f"Table {selection.ref}"
    if differences and policy is DriftPolicy.FAIL:
        raise HeadraceError(SCHEMA_CHANGED, f"{what}: {_described(differences)}.")
    if policy is not DriftPolicy.FREEZE:
        return selection, schema
    changed = Drift((), differences.removed, differences.widened, differences.incompatible)
    if changed:
        raise HeadraceError(SCHEMA_CHANGED, f"{what}: {_described(changed)}.")
    if not differences.added:
        return selection, schema
    kept = pa.schema([field for field in schema if field.name not in differences.added])
    names = tuple(_source_name(field) for field in kept)
    return selection.model_copy(update={"columns": names}), kept


def _called(schema: pa.Schema, source_names: Sequence[str]) -> tuple[str, ...]:
    """What columns of the source are called in the destination."""
    by_source = {_source_name(field): field.name for field in schema}
    return tuple(by_source.get(name, name) for name in source_names)


def _layout(schema: pa.Schema, selection: Selection) -> Layout:
    by = selection.partition_by
    return Layout(
        partition_by=by.of(*_called(schema, (by.column,))) if by is not None else None,
        cluster_by=_called(schema, selection.cluster_by),
    )


def source_names(schema: pa.Schema) -> Mapping[str, str]:
    """By the columns' names in the destination, those in the source."""
    return {field.name: _source_name(field) for field in schema}


def _source_name(field: pa.Field) -> str:
    name: bytes = (field.metadata or {}).get(SOURCE_NAME, field.name.encode())
    return name.decode()


def _described(differences: Drift) -> str:
    parts = {
        "new": differences.added,
        "gone": differences.removed,
        "of a wider type": differences.widened,
        "of another type": differences.incompatible,
    }
    listed = (
        f"{', '.join(repr(name) for name in names)} {'is' if len(names) == 1 else 'are'} {what}"
        for what, names in parts.items()
        if names
    )
    return "; ".join(listed)
