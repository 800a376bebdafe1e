"""BigQuery as a destination.

Rows are staged in Cloud Storage, loaded into tables that nobody reads, and shown by transactions.
What Headrace remembers lies in a dataset of its own and changes in the same transactions.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pyarrow as pa
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import NotFound
from google.auth.credentials import AnonymousCredentials
from google.auth.transport.requests import AuthorizedSession
from google.cloud import bigquery

from headrace.buckets import NAMES, Buckets, Spans
from headrace.destinations import (
    Checkpoint,
    PlannedTable,
    Publication,
    PublishTime,
    StagedFile,
    StagedTable,
    Staging,
    Target,
)
from headrace.destinations.bigquery_checkpoints import Checkpoints, State, folded
from headrace.destinations.bigquery_deletes import deleting, stage_gone
from headrace.destinations.bigquery_digests import check_digests
from headrace.destinations.bigquery_errors import PATIENCE, BigQueryCalls
from headrace.destinations.bigquery_keys import Keys
from headrace.destinations.bigquery_layout import check_partitions, layouts
from headrace.destinations.bigquery_load import Loads
from headrace.destinations.bigquery_publish import Change, MovedError, Publisher, fits
from headrace.destinations.bigquery_rows import Loaded, Rows
from headrace.destinations.bigquery_sql import Jobs, Query, Step
from headrace.destinations.bigquery_tables import (
    LOOKERS,
    Found,
    Tables,
    check_names,
    layout_of,
)
from headrace.destinations.bigquery_types import type_name
from headrace.destinations.gcs_staging import GcsStaging, open_staging
from headrace.destinations.layouts import check_layouts
from headrace.destinations.past_range import past_range
from headrace.destinations.planned import check_follows, check_tables
from headrace.destinations.staged import check_contents, check_file
from headrace.errors import (
    CHECKPOINT_MOVED,
    DESTINATION_FORBIDDEN,
    SETTINGS_INVALID,
    VALUE_NOT_CARRIED,
    HeadraceError,
)
from headrace.google_calls import Patience, opened, place
from headrace.layout import LayoutUse
from headrace.model import DetectDeletes
from headrace.settings import Settings
from headrace.tables import Mode

_DATASET = re.compile(r"[A-Za-z0-9_]{1,1024}")
_RESERVED = frozenset({"_headrace", "information_schema"})

# How often a state is read that is another one when it is to be changed.
_TRIES = 5


def open_destination(url: str, settings: Settings) -> BigQuery:  # noqa: ARG001
    """Of `bigquery://PROJECT/DATASET?staging=gs://BUCKET/PREFIX[&location=EU]`.

    The dataset is Headrace's own: those of sources are made beside it. For tests there are the
    options `emulator` and `storage_emulator`.
    """
    where = place(url, "staging", "location", "storage_emulator")
    if not _DATASET.fullmatch(where.path):
        raise HeadraceError(
            SETTINGS_INVALID,
            f"The setting '{url}' names no dataset; write it like "
            "bigquery://my-project/headrace?staging=gs://my-bucket/runs.",
        )
    staging = open_staging(where)
    location = where.options.get("location")
    client = (
        emulated(where.project, where.emulator)
        if where.emulator
        else opened(
            f"BigQuery's project '{where.project}'",
            DESTINATION_FORBIDDEN,
            lambda: bigquery.Client(where.project, location=location),
        )
    )
    return BigQuery(client, where.path, staging, location=location)


def emulated(project: str, address: str) -> bigquery.Client:
    """A client for an emulator: never through a proxy, and with no credentials."""
    credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]
    session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
    session.trust_env = False
    return bigquery.Client(
        project,
        credentials=credentials,
        _http=session,
        client_options=ClientOptions(api_endpoint=f"http://{address}"),
    )


class BigQuery:
    """A destination that is a project of BigQuery's, with a dataset of Headrace's own."""

    def __init__(
        self,
        client: bigquery.Client,
        dataset: str,
        staging: GcsStaging,
        *,
        location: str | None = None,
        patience: Patience = PATIENCE,
    ) -> None:
        self._client = client
        self._dataset = dataset
        self._staging = staging
        self._known_location = location
        self._calls = BigQueryCalls(client.project, patience)
        self._jobs = Jobs(client, self._calls, self._location)
        self._tables = Tables(self._jobs)
        self._loads = Loads(self._jobs, self._tables, dataset, staging.uri)
        self._checkpoints = Checkpoints(self._jobs, self._tables, dataset)
        self._publisher = Publisher(self._jobs, self._tables, self._checkpoints)

    @property
    def modes(self) -> frozenset[Mode]:
        return frozenset(Mode)

    @property
    def reserved_datasets(self) -> frozenset[str]:
        return _RESERVED | {self._dataset.lower()}

    def type_name(self, arrow_type: pa.DataType) -> str:
        return type_name(arrow_type)

    def layouts(self, type_name: str) -> frozenset[LayoutUse]:
        return layouts(type_name)

    def check(self, model_id: str, source_id: str, tables: Sequence[PlannedTable]) -> None:
        self._check(tables)
        for table in tables:
            past_range(table)
        targets = [table.target for table in tables]
        state = self._checkpoints.read((model_id, source_id), targets)
        self._checkpoints.check_owner((model_id, source_id), state, targets)

    def staging(self, run_id: str) -> Staging:
        return self._staging.make(run_id)

    def keep(self, run_id: str) -> None:
        self._staging.keep(run_id)

    def key_digests(self, run_id: str, table: StagedTable, within: Buckets, bits: int) -> Spans:
        return self._keys(run_id, table).digests(within, bits)

    def stage_deleted(
        self, run_id: str, table: StagedTable, within: Buckets, present: Sequence[StagedFile]
    ) -> tuple[StagedFile, ...]:
        there = self._loads.load_files(run_id, table, present, NAMES) if present else None
        return stage_gone(self._keys(run_id, table), self._staging.make(run_id), within, there)

    def publish(self, publication: Publication) -> PublishTime:
        began = time.monotonic()
        self._check(publication.tables)
        state = self._allowed(publication)
        if state is None:
            return PublishTime()
        if state.version is None:
            self._checkpoints.prepare((publication.model_id, publication.source_id))
        publication = _as_spelled(publication, state)
        loaded = self._loaded(publication)
        ready = time.monotonic()
        for _ in range(_TRIES):
            if state.version is None:
                state = self._allowed(publication)
            if state is None:
                return PublishTime(ready - began, time.monotonic() - ready)
            try:
                self._show(publication, state, loaded)
            except MovedError:
                state = State()
                continue
            return PublishTime(ready - began, time.monotonic() - ready)
        raise _restless(publication.source_id)

    def discard(self, run_id: str) -> None:
        self._staging.remove(run_id)
        self._loads.remove(run_id)

    def checkpoints(self, model_id: str, source_id: str) -> Sequence[Checkpoint]:
        state = self._checkpoints.read((model_id, source_id))
        return [checkpoint for _, checkpoint in sorted(state.checkpoints.items())]

    def disown(self, model_id: str, source_id: str) -> None:
        self._checkpoints.disown((model_id, source_id))

    def forget(self, model_id: str, source_id: str, target: Target) -> None:
        owner = (model_id, source_id)
        for _ in range(_TRIES):
            state = self._checkpoints.read(owner)
            if folded(target) not in state.checkpoints:
                return
            forgotten = self._checkpoints.forget(owner, state, target)
            if self._checkpoints.read(owner).version == forgotten.version:
                return
        raise _restless(source_id)

    def count(self, target: Target) -> int | None:
        if self._tables.find(target) is None:
            return None
        sql = f"SELECT COUNT(*) FROM {self._jobs.name(target)}"  # noqa: S608
        ((number,),) = self._jobs.rows(f"count the rows of {target}", Query(sql))
        return int(number)

    def close(self) -> None:
        self._staging.close()
        self._client.close()  # type: ignore[no-untyped-call]

    def _location(self) -> str | None:
        """Where the jobs run, and what is made is made: where Headrace's own dataset is."""
        if self._known_location is None:
            name = f"{self._client.project}.{self._dataset}"

            def ask() -> Any:
                try:
                    return self._client.get_dataset(name, **self._jobs.once).location
                except NotFound:
                    return None

            self._known_location = self._calls(f"look at dataset {self._dataset}", ask)
        return self._known_location

    def _check(self, tables: Sequence[PlannedTable]) -> None:
        check_tables(tables, self.reserved_datasets, self.type_name)
        check_names(tables)
        check_layouts(self, tables)

    def _allowed(self, publication: Publication) -> State | None:
        """The state, which lets the run publish; None if it has published all already.

        Raises CHECKPOINT_MOVED, DESTINATION_CONFLICT.
        """
        owner = (publication.model_id, publication.source_id)
        targets = [table.target for table in publication.tables]
        state = self._checkpoints.read(owner, targets, publication.run_id)
        if state.published:
            return None
        left = [table for table in publication.tables if not _is_brought(publication, state, table)]
        runs = {
            table.target: state.checkpoints[folded(table.target)].run_id
            for table in left
            if folded(table.target) in state.checkpoints
        }
        check_follows(replace(publication, tables=tuple(left)), runs)
        self._checkpoints.check_owner(owner, state, [table.target for table in left])
        for table in left:
            before = state.checkpoints.get(folded(table.target))
            if table.increment is None or table.increment.begins:
                continue
            if before is None or before.position != table.increment.window.after:
                raise HeadraceError(
                    CHECKPOINT_MOVED,
                    f"Table {table.target}: the run began after another value than it holds now.",
                )
        return state

    def _loaded(self, publication: Publication) -> Sequence[Loaded]:
        """All tables, with their rows in tables of their own. Raises what `publish` does."""
        filesystem = self._staging.make(publication.run_id).filesystem
        files: list[tuple[StagedTable, StagedFile]] = []
        for table in publication.tables:
            files += [(table, file) for file in table.files]
            files += [(replace(table, schema=NAMES), file) for file in table.deleted]

        def load(table: StagedTable) -> Loaded:
            run_id, gone = publication.run_id, None
            try:
                staged = self._loads.load(run_id, table)
                if table.deleted:
                    gone = self._loads.load_files(run_id, table, table.deleted, NAMES)
            except HeadraceError as error:
                if error.kind is VALUE_NOT_CARRIED:
                    check_contents(filesystem, table)
                raise
            check_digests(self._jobs, table, staged)
            return Loaded(table, staged, gone)

        each: Callable[[tuple[StagedTable, StagedFile]], None]
        each = lambda of: check_file(filesystem, *of)  # noqa: E731
        with ThreadPoolExecutor(LOOKERS) as workers:
            for _ in workers.map(each, files):
                pass  # looked at, since what is wrong raises here
            return list(workers.map(load, publication.tables))

    def _show(self, publication: Publication, state: State, loaded: Sequence[Loaded]) -> None:
        owner = (publication.model_id, publication.source_id)
        self._checkpoints.claim(owner, state, [table.target for table in publication.tables])
        changes = []
        for each in loaded:
            if _is_brought(publication, state, each.table):
                continue
            state, steps = self._steps(publication, state, each)
            changes.append(Change(each.table, steps))
        self._publisher.commit(publication, state, changes)

    def _steps(
        self, publication: Publication, state: State, loaded: Loaded
    ) -> tuple[State, Sequence[Step]]:
        """The statements for a table, which has been made ready for them."""
        table, rows = loaded.table, Rows(self._jobs)
        before = state.checkpoints.get(folded(table.target))
        found = self._tables.find(table.target) or self._made(table)
        loaded = replace(loaded, found=found)
        if table.replaces or found.layout == layout_of(table):
            check_partitions(self._jobs, table, loaded.staged)
        steps: Sequence[Step] = ()
        if table.replaces and not fits(loaded):
            if before is not None:  # should the process die, the table is brought anew
                owner = (publication.model_id, publication.source_id)
                state = self._checkpoints.forget(owner, state, table.target)
            found = self._publisher.remake(publication, state, loaded)
        elif table.replaces:
            self._tables.add_columns(table, found.columns)
            steps = rows.replacing(loaded)
        else:
            known = before.columns if before else ()
            self._tables.grow(table, {each["name"]: each["arrow_type"] for each in known})
            steps = self._growing(rows, loaded)
        written = self._checkpoints.remember(publication, table, before, found.created)
        return state, [*steps, *written]

    def _growing(self, rows: Rows, loaded: Loaded) -> Sequence[Step]:
        table, increment = loaded.table, loaded.table.increment
        if increment is not None and increment.key:
            merging = rows.merging(loaded, increment.key)
            if increment.detect_deletes is DetectDeletes.OFF:
                return merging
            keys = Keys(self._jobs, table, self._columns(table), loaded.staged)
            return [*merging, *deleting(keys, loaded.gone or loaded.staged)]
        past = past_range(table)
        return rows.in_range(loaded, past) if past else rows.adding(loaded)

    def _keys(self, run_id: str, table: StagedTable) -> Keys:
        staged = self._loads.load(run_id, table)
        return Keys(self._jobs, table, self._columns(table), staged)

    def _columns(self, table: StagedTable) -> Mapping[str, str]:
        found = self._tables.find(table.target)
        return found.columns if found else {}

    def _made(self, table: StagedTable) -> Found:
        """The table, which was not there: without rows, until they come with the checkpoint."""
        self._tables.make_dataset(table.target.dataset, like=self._dataset)
        self._tables.make(table)
        if (found := self._tables.find(table.target)) is None:
            raise MovedError  # somebody has removed it
        return found


def _as_spelled(publication: Publication, state: State) -> Publication:
    """With the tables' names as they were first written: here upper and lower case differ."""
    owner = (publication.model_id, publication.source_id)
    follows = publication.follows
    return replace(
        publication,
        tables=tuple(
            replace(table, target=state.spelled(owner, table.target))
            for table in publication.tables
        ),
        follows=follows and {state.spelled(owner, target): run for target, run in follows.items()},
    )


def _restless(source_id: str) -> HeadraceError:
    return HeadraceError(
        CHECKPOINT_MOVED, f"The checkpoints of source '{source_id}' change all the time."
    )


def _is_brought(publication: Publication, state: State, table: StagedTable) -> bool:
    """Whether an earlier transaction of the same run has brought it."""
    checkpoint = state.checkpoints.get(folded(table.target))
    return checkpoint is not None and checkpoint.run_id == publication.run_id
