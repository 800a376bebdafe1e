"""The chunks of a run as documents: who reads which, and what each has become.

A document a chunk, `<run>/chunks/<name>`, is changed by compare-and-swap alone. Whoever has claimed
a chunk holds it by a lease that has to be renewed; a worker that lost it can't record anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from enum import StrEnum
from threading import Lock
from typing import Any

from pydantic import AwareDatetime, Field, ValidationError

from headrace.chunks import Chunk
from headrace.destinations import StagedFile
from headrace.digests import Digest
from headrace.documents import Document, Documents
from headrace.errors import (
    DOCUMENT_EXISTS,
    DOCUMENT_STALE,
    DOCUMENTS_UNREADABLE,
    HeadraceError,
)
from headrace.model import Run, now
from headrace.problems import Problem
from headrace.records import run_path
from headrace.tables import TableRef

LEASE = timedelta(seconds=60)
RENEWAL_SECONDS = 15.0
PAGE = 100


class ChunkState(StrEnum):
    """waiting for a worker, claimed by one, done, or split into others that stand for it."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    DONE = "done"
    SPLIT = "split"


class ChunkRun(TableRef):
    """What a run has made of a chunk."""

    name: str = Field(description="The chunk's id within the run; in the order of the table.")
    chunk: Chunk
    state: ChunkState = ChunkState.WAITING
    worker: str | None = None
    expires_at: AwareDatetime | None = None
    attempts: int = Field(default=0, ge=0, description="How often it was begun.")
    snapshot: str | None = Field(default=None, description="What the reader saw, by its name.")
    rows: int = 0
    bytes: int = 0
    read_seconds: float = 0.0
    write_seconds: float = 0.0
    unfit: dict[str, int] = Field(default_factory=dict)
    files: tuple[StagedFile, ...] = ()
    digests: dict[str, Digest] = Field(default_factory=dict)
    parts: tuple[Chunk, ...] = Field(default=(), description="What it was split into.")
    finished_at: AwareDatetime | None = None
    error: Problem | None = Field(default=None, description="Why it was last given up.")

    @property
    def ref(self) -> TableRef:
        return TableRef(schema_name=self.schema_name, table_name=self.table_name)

    @property
    def described(self) -> str:
        """The chunk in a user's words, such as `id after 10 up to 20`."""
        chunk = self.chunk
        if chunk.whole:
            return "the whole table"
        bounds = (("after", chunk.after), ("up to", chunk.upto))
        told = " ".join(f"{word} {', '.join(bound)}" for word, bound in bounds if bound)
        return f"{', '.join(chunk.columns)} {told}"

    def fresh(self) -> ChunkRun:
        """The chunk as if nobody had read it."""
        return ChunkRun(
            schema_name=self.schema_name,
            table_name=self.table_name,
            name=self.name,
            chunk=self.chunk,
            attempts=self.attempts,
        )

    def in_parts(self) -> Iterator[ChunkRun]:
        for number, part in enumerate(self.parts):
            yield self.fresh().model_copy(
                update={"name": f"{self.name}-{number:04}", "chunk": part, "attempts": 0}
            )


class Held:
    """A claimed chunk, as it was written last. The worker and the renewing thread both write it."""

    def __init__(self, record: ChunkRun, etag: str) -> None:
        self.record, self.etag = record, etag
        self.lock = Lock()


class ChunkRuns:
    """The chunks of one run. Raises the errors of `Documents`."""

    def __init__(self, documents: Documents, run: Run) -> None:
        self._documents = documents
        self._path = f"{run_path(run.model_id, run.source_id, run.run_id)}/chunks"

    def write(self, chunks: Sequence[tuple[TableRef, Chunk]]) -> None:
        """Write the plan's chunks; those of a plan that was not finished go."""
        for record, _ in self._pages():
            self._documents.delete(self._at(record.name))
        for number, (table, chunk) in enumerate(chunks):
            record = ChunkRun(
                schema_name=table.schema_name,
                table_name=table.table_name,
                name=f"{number:06}",
                chunk=chunk,
            )
            self._documents.create(self._at(record.name), _value(record))

    def all(self) -> Sequence[ChunkRun]:
        """All of them in the order of the plan, those that were split left out.

        The parts of one whose splitting was broken off are made here.
        """
        records = [record for record, _ in self._pages()]
        names = {record.name for record in records}
        made = [
            self._make(part)
            for record in records
            for part in record.in_parts()
            if part.name not in names
        ]
        found = [*records, *made]
        whole = (record for record in found if record.state is not ChunkState.SPLIT)
        return sorted(whole, key=lambda record: record.name)

    def claim(self, worker: str, after: str | None = None) -> Held | None:
        """The next chunk that nobody holds, beyond the one of that name and then from the start."""
        for record, document in self._pages(after):
            if held := self._claimed(record, document, worker):
                return held
        return self.claim(worker) if after else None

    def _claimed(self, record: ChunkRun, document: Document, worker: str) -> Held | None:
        expired = record.expires_at is None or record.expires_at <= now()
        free = record.state is ChunkState.WAITING or (
            record.state is ChunkState.CLAIMED and expired
        )
        if not free:
            return None
        mine = record.fresh().model_copy(
            update={
                "state": ChunkState.CLAIMED,
                "worker": worker,
                "expires_at": now() + LEASE,
                "attempts": record.attempts + 1,
                "error": record.error,
            }
        )
        try:
            return Held(
                mine, self._documents.replace(document.path, _value(mine), document.etag).etag
            )
        except HeadraceError as error:
            if error.kind is not DOCUMENT_STALE:  # else somebody was quicker
                raise
            return None

    def renew(self, held: Held) -> bool:
        """Hold it for another while; False if it was lost, or is held no more."""
        return self._write(held, expires_at=now() + LEASE)

    def record(self, held: Held, done: ChunkRun) -> bool:
        """Record what has become of it; False if it was lost to another worker."""
        changes = done.model_dump(exclude={"state", "expires_at"})
        return self._write(held, **changes, state=ChunkState.DONE, expires_at=None)

    def release(self, held: Held, error: HeadraceError | None = None) -> bool:
        """Let another worker have it."""
        problem = Problem.of(error) if error else held.record.error
        changes = held.record.fresh().model_copy(update={"error": problem}).model_dump()
        return self._write(held, **changes)

    def split(self, held: Held, parts: Sequence[Chunk]) -> None:
        """Put smaller chunks in its place."""
        if self._write(held, state=ChunkState.SPLIT, parts=tuple(parts), expires_at=None):
            for part in held.record.in_parts():
                self._make(part)

    def reset(self, record: ChunkRun) -> None:
        """Have it read anew, unless it was changed meanwhile; whoever holds it has lost it."""
        document = self._documents.get(self._at(record.name))
        if document is None or _record(document) != record:
            return
        try:
            self._documents.replace(document.path, _value(record.fresh()), document.etag)
        except HeadraceError as error:
            if error.kind is not DOCUMENT_STALE:
                raise

    def _make(self, part: ChunkRun) -> ChunkRun:
        try:
            self._documents.create(self._at(part.name), _value(part))
        except HeadraceError as error:
            if error.kind is not DOCUMENT_EXISTS:
                raise
        return part

    def _write(self, held: Held, **changes: Any) -> bool:
        with held.lock:
            if held.record.state is not ChunkState.CLAIMED:
                return False
            changed = held.record.model_validate({**held.record.model_dump(), **changes})
            try:
                path = self._at(held.record.name)
                held.etag = self._documents.replace(path, _value(changed), held.etag).etag
            except HeadraceError as error:
                if error.kind is not DOCUMENT_STALE:
                    raise
                held.record = held.record.fresh()
                return False
            held.record = changed
            return True

    def _pages(self, after: str | None = None) -> Iterator[tuple[ChunkRun, Document]]:
        while page := self._documents.list(self._path, limit=PAGE, after=after):
            for document in page:
                yield _record(document), document
            if len(page) < PAGE:
                return
            after = page[-1].id

    def _at(self, name: str) -> str:
        return f"{self._path}/{name}"


def _value(record: ChunkRun) -> dict[str, Any]:
    return record.model_dump(mode="json")


def _record(document: Document) -> ChunkRun:
    try:
        return ChunkRun.model_validate(document.value)
    except ValidationError as error:
        raise HeadraceError(
            DOCUMENTS_UNREADABLE, f"The document '{document.path}' is not a chunk."
        ) from error
