"""Showing what is loaded: the transactions in which tables and checkpoints change together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from headrace.destinations import Publication, StagedTable
from headrace.destinations.bigquery_checkpoints import Checkpoints, State
from headrace.destinations.bigquery_rows import Loaded
from headrace.destinations.bigquery_sql import JobName, Jobs, Query, Step, parameter
from headrace.destinations.bigquery_tables import (
    Found,
    Tables,
    columns_of,
    definition,
    layout_of,
    marks,
)
from headrace.errors import ROWS_DISAGREE, HeadraceError
from headrace.googlesql.identifiers import literal, quoted

# A transaction of BigQuery changes at most 100 tables, of which two are our own; and SQL has at
# most a million characters.
MOST_TABLES = 98
MOST_CHARACTERS = 800_000

_DONE, _MOVED, _ROWS = "done", "moved", "rows"

# The last statement's rows are the script's; a transaction that is open at its end is undone.
_SCRIPT = """
DECLARE changed INT64;
BEGIN TRANSACTION;
IF NOT EXISTS (SELECT 1 FROM {checkpoints} WHERE name = '' AND run_id = @before) THEN
  SELECT 'moved', 0, 0;
  RETURN;
END IF;
UPDATE {checkpoints} SET run_id = @version WHERE name = '';
{steps}
COMMIT TRANSACTION;
SELECT 'done', 0, 0;
"""
_COUNTED = """
SET changed = @@row_count;
IF changed != {rows} THEN
  SELECT 'rows', {number}, changed;
  RETURN;
END IF;
"""
_REPLACE = """
IF EXISTS (SELECT 1 FROM {checkpoints} WHERE name = '' AND run_id = @before) THEN
  {drop}CREATE OR REPLACE TABLE {table} {definition} AS SELECT {columns} FROM {staged};
  SELECT 'done';
ELSE
  SELECT 'moved';
END IF;
"""


class MovedError(Exception):
    """What is remembered of the source is not any more what was read; nothing was changed."""


@dataclass(frozen=True)
class Change:
    """A table and the statements that bring its rows and its checkpoint."""

    table: StagedTable
    steps: Sequence[Step]

    @property
    def characters(self) -> int:
        return sum(len(step.sql) + len(_COUNTED) for step in self.steps)


class Publisher:
    """Publishes what a state allows. Raises MovedError if it is another one by then."""

    def __init__(self, jobs: Jobs, tables: Tables, checkpoints: Checkpoints) -> None:
        self._jobs = jobs
        self._tables = tables
        self._checkpoints = checkpoints

    def commit(self, publication: Publication, state: State, changes: Sequence[Change]) -> None:
        """All in one transaction, as far as BigQuery takes so much in one. Raises ROWS_DISAGREE."""
        owner = (publication.model_id, publication.source_id)
        run = (
            f"INSERT INTO {self._checkpoints.runs} (run_id, model_id, source_id, published_at) "  # noqa: S608
            f"VALUES ({', '.join(map(literal, (publication.run_id, *owner)))}, CURRENT_TIMESTAMP())"
        )
        *first, last = _parted(changes)
        for part in first:
            state = self._commit(publication, state, part, [])
        self._commit(publication, state, last, [Step(run)])

    def remake(self, publication: Publication, state: State, loaded: Loaded) -> Found:
        """Make the table anew with the staged rows, in one statement of its own.

        For columns or a layout that it can't get otherwise. Raises ROWS_DISAGREE.
        """
        table, owner = loaded.table, (publication.model_id, publication.source_id)
        moved = loaded.found is not None and loaded.found.layout != layout_of(table)
        columns = ", ".join(map(quoted, table.schema.names))
        sql = _REPLACE.format(
            checkpoints=self._checkpoints.of(owner),
            # BigQuery replaces no table by one with other partitions.
            drop=f"DROP TABLE {self._jobs.name(table.target)};\n  " if moved else "",
            table=self._jobs.name(table.target),
            definition=definition(table),
            columns=f"{columns}, CAST(NULL AS TIMESTAMP)" if marks(table) else columns,
            staged=self._jobs.name(loaded.staged),
        )
        name = JobName("replace", (publication.run_id, state.version, sql))
        query = Query(sql, [parameter("before", state.version)])
        ((verdict,),) = self._jobs.script(f"make table {table.target} anew", name, query)
        if verdict == _MOVED:
            raise MovedError
        found = self._tables.find(table.target)
        if found is None:
            raise MovedError  # somebody has removed it
        if found.rows != table.rows:
            raise _disagree(table, Step("", table.rows), found.rows)
        return found

    def _commit(
        self, publication: Publication, state: State, part: Sequence[Change], more: Sequence[Step]
    ) -> State:
        owner = (publication.model_id, publication.source_id)
        steps = [(change.table, step) for change in part for step in change.steps]
        written = [_written(number, step) for number, (_, step) in enumerate(steps)]
        written += [_written(0, step) for step in more]
        # Of what it does, since a job that found other numbers of rows has ended well too.
        name = JobName("publish", (publication.run_id, state.version, written), contends=True)
        # The same for the same job, which may have been sent already.
        version = f"{publication.run_id}-{str(name)[-8:]}"
        query = Query(
            _SCRIPT.format(checkpoints=self._checkpoints.of(owner), steps="\n".join(written)),
            [
                parameter("before", state.version),
                parameter("version", version),
                parameter("published_at", datetime.now(UTC).isoformat()),
            ],
        )
        ((verdict, number, changed),) = self._jobs.script("publish", name, query)
        if verdict == _MOVED:
            raise MovedError
        if verdict == _ROWS:
            raise _disagree(*steps[number], changed)
        return replace(state, version=version)


def fits(loaded: Loaded) -> bool:
    """Whether a table that is there can take the rows in place of its own, once it has grown."""
    table, found = loaded.table, loaded.found
    if found is None:
        return True
    wanted = columns_of(table)
    return (
        layout_of(table) == found.layout
        and list(found.columns) == list(wanted)[: len(found.columns)]
        and all(wanted[name] == type_ for name, type_ in found.columns.items())
    )


def _parted(changes: Sequence[Change]) -> list[list[Change]]:
    """As few parts as BigQuery's limits allow; one if there is nothing."""
    parts: list[list[Change]] = [[]]
    characters = 0
    for change in changes:
        full = len(parts[-1]) == MOST_TABLES or characters + change.characters > MOST_CHARACTERS
        if parts[-1] and full:
            parts.append([])
            characters = 0
        parts[-1].append(change)
        characters += change.characters
    return parts


def _written(number: int, step: Step) -> str:
    counted = "" if step.rows is None else _COUNTED.format(rows=step.rows, number=number)
    return f"{step.sql};{counted}"


def _disagree(table: StagedTable, step: Step, changed: int) -> HeadraceError:
    told = step.told.format(rows=step.rows, changed=changed)
    return HeadraceError(ROWS_DISAGREE, f"Table {table.source_table}: {told}.")
