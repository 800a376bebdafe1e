"""The manifest of a Parquet directory: the values of its JSON, and how a publish changes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import AwareDatetime, Field

from headrace.destinations import Publication, StagedTable, Target
from headrace.destinations.drift import merged
from headrace.destinations.staged import columns_of
from headrace.identity import Identity
from headrace.model import now
from headrace.tables import TableRef
from headrace.values import Value

# A source's runs follow one another, so a run that is repeated is among its last ones.
REMEMBERED_RUNS = 100


class ManifestFile(Value):
    path: str = Field(description="Below the destination's directory.")
    rows: int
    bytes: int


class Version(Value):
    """What a table holds since a run."""

    run_id: str
    rows: int = Field(description="Those that the run brought.")
    columns: tuple[Mapping[str, str], ...]
    files: tuple[ManifestFile, ...]
    published_at: AwareDatetime
    cursor: tuple[str, ...] = ()
    filter: str = ""
    position: str | None = None
    database: Identity | None = None


class ManifestTable(Value):
    """A table and its owner, whose ids are '' once the table was let go.

    Without a version it is claimed: files may lie there already.
    """

    dataset: str
    table: str
    model_id: str
    source_id: str
    source_table: TableRef
    version: Version | None = None
    previous: Version | None = None

    @property
    def owner(self) -> str:
        return owner(self.model_id, self.source_id)


class Manifest(Value):
    """Which files make up which table.

    `tables` is by `dataset.table` in lower case; `runs` holds the last published runs of each
    source, by `model/source`.
    """

    format: int = Field(default=1, ge=1, le=1)
    tables: Mapping[str, ManifestTable] = Field(default_factory=dict)
    runs: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)


def key(target: Target) -> str:
    return str(target).lower()


def owner(model_id: str, source_id: str) -> str:
    return f"{model_id}/{source_id}"


NOBODY = owner("", "")


def claim(manifest: Manifest, publication: Publication) -> Manifest:
    """Take the tables' places first, so that moved files are never taken for someone else's.

    A table without an owner has its place; it changes hands when it is published.
    """
    claimed = dict(manifest.tables)
    may_stay = (owner(publication.model_id, publication.source_id), NOBODY)
    for table in publication.tables:
        known = claimed.get(key(table.target))
        if known is None or known.owner not in may_stay:
            claimed[key(table.target)] = ManifestTable(
                dataset=table.target.dataset,
                table=table.target.table,
                model_id=publication.model_id,
                source_id=publication.source_id,
                source_table=table.source_table,
            )
    return manifest.model_copy(update={"tables": claimed})


def publish(manifest: Manifest, publication: Publication) -> Manifest:
    """Make the run's versions the ones that readers find; the claims are made already."""
    tables = dict(manifest.tables)
    for table in publication.tables:
        known = tables[key(table.target)]
        tables[key(table.target)] = known.model_copy(
            update={
                "model_id": publication.model_id,
                "source_id": publication.source_id,
                "source_table": table.source_table,
                "version": _version(publication, table, known.version),
                "previous": known.version,
            }
        )
    of_source = owner(publication.model_id, publication.source_id)
    runs = (*manifest.runs.get(of_source, ()), publication.run_id)[-REMEMBERED_RUNS:]
    return manifest.model_copy(
        update={"tables": tables, "runs": {**manifest.runs, of_source: runs}}
    )


def disown(manifest: Manifest, of_source: str) -> Manifest:
    """Leave a source's tables without an owner."""
    nobody = {"model_id": "", "source_id": ""}
    tables = {
        name: table.model_copy(update=nobody) if table.owner == of_source else table
        for name, table in manifest.tables.items()
    }
    runs = {name: ids for name, ids in manifest.runs.items() if name != of_source}
    return manifest.model_copy(update={"tables": tables, "runs": runs})


def forget(manifest: Manifest, of_source: str, target: Target) -> Manifest:
    """Leave a table of the source without a position."""
    known = manifest.tables.get(key(target))
    if known is None or known.version is None or known.owner != of_source:
        return manifest
    version = known.version.model_copy(update={"position": None})
    table = known.model_copy(update={"version": version})
    return manifest.model_copy(update={"tables": {**manifest.tables, key(target): table}})


def _version(publication: Publication, table: StagedTable, before: Version | None) -> Version:
    kept = before if before is not None and not table.replaces else None
    columns: Sequence[Mapping[str, str]] = columns_of(table.schema)
    increment = table.increment
    directory = f"{table.target.dataset}/{table.target.table}"
    return Version(
        run_id=publication.run_id,
        rows=table.rows,
        columns=merged(kept.columns, columns) if kept else tuple(columns),
        files=(
            *(kept.files if kept else ()),
            *(
                ManifestFile(
                    path=f"{directory}/{publication.run_id}-{number:05}.parquet",
                    rows=file.rows,
                    bytes=file.bytes,
                )
                for number, file in enumerate(table.files)
            ),
        ),
        published_at=now(),
        cursor=increment.window.cursor if increment else (),
        filter=increment.window.filter if increment else "",
        position=increment.position if increment else None,
        database=increment.database if increment else None,
    )
