"""A directory of Parquet files as a destination.

`<directory>/_headrace/manifest.json` is the truth: which files make up each table, and the
checkpoints. It is replaced in one step, so all tables of a run appear at once. The files are
`<directory>/<dataset>/<table>/<run_id>-NNNNN.parquet`; those of the version before stay until
the next publish, for readers that have just read the manifest. Files that the manifest does not
name are leftovers: read a table through the manifest, never through `*.parquet`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pyarrow as pa
from pyarrow.fs import LocalFileSystem
from pydantic import ValidationError

from headrace import files
from headrace.buckets import Buckets, Spans
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
from headrace.destinations.disk import disk_errors
from headrace.destinations.layouts import check_layouts
from headrace.destinations.local_staging import LocalStaging
from headrace.destinations.manifest import (
    NOBODY,
    Manifest,
    Version,
    claim,
    disown,
    forget,
    key,
    owner,
    publish,
)
from headrace.destinations.past_range import not_possible
from headrace.destinations.planned import check_follows, check_tables
from headrace.destinations.staged import check_file
from headrace.destinations.types import name_in
from headrace.destinations.verified import check_staged
from headrace.errors import (
    CHECKPOINT_MOVED,
    DESTINATION_CONFLICT,
    DESTINATION_UNREADABLE,
    MODE_NOT_SUPPORTED,
    SCHEMA_CHANGED,
    HeadraceError,
)
from headrace.layout import LayoutUse
from headrace.settings import Settings
from headrace.tables import Mode

log = logging.getLogger(__name__)

# The directory of what Headrace keeps for itself.
OWN = "_headrace"

# The logical types of the format where there is one, else its physical types.
TYPES = {
    pa.bool_(): "BOOLEAN",
    pa.int8(): "INT(8)",
    pa.int16(): "INT(16)",
    pa.int32(): "INT(32)",
    pa.int64(): "INT(64)",
    pa.uint8(): "UINT(8)",
    pa.uint16(): "UINT(16)",
    pa.uint32(): "UINT(32)",
    pa.uint64(): "UINT(64)",
    pa.float32(): "FLOAT",
    pa.float64(): "DOUBLE",
    pa.date32(): "DATE",
    pa.time64("us"): "TIME(MICROS)",
    pa.timestamp("us"): "TIMESTAMP(MICROS)",
    pa.timestamp("us", tz="UTC"): "TIMESTAMP(MICROS, UTC)",
    pa.string(): "STRING",
    pa.large_string(): "STRING",
    pa.binary(): "BYTE_ARRAY",
    pa.large_binary(): "BYTE_ARRAY",
}


def open_destination(url: str, settings: Settings) -> ParquetDirectory:  # noqa: ARG001
    """Open `parquet:///absolute/path/of/the/directory`. It need not exist yet."""
    return ParquetDirectory(files.local_path(url))


class ParquetDirectory:
    """A destination that is a directory of Parquet files with a manifest."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._own = directory / OWN
        self._manifest = self._own / "manifest.json"
        self._staging = LocalStaging(self._own / "staging")

    @property
    def modes(self) -> frozenset[Mode]:
        """No merge: rows can't be taken out of a file."""
        return frozenset({Mode.FULL, Mode.APPEND})

    @property
    def reserved_datasets(self) -> frozenset[str]:
        return frozenset({OWN})

    def type_name(self, arrow_type: pa.DataType) -> str:
        return name_in(TYPES, "DECIMAL({precision},{scale})", "LIST({element})", arrow_type)

    def layouts(self, type_name: str) -> frozenset[LayoutUse]:  # noqa: ARG002
        return frozenset()

    def check(self, model_id: str, source_id: str, tables: Sequence[PlannedTable]) -> None:
        check_tables(tables, self.reserved_datasets, self.type_name)
        check_layouts(self, tables)
        for table in tables:
            _check_new(table)
        manifest = self._read()
        with disk_errors(f"Looking into {self._directory}"):
            for table in tables:
                self._check_owner(manifest, owner(model_id, source_id), table.target)

    def staging(self, run_id: str) -> Staging:
        return self._staging.make(run_id)

    def key_digests(self, run_id: str, table: StagedTable, within: Buckets, bits: int) -> Spans:  # noqa: ARG002
        raise _no_merge(table)

    def stage_deleted(
        self,
        run_id: str,  # noqa: ARG002
        table: StagedTable,
        within: Buckets,  # noqa: ARG002
        present: Sequence[StagedFile],  # noqa: ARG002
    ) -> tuple[StagedFile, ...]:
        raise _no_merge(table)

    def publish(self, publication: Publication) -> PublishTime:
        began = time.monotonic()
        check_tables(publication.tables, self.reserved_datasets, self.type_name)
        with disk_errors(f"Publishing into {self._directory}"), self._locked():
            manifest = self._read()
            of_source = owner(publication.model_id, publication.source_id)
            if publication.run_id in manifest.runs.get(of_source, ()):
                return PublishTime()
            known = self.checkpoints(publication.model_id, publication.source_id)
            check_follows(publication, {c.target: c.run_id for c in known})
            for table in publication.tables:
                self._check_owner(manifest, of_source, table.target)
                self._check_follows(manifest, table)
            for table in publication.tables:
                located = self._located(publication, table)
                for file in located.files:
                    check_file(LocalFileSystem(), located, file)
                if located.expected:  # it takes DuckDB, which nothing else here does
                    from headrace.destinations.parquet_digests import file_digests

                    check_staged(located, partial(file_digests, located))
            claimed = claim(manifest, publication)
            self._write(claimed)
            try:
                for table in publication.tables:
                    self._move(publication, table)
                loaded = time.monotonic()
                self._write(publish(claimed, publication))
            finally:
                self._tidy(publication)
        return PublishTime(loaded - began, time.monotonic() - loaded)

    def keep(self, run_id: str) -> None:
        self._staging.keep(run_id)

    def discard(self, run_id: str) -> None:
        self._staging.remove(run_id)

    def checkpoints(self, model_id: str, source_id: str) -> Sequence[Checkpoint]:
        return [
            Checkpoint(
                model_id=model_id,
                source_id=source_id,
                source_table=table.source_table,
                target=Target(table.dataset, table.table),
                run_id=table.version.run_id,
                rows=table.version.rows,
                published_at=table.version.published_at,
                columns=table.version.columns,
                cursor=table.version.cursor,
                filter=table.version.filter,
                position=table.version.position if self._intact(table.version) else None,
                database=table.version.database,
            )
            for _, table in sorted(self._read().tables.items())
            if table.version and (table.model_id, table.source_id) == (model_id, source_id)
        ]

    def disown(self, model_id: str, source_id: str) -> None:
        if not self._read().tables:
            return
        with disk_errors(f"Letting tables of {self._directory} go"), self._locked():
            manifest = self._read()
            if (without := disown(manifest, owner(model_id, source_id))) != manifest:
                self._write(without)

    def forget(self, model_id: str, source_id: str, target: Target) -> None:
        if not self._read().tables:
            return
        with disk_errors(f"Forgetting how far {target} has come"), self._locked():
            manifest = self._read()
            if (without := forget(manifest, owner(model_id, source_id), target)) != manifest:
                self._write(without)

    def count(self, target: Target) -> int | None:
        table = self._read().tables.get(key(target))
        if table is None or table.version is None:
            return None
        for file in table.version.files:
            if not (self._directory / file.path).is_file():
                raise HeadraceError(
                    DESTINATION_UNREADABLE, f"Counting {target} failed: {file.path} is missing."
                )
        return sum(file.rows for file in table.version.files)

    def files(self, target: Target) -> Sequence[Path]:
        """The files that make up the table now; valid until the publish after the next."""
        table = self._read().tables.get(key(target))
        if table is None or table.version is None:
            return []
        return [self._directory / file.path for file in table.version.files]

    def close(self) -> None:
        """Staging that was not discarded is let go."""
        self._staging.close()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        files.make_directory(self._own)
        with files.locked(self._own / "lock"):
            yield

    def _read(self) -> Manifest:
        try:
            with disk_errors(f"Reading {self._manifest}"):
                if not self._manifest.exists():
                    return Manifest()
                return Manifest.model_validate_json(self._manifest.read_bytes())
        except ValidationError as error:
            raise HeadraceError(
                DESTINATION_UNREADABLE,
                f"Reading {self._manifest} failed: it is damaged or of a newer version.",
            ) from error

    def _write(self, manifest: Manifest) -> None:
        files.replace(self._manifest, manifest.model_dump_json(indent=1).encode())

    def _check_owner(self, manifest: Manifest, of_source: str, target: Target) -> None:
        """Refuse a table that is there, unless it is the source's or was let go."""
        known = manifest.tables.get(key(target))
        if known is None and self._at(target).exists():
            raise HeadraceError(
                DESTINATION_CONFLICT,
                f"The directory {self._at(target)} exists already and was not made by Headrace.",
            )
        if known is None or known.owner in (of_source, NOBODY):
            return
        # A table whose directory someone has removed belongs to nobody any more.
        if self._at(Target(known.dataset, known.table)).exists():
            raise HeadraceError(
                DESTINATION_CONFLICT,
                f"Table {target} belongs to source '{known.source_id}' of model "
                f"'{known.model_id}'.",
            )

    def _intact(self, version: Version) -> bool:
        """Whether nobody has removed a file of the version."""
        return all((self._directory / file.path).is_file() for file in version.files)

    def _check_follows(self, manifest: Manifest, table: StagedTable) -> None:
        """Refuse an increment that does not fit what is there.

        Files of one table hold each column in one type: a reader of them all would take the first
        file's. Raises CHECKPOINT_MOVED, SCHEMA_CHANGED, BACKFILL_NOT_POSSIBLE.
        """
        if table.increment is None or table.increment.begins:
            return
        _check_new(table)
        known = manifest.tables.get(key(table.target))
        version = known.version if known else None
        if version is None or version.position != table.increment.window.after:
            raise HeadraceError(
                CHECKPOINT_MOVED,
                f"Table {table.target}: the run began after another value than it holds now.",
            )
        types = {column["name"]: column["arrow_type"] for column in version.columns}
        for field in table.schema:
            if types.get(field.name, str(field.type)) != str(field.type):
                raise HeadraceError(
                    SCHEMA_CHANGED,
                    f"Table {table.source_table}, column '{field.name}': it was "
                    f"{types[field.name]} and is {field.type}; the files hold one type.",
                )

    def _at(self, target: Target) -> Path:
        return self._directory / target.dataset / target.table

    def _final(self, publication: Publication, table: StagedTable, number: int) -> Path:
        return self._at(table.target) / f"{publication.run_id}-{number:05}.parquet"

    def _whereabouts(self, publication: Publication, table: StagedTable, number: int) -> Path:
        """The staged file, or where an interrupted publish of the same run has moved it."""
        staged = Path(table.files[number].path)
        return staged if staged.exists() else self._final(publication, table, number)

    def _located(self, publication: Publication, table: StagedTable) -> StagedTable:
        """The table with its files where they lie now."""
        at = {
            file.path: str(self._whereabouts(publication, table, number))
            for number, file in enumerate(table.files)
        }
        return replace(
            table,
            files=tuple(replace(file, path=at[file.path]) for file in table.files),
            expected=tuple(
                replace(chunk, paths=tuple(at.get(path, path) for path in chunk.paths))
                for chunk in table.expected
            ),
        )

    def _move(self, publication: Publication, table: StagedTable) -> None:
        files.make_directory(self._at(table.target))
        for number in range(len(table.files)):
            at = self._whereabouts(publication, table, number)
            at.chmod(0o600)
            _sync(at)
            at.replace(self._final(publication, table, number))
        _sync(self._at(table.target))

    def _tidy(self, publication: Publication) -> None:
        """Remove what no version holds; what stays behind does not undo what was published."""
        for table in publication.tables:
            try:
                self._remove_leftovers(table.target)
            except (OSError, HeadraceError) as error:
                log.warning("leftovers of %s stay behind: %s", table.target, error)

    def _remove_leftovers(self, target: Target) -> None:
        """Remove the files that neither this version nor the one before holds."""
        table = self._read().tables[key(target)]
        versions = [version for version in (table.version, table.previous) if version]
        kept = {self._directory / file.path for version in versions for file in version.files}
        for file in self._at(target).glob("*.parquet"):
            if file not in kept:
                file.unlink()
        if table.version is None:  # a failed first publish leaves no trace
            with contextlib.suppress(OSError):
                self._at(target).rmdir()


def _check_new(table: PlannedTable) -> None:
    """Refuse rows that were to take the place of others. Raises BACKFILL_NOT_POSSIBLE."""
    if table.increment is not None and table.increment.window.past:
        raise not_possible(table, "rows can't be taken out of a file")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _no_merge(table: PlannedTable) -> HeadraceError:
    return HeadraceError(
        MODE_NOT_SUPPORTED,
        f"Table {table.target}: rows that were deleted can't be taken out of a file.",
    )
