"""The lease of a source among threads, and among starts that die."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from headrace.extraction import lease
from headrace.ids import new_id
from headrace.model import Run, now
from headrace.services import Services


def run_of() -> Run:
    return Run(model_id="m1", source_id="s1", run_id=new_id(), requested_at=now())


def test_threads_of_the_holder_renew_it_at_once(services: Services) -> None:
    run, documents = run_of(), services.documents
    lease.acquire(documents, run)

    def renew(_: int) -> None:
        for _ in range(20):
            lease.renew(documents, run)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(renew, range(4)))


def test_a_release_is_not_lost_to_a_renewal_at_once(services: Services) -> None:
    run, documents = run_of(), services.documents
    for _ in range(20):
        lease.acquire(documents, run)
        with ThreadPoolExecutor(2) as pool:
            renewed = pool.submit(lease.renew, documents, run)
            released = pool.submit(lease.release, documents, run)
            renewed.result()
            released.result()
        lease.release(documents, run)
        held = lease.read(documents, "m1", "s1")
        assert held is not None
        assert held.expired


def test_a_start_that_died_blocks_for_a_moment(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead, next_run = run_of(), run_of()
    lease.acquire(services.documents, dead)
    held = lease.read(services.documents, "m1", "s1")
    assert held is not None
    assert held.expires_at - now() <= lease.MAKING < lease.DURATION / 4

    monkeypatch.setattr(lease, "MAKING", lease.MAKING * 0)
    lease.acquire(services.documents, dead)
    lease.acquire(services.documents, next_run)
