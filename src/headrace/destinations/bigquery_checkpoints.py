"""What a BigQuery dataset remembers of the tables that were brought, in tables of Headrace's own.

- `owners`: whose each table is. It changes when a table is first brought or let go.
- `runs`: the runs that have published.
- `checkpoints_...`: one a source, since BigQuery lets no two transactions at once change rows of a
  table that are there. One row of it, without a table, holds the state's version: it is another
  one after each change, so that whoever has read a state can have it compared, and whatever
  changes it at the same time is in its way.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from headrace.destinations import Checkpoint, Publication, StagedTable, Target
from headrace.destinations.bigquery_sql import Jobs, Parameter, Query, Row, Step, parameter
from headrace.destinations.bigquery_tables import Found, Tables
from headrace.destinations.drift import merged
from headrace.destinations.staged import columns_of
from headrace.errors import DESTINATION_CONFLICT, DESTINATION_MISSING, HeadraceError
from headrace.googlesql.identifiers import literal
from headrace.identity import Identity
from headrace.ids import new_id
from headrace.tables import TableRef

Owner = tuple[str, str]
NOBODY: Owner = ("", "")  # the model and the source of a table that was let go

_OWNERS = (
    "(name STRING, dataset STRING, destination_table STRING, model_id STRING, source_id STRING)"
)
_RUNS = "(run_id STRING, model_id STRING, source_id STRING, published_at TIMESTAMP)"
_CHECKPOINTS = (
    "(name STRING, run_id STRING, position STRING, total INT64, created INT64, content STRING)"
)
_NEW = """
SELECT '' AS name, {version} AS run_id, CAST(NULL AS STRING) AS position, 0 AS total, 0 AS created,
  CAST(NULL AS STRING) AS content
"""
# All in one answer, of rows that begin with what they tell of.
_READ_OWNERS = """
SELECT 'owner', name, dataset, destination_table, model_id, source_id, '' FROM {owners}
WHERE name IN UNNEST(@names) OR (model_id = @model_id AND source_id = @source_id)
"""
_READ_RUN = """
SELECT 'run', run_id, '', '', '', '', '' FROM {runs} WHERE run_id = @run_id
"""
_READ_CHECKPOINTS = """
SELECT 'checkpoint', name, run_id, position, CAST(total AS STRING), CAST(created AS STRING), content
FROM {checkpoints}
"""
_PUBLISHED = '{"published_at": "'
_PARTS = ("owner", "run", "checkpoint")
_CLAIM = """
MERGE {owners} AS held USING (
  SELECT LOWER(CONCAT(dataset, '.', destination_table)) AS name, dataset, destination_table
  FROM UNNEST([{targets}])
) AS claimed ON held.name = claimed.name
WHEN MATCHED AND CONCAT(held.model_id, '/', held.source_id) IN UNNEST(@replaceable) THEN
  UPDATE SET dataset = claimed.dataset, destination_table = claimed.destination_table,
    model_id = @model_id, source_id = @source_id
WHEN NOT MATCHED THEN
  INSERT (name, dataset, destination_table, model_id, source_id)
  VALUES (claimed.name, claimed.dataset, claimed.destination_table, @model_id, @source_id)
"""


@dataclass(frozen=True)
class Owned:
    """Whose a table is, and how its name is written, which BigQuery takes by its case."""

    target: Target
    owner: Owner


@dataclass(frozen=True)
class State:
    """What is remembered of a source: by the tables' names in lower case its checkpoints.

    Whoever changes it gives the version that it has read. Without one nothing is remembered yet.
    `owners` are those of the tables that were asked for; what is nobody's yet is missing.
    """

    version: str | None = None
    checkpoints: Mapping[str, Checkpoint] = field(default_factory=dict)
    owners: Mapping[str, Owned] = field(default_factory=dict)
    published: bool = False

    def spelled(self, owner: Owner, target: Target) -> Target:
        """The table as its name was first written."""
        owned = self.owners.get(folded(target))
        return owned.target if owned and owned.owner == owner else target


class Checkpoints:
    """The bookkeeping of a dataset."""

    def __init__(self, jobs: Jobs, tables: Tables, dataset: str) -> None:
        self._jobs = jobs
        self._tables = tables
        self._dataset = dataset

    def prepare(self, owner: Owner) -> None:
        """Make the dataset and its tables, as far as they are not there."""
        if self._tables.find(self._own("runs")) is None:
            self._tables.make_dataset(self._dataset)
        made = [
            f"CREATE TABLE IF NOT EXISTS {self._name('owners')} {_OWNERS}",
            f"CREATE TABLE IF NOT EXISTS {self._name('runs')} {_RUNS} CLUSTER BY run_id",
            f"CREATE TABLE IF NOT EXISTS {self.of(owner)} {_CHECKPOINTS} AS "
            + _NEW.format(version=literal(new_id())),
        ]
        for sql in made:
            self._jobs.rows(f"make the tables of dataset {self._dataset}", Query(sql))

    def of(self, owner: Owner) -> str:
        """The name of a source's checkpoints in SQL."""
        return self._name(_table_of(owner))

    @property
    def runs(self) -> str:
        return self._name("runs")

    def read(self, owner: Owner, targets: Sequence[Target] = (), run_id: str = "") -> State:
        """What is remembered of a source, whose the tables are, and whether the run published."""
        rows = self._rows(owner, targets, run_id)
        owners = {row[1]: Owned(Target(row[2], row[3]), (row[4], row[5])) for row in rows["owner"]}
        kept = [row for row in rows["checkpoint"] if row[1] in owners]
        return State(
            version=next((row[2] for row in rows["checkpoint"] if not row[1]), None),
            checkpoints=self._intact(
                owner, [row for row in kept if owners[row[1]].owner == owner], owners
            ),
            owners=owners,
            published=bool(rows["run"]),
        )

    def check_owner(
        self, owner: Owner, state: State, targets: Sequence[Target]
    ) -> Sequence[Target]:
        """The tables that are not the owner's yet.

        Raises DESTINATION_CONFLICT for those that are there, unless they were let go.
        """
        known = state.owners
        others = [t for t in targets if folded(t) not in known or known[folded(t)].owner != owner]
        spelled = {t: known[folded(t)].target if folded(t) in known else t for t in others}
        there = self._tables.find_all(list(spelled.values()))
        for target, written in spelled.items():
            if there[written] is None:
                continue
            if folded(target) not in known:
                raise HeadraceError(
                    DESTINATION_CONFLICT,
                    f"Table {target} exists already and was not made by Headrace.",
                )
            if known[folded(target)].owner != NOBODY:
                raise _belongs(target, known[folded(target)].owner)
        return others

    def claim(self, owner: Owner, state: State, targets: Sequence[Target]) -> None:
        """Make the tables the owner's, before a row of them comes. Raises DESTINATION_CONFLICT."""
        wanted = self.check_owner(owner, state, targets)
        if not wanted:
            return
        known = state.owners
        replaceable = {known[folded(t)].owner for t in wanted if folded(t) in known}
        structs = ", ".join(
            f"STRUCT({literal(t.dataset)} AS dataset, {literal(t.table)} AS destination_table)"
            for t in wanted
        )
        self._jobs.change(
            f"note the owners in dataset {self._dataset}",
            Query(
                _CLAIM.format(owners=self._name("owners"), targets=structs),
                [
                    *_owner(owner),
                    parameter("replaceable", ["/".join(each) for each in replaceable], "STRING"),
                ],
            ),
        )
        now = self.read(owner, wanted).owners
        for target in wanted:
            if now[folded(target)].owner != owner:
                raise _belongs(target, now[folded(target)].owner)

    def forget(self, owner: Owner, state: State, target: Target | None = None) -> State:
        """Let a table have no position, if the state is still the one that was read."""
        version = new_id()
        of = f"name = {literal(folded(target))}" if target else "FALSE"
        self._jobs.change(
            f"change the checkpoints in dataset {self._dataset}",
            Query(
                f"UPDATE {self.of(owner)} SET position = NULL, "  # noqa: S608
                f"run_id = IF(name = '', @version, run_id) WHERE ({of} OR name = '') AND EXISTS "
                f"(SELECT 1 FROM {self.of(owner)} WHERE name = '' AND run_id = @before)",
                [parameter("version", version), parameter("before", state.version)],
            ),
        )
        return replace(state, version=version)

    def disown(self, owner: Owner) -> None:
        """Let all go. Where nothing is remembered nothing is made."""
        if self._tables.find(self._own("owners")) is not None:
            self._jobs.change(
                f"note the owners in dataset {self._dataset}",
                Query(
                    f"UPDATE {self._name('owners')} SET model_id = '', source_id = '' "  # noqa: S608
                    "WHERE model_id = @model_id AND source_id = @source_id",
                    _owner(owner),
                ),
            )
        self._tables.remove(self._own(_table_of(owner)))

    def remember(
        self,
        publication: Publication,
        table: StagedTable,
        before: Checkpoint | None,
        created: datetime,
    ) -> Sequence[Step]:
        """The statements that write the checkpoint of a table that has just been loaded.

        They are the same for the same rows: the time is their parameter `published_at`.
        """
        of = self.of((publication.model_id, publication.source_id))
        name = literal(folded(table.target))
        position = table.increment.position if table.increment else None
        total = f"(SELECT COUNT(*) FROM {self._jobs.name(table.target)})"  # noqa: S608
        content = json.dumps(_content(table, before), ensure_ascii=False)
        rest = literal(content.replace("{", '", ', 1))
        values = ", ".join(
            [
                name,
                literal(publication.run_id),
                "NULL" if position is None else literal(position),
                total,
                str(_microseconds(created)),
                f"CONCAT({literal(_PUBLISHED)}, @published_at, {rest})",
            ]
        )
        into = f"{of} (name, run_id, position, total, created, content)"
        return [
            Step(f"DELETE FROM {of} WHERE name = {name}"),  # noqa: S608
            Step(f"INSERT INTO {into} VALUES ({values})"),  # noqa: S608
        ]

    def _rows(
        self, owner: Owner, targets: Sequence[Target], run_id: str
    ) -> Mapping[str, list[Row]]:
        names = [folded(target) for target in targets]
        parameters = [
            *_owner(owner),
            parameter("names", names, "STRING"),
            parameter("run_id", run_id),
        ]
        words = {"owners": self._name("owners"), "runs": self.runs, "checkpoints": self.of(owner)}
        doing = f"read what is remembered in dataset {self._dataset}"
        parts = [_READ_OWNERS, _READ_RUN, _READ_CHECKPOINTS]
        try:
            found = self._jobs.rows(doing, _read(parts, words, parameters))
        except HeadraceError as error:
            if error.kind is not DESTINATION_MISSING:
                raise
            # Of a source that has brought nothing there are no checkpoints.
            if self._tables.find(self._own(_table_of(owner))) is not None:
                raise
            if self._tables.find(self._own("owners")) is None:
                found = []
            else:
                found = self._jobs.rows(doing, _read(parts[:2], words, parameters))
        return {what: [row for row in found if row[0] == what] for what in _PARTS}

    def _intact(
        self, owner: Owner, rows: Sequence[Row], owners: Mapping[str, Owned]
    ) -> Mapping[str, Checkpoint]:
        """The checkpoints; without a position where the table is not as it was published."""
        targets = {row[1]: owners[row[1]].target for row in rows}
        found = self._tables.find_all([targets[row[1]] for row in rows if row[3] is not None])
        checkpoints = {}
        for _, name, run_id, position, total, created, content in rows:
            target = targets[name]
            kept = position is not None and _is_same(found[target], int(total), int(created))
            checkpoints[name] = _checkpoint(
                owner, target, run_id, position if kept else None, json.loads(content)
            )
        return checkpoints

    def _own(self, table: str) -> Target:
        return Target(self._dataset, table)

    def _name(self, table: str) -> str:
        return self._jobs.name(self._own(table))


def folded(target: Target) -> str:
    """By which a table is known, in whichever case its name is written."""
    return str(target).lower()


def _table_of(owner: Owner) -> str:
    return f"checkpoints_{hashlib.sha256('/'.join(owner).encode()).hexdigest()[:16]}"


def _owner(owner: Owner) -> list[Parameter]:
    return [parameter("model_id", owner[0]), parameter("source_id", owner[1])]


def _read(parts: Sequence[str], words: Mapping[str, str], parameters: Sequence[Parameter]) -> Query:
    return Query("UNION ALL".join(parts).format(**words), parameters)


def _belongs(target: Target, owner: Owner) -> HeadraceError:
    return HeadraceError(
        DESTINATION_CONFLICT,
        f"Table {target} belongs to source '{owner[1]}' of model '{owner[0]}'.",
    )


def _is_same(found: Found | None, total: int, created: int) -> bool:
    """Whether the table is the one that was published, and was not emptied since."""
    if found is None or _microseconds(found.created) != created:
        return False
    return not total or found.rows > 0


def _microseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)


def _content(table: StagedTable, before: Checkpoint | None) -> dict[str, Any]:
    columns: Sequence[Mapping[str, str]] = columns_of(table.schema)
    if before is not None and not table.replaces:
        columns = merged(before.columns, columns)
    increment = table.increment
    database = increment.database if increment else None
    return {
        "schema_name": table.source_table.schema_name,
        "table_name": table.source_table.table_name,
        "rows": table.rows,
        "columns": list(columns),
        "cursor": list(increment.window.cursor) if increment else [],
        "filter": increment.window.filter if increment else "",
        "database": database.model_dump(mode="json") if database else None,
    }


def _checkpoint(
    owner: Owner, target: Target, run_id: str, position: str | None, content: Mapping[str, Any]
) -> Checkpoint:
    database = content["database"]
    return Checkpoint(
        model_id=owner[0],
        source_id=owner[1],
        source_table=TableRef(schema_name=content["schema_name"], table_name=content["table_name"]),
        target=target,
        run_id=run_id,
        rows=content["rows"],
        published_at=datetime.fromisoformat(content["published_at"]),
        columns=tuple(content["columns"]),
        cursor=tuple(content["cursor"]),
        position=position,
        filter=content["filter"],
        database=Identity.model_validate(database) if database else None,
    )
