"""A chunk has one worker at a time, and who has lost it can record nothing."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import pytest

from headrace.chunks import WHOLE, Chunk
from headrace.documents import SCHEMES, Documents
from headrace.errors import CONNECTION_LOST, HeadraceError
from headrace.extraction import chunk_runs
from headrace.extraction.chunk_runs import ChunkRuns, ChunkState, Held
from headrace.model import Run, now
from headrace.services import open_port
from headrace.settings import Settings
from headrace.tables import TableRef

TABLE = TableRef(schema_name="public", table_name="orders")
# Each process knows it.
RUN = Run(model_id="m1", source_id="s1", run_id="0123456789abcdef01234567", requested_at=now())


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    return f"sqlite://{tmp_path}/documents.sqlite"


@pytest.fixture(params=["sqlite"])
def url(request: pytest.FixtureRequest) -> str:
    address: str = request.getfixturevalue(request.param)
    return address


def opened(url: str) -> Documents:
    documents: Documents = open_port("documents", url, SCHEMES, Settings.read())
    return documents


@pytest.fixture
def chunks(url: str) -> Iterator[ChunkRuns]:
    with closing(opened(url)) as documents:
        yield ChunkRuns(documents, RUN)


def claimed(chunks: ChunkRuns, worker: str, after: str | None = None) -> Held:
    held = chunks.claim(worker, after)
    assert held is not None
    return held


def done(held: Held, rows: int) -> chunk_runs.ChunkRun:
    return held.record.model_copy(update={"rows": rows, "snapshot": "s", "finished_at": now()})


def lose(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases that are taken from here on have ended already."""
    monkeypatch.setattr(chunk_runs, "LEASE", timedelta(seconds=-1))


def by_lease(chunks: ChunkRuns, _held: Held) -> Held:
    return claimed(chunks, "newer")


def by_reset(chunks: ChunkRuns, held: Held) -> Held:
    chunks.reset(held.record)
    return claimed(chunks, "newer")


@pytest.mark.parametrize("taken", [by_lease, by_reset])
def test_who_lost_a_chunk_records_nothing(
    chunks: ChunkRuns,
    taken: Callable[[ChunkRuns, Held], Held],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chunks.write([(TABLE, WHOLE)])
    with monkeypatch.context() as patched:
        lose(patched)
        late = claimed(chunks, "late")
    newer = taken(chunks, late)

    assert not chunks.renew(late)
    assert not chunks.record(late, done(late, 1))
    assert not chunks.release(late, HeadraceError(CONNECTION_LOST, "It broke."))
    chunks.split(late, [WHOLE, WHOLE])

    assert chunks.all() == [newer.record]
    assert chunks.renew(newer)
    assert chunks.record(newer, done(newer, 2))
    (record,) = chunks.all()
    assert (record.state, record.worker, record.rows) == (ChunkState.DONE, "newer", 2)
    assert record.attempts == 2
    assert chunks.claim("late") is None


def test_who_recorded_a_chunk_holds_it_no_more(chunks: ChunkRuns) -> None:
    chunks.write([(TABLE, WHOLE)])
    held = claimed(chunks, "w")
    assert chunks.record(held, done(held, 1))

    assert not chunks.renew(held)
    assert not chunks.release(held)
    assert not chunks.record(held, done(held, 2))
    assert [record.rows for record in chunks.all()] == [1]


def test_a_renewed_lease_is_not_taken(chunks: ChunkRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    chunks.write([(TABLE, WHOLE)])
    with monkeypatch.context() as patched:
        lose(patched)
        held = claimed(chunks, "w")
    assert chunks.renew(held)

    assert chunks.claim("other") is None


def test_a_chunk_that_was_given_up_is_the_next_one_s(chunks: ChunkRuns) -> None:
    chunks.write([(TABLE, WHOLE)])
    held = claimed(chunks, "w")

    assert chunks.release(held, HeadraceError(CONNECTION_LOST, "It broke."))

    again = claimed(chunks, "other")
    assert (again.record.worker, again.record.attempts) == ("other", 2)
    assert again.record.error is not None
    assert again.record.error.detail == "It broke."


def test_one_that_is_being_changed_is_not_reset(chunks: ChunkRuns) -> None:
    chunks.write([(TABLE, WHOLE)])
    (before,) = chunks.all()
    held = claimed(chunks, "w")

    chunks.reset(before)

    assert chunks.renew(held)


def parts(number: int) -> list[Chunk]:
    """Ranges of `id` which are the whole table together."""
    bounds = [None, *((str(bound),) for bound in range(1, number)), None]
    return [Chunk(columns=("id",), after=after, upto=upto) for after, upto in pairwise(bounds)]


def test_the_parts_of_a_split_stand_for_it(chunks: ChunkRuns, url: str) -> None:
    chunks.write([(TABLE, part) for part in parts(2)])
    held = claimed(chunks, "w")

    chunks.split(held, parts(3))

    names = [record.name for record in chunks.all()]
    assert names == ["000000-0000", "000000-0001", "000000-0002", "000001"]
    with closing(opened(url)) as documents:  # as if the split was broken off
        path = f"models/m1/sources/s1/runs/{RUN.run_id}/chunks"
        documents.delete(f"{path}/000000-0001")
        assert [record.name for record in ChunkRuns(documents, RUN).all()] == names
        assert documents.get(f"{path}/000000-0001") is not None
    assert not chunks.renew(held)


def test_a_new_plan_takes_the_place_of_one_that_was_not_finished(chunks: ChunkRuns) -> None:
    chunks.write([(TABLE, part) for part in parts(5)])
    chunks.split(claimed(chunks, "w"), parts(2))

    chunks.write([(TABLE, part) for part in parts(2)])

    assert [record.name for record in chunks.all()] == ["000000", "000001"]
    assert {record.state for record in chunks.all()} == {ChunkState.WAITING}


CHUNKS = 150  # more than a page


def processes(workers: int) -> Executor:
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"))


def work(url: str, worker: str, workers: int) -> list[str]:
    """When all have come, claim and record until nothing is left; split what is not split yet."""
    recorded: list[str] = []
    with closing(opened(url)) as documents:
        documents.create(f"workers/{worker}", {})
        while len(documents.list("workers", limit=workers)) < workers:
            time.sleep(0.01)
        chunks = ChunkRuns(documents, RUN)
        after = None
        while held := chunks.claim(worker, after):
            after = held.record.name
            if after.endswith("7"):
                chunks.split(held, parts(2))
            elif chunks.record(held, done(held, 1)):
                recorded.append(after)
    return recorded


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, processes])
def test_of_workers_at_once_each_chunk_has_one(
    url: str, chunks: ChunkRuns, pool: Callable[[int], Executor]
) -> None:
    chunks.write([(TABLE, part) for part in parts(CHUNKS)])
    workers = 6 if pool is ThreadPoolExecutor else 3

    with pool(workers) as executor:
        names = map(str, range(workers))
        found = list(executor.map(work, [url] * workers, names, [workers] * workers))

    times = Counter(name for recorded in found for name in recorded)
    records = chunks.all()
    assert {record.state for record in records} == {ChunkState.DONE}
    assert len(records) == CHUNKS + CHUNKS // 10
    assert times == {record.name: 1 for record in records}
    for record in records:
        assert record.worker is not None
        assert record.name in found[int(record.worker)]
