"""The states of a source, from draft to gone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pyarrow as pa
import pytest

from headrace import ids
from headrace.api.sources import (
    ListSources,
    SourceRef,
    activate,
    delete_source,
    get_source,
    list_sources,
    pause,
    resume,
)
from headrace.destinations import Target
from headrace.errors import (
    CREDENTIALS_MISSING,
    SOURCE_INCOMPLETE,
    SOURCE_NOT_FOUND,
    SOURCE_STALE,
    SOURCE_STATE_WRONG,
    VAULT_KEY_EXPOSED,
    HeadraceError,
    Kind,
)
from headrace.model import Run, RunState, Source, SourceState, now
from headrace.records import Runs, source_path
from headrace.schedules import Cron, Interval, Manual
from headrace.services import Services
from headrace.settings import Settings
from tests.api.drafts import change, create, table
from tests.destinations.staging import bring


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    opened = Services(settings)
    yield opened
    opened.documents.close()


@pytest.fixture
def draft(services: Services) -> Source:
    return create(services, selection=(table("orders"),))


def ref(source: Source) -> SourceRef:
    return SourceRef(model_id=source.model_id, source_id=source.source_id)


def refused(call: Callable[[Services, SourceRef], object], services: Services, s: Source) -> Kind:
    with pytest.raises(HeadraceError) as caught:
        call(services, ref(s))
    return caught.value.kind


def live_run(services: Services, source: Source, execution: str) -> Run:
    return Runs(services.documents).create(
        Run(
            model_id=source.model_id,
            source_id=source.source_id,
            run_id=ids.new_id(),
            state=RunState.RUNNING,
            requested_at=now(),
            execution=execution,
        )
    )


def traces(services: Services, source: Source) -> list[str]:
    """What is left of a source."""
    path = source_path(source.model_id, source.source_id)
    documents = services.documents
    left = [d.path for d in documents.list(path.rpartition("/")[0], limit=10) if d.path == path]
    for collection in ("runs", "locks", "starts"):
        left += [d.path for d in documents.list(f"{path}/{collection}", limit=10)]
    return left + [str(v) for v in services.vault.versions(source.credentials_secret_name)]


# --- looking ----------------------------------------------------------------------------------


def test_a_source_is_found(services: Services, draft: Source) -> None:
    assert get_source(services, ref(draft)) == draft


def test_an_unknown_source_is_not_found(services: Services, draft: Source) -> None:
    unknown = draft.model_copy(update={"source_id": "0"})

    for call in (get_source, activate, pause, resume):
        assert refused(call, services, unknown) is SOURCE_NOT_FOUND


def test_sources_are_listed_in_pages(services: Services) -> None:
    first, second, third = (create(services, name=name) for name in ("a", "b", "c"))

    page = list_sources(services, ListSources(model_id="m1", limit=2))
    rest = list_sources(services, ListSources(model_id="m1", limit=2, after=page.next_after))

    assert page.sources == (first, second)
    assert (rest.sources, rest.next_after) == ((third,), None)
    assert list_sources(services, ListSources(model_id="m1", limit=3)).next_after is None
    assert list_sources(services, ListSources(model_id="other")).sources == ()


def test_half_deleted_sources_do_not_end_a_list_early(
    services: Services, settings: Settings
) -> None:
    first, second, third, fourth = (create(services, name=name) for name in ("a", "b", "c", "d"))
    (settings.data / "vault.key").chmod(0o640)
    for source in (second, third):
        assert refused(delete_source, services, source) is VAULT_KEY_EXPOSED

    page = list_sources(services, ListSources(model_id="m1", limit=1))
    rest = list_sources(services, ListSources(model_id="m1", limit=1, after=page.next_after))

    assert (page.sources, page.next_after) == ((first,), first.source_id)
    assert (rest.sources, rest.next_after) == ((fourth,), None)


# --- changing the state -----------------------------------------------------------------------


def test_the_states_follow_each_other(services: Services, draft: Source) -> None:
    for call, state in (
        (activate, SourceState.ACTIVE),
        (pause, SourceState.PAUSED),
        (resume, SourceState.ACTIVE),
    ):
        changed = call(services, ref(draft))
        assert changed.state is state
        assert call(services, ref(draft)) == changed  # a repetition changes nothing
        assert get_source(services, ref(draft)) == changed


def test_a_draft_is_neither_paused_nor_resumed(services: Services, draft: Source) -> None:
    assert refused(pause, services, draft) is SOURCE_STATE_WRONG
    assert refused(resume, services, draft) is SOURCE_STATE_WRONG
    assert get_source(services, ref(draft)) == draft


def test_a_paused_source_is_resumed_not_activated(services: Services, draft: Source) -> None:
    activate(services, ref(draft))
    pause(services, ref(draft))

    with pytest.raises(HeadraceError) as caught:
        activate(services, ref(draft))

    assert caught.value.kind is SOURCE_STATE_WRONG
    assert "Resume" in caught.value.hint


def test_a_draft_without_tables_is_not_activated(services: Services) -> None:
    assert refused(activate, services, create(services)) is SOURCE_INCOMPLETE


def test_a_draft_without_a_password_is_not_activated(services: Services, draft: Source) -> None:
    services.vault.delete(draft.credentials_secret_name)

    assert refused(activate, services, draft) is CREDENTIALS_MISSING
    assert get_source(services, ref(draft)) == draft


def test_changes_of_state_and_saves_at_once_lose_nothing(services: Services, draft: Source) -> None:
    """A save may be refused as stale; a change of state is repeated until it is written."""
    activate(services, ref(draft))

    def save(number: int) -> bool:
        try:
            change(services, get_source(services, ref(draft)), name=f"Shop {number}")
        except HeadraceError as error:
            assert error.kind is SOURCE_STALE
            return False
        return True

    with ThreadPoolExecutor(1) as executor:
        saves = executor.map(save, range(20))
        for _ in range(10):
            pause(services, ref(draft))
            resume(services, ref(draft))
        names = [draft.name] + [f"Shop {number}" for number, saved in enumerate(saves) if saved]

    source = get_source(services, ref(draft))
    assert source.state is SourceState.ACTIVE
    assert source.name == names[-1]


# --- deleting ---------------------------------------------------------------------------------


def test_a_deleted_source_leaves_nothing(services: Services, draft: Source) -> None:
    run = live_run(services, draft, "1:0")  # its process is gone
    path = source_path("m1", draft.source_id)
    services.documents.create(f"{path}/starts/x", {"run_id": "r"})
    services.documents.create(f"{path}/runs/{run.run_id}/chunks/000000", {"rows": 1})
    log = services.settings.data / "logs" / f"{run.run_id}.log"
    log.parent.mkdir()
    log.write_text("begun\n")
    assert len(traces(services, draft)) == 4

    delete_source(services, ref(draft))

    assert traces(services, draft) == []
    assert services.documents.delete_under(path, limit=1) == 0
    assert not log.exists()
    assert refused(get_source, services, draft) is SOURCE_NOT_FOUND


def test_other_sources_stay(services: Services, draft: Source) -> None:
    other = create(services, selection=(table("orders"),))
    delete_source(services, ref(draft))

    assert activate(services, ref(other)).state is SourceState.ACTIVE


def test_deleting_twice_or_what_never_was_is_no_error(services: Services, draft: Source) -> None:
    delete_source(services, ref(draft))
    delete_source(services, ref(draft))
    delete_source(services, SourceRef(model_id="m1", source_id="0"))


def test_the_tables_of_a_deleted_source_are_let_go(services: Services, draft: Source) -> None:
    bring(services.destination, pa.table({"id": [1]}), source=draft.source_id)
    delete_source(services, ref(draft))

    bring(services.destination, pa.table({"id": [1, 2]}), source="other")

    assert services.destination.count(Target("shop", "orders")) == 2


def test_a_destination_out_of_reach_holds_no_deletion_up(services: Services, draft: Source) -> None:
    bring(services.destination, pa.table({"id": [1]}), source=draft.source_id)
    file = services.settings.data / "warehouse.duckdb"
    kept = file.rename(file.with_name("kept"))
    file.write_text("garbage")

    delete_source(services, ref(draft))
    assert traces(services, draft) == []

    kept.rename(file)
    assert len(services.destination.checkpoints("m1", draft.source_id)) == 1
    delete_source(services, ref(draft))
    assert services.destination.checkpoints("m1", draft.source_id) == []


def test_deleting_begins_with_cancelling(services: Services, draft: Source) -> None:
    """The vault's failure lets us look at the run between the steps."""
    alive = f"{os.getpid()}:{psutil.Process().create_time()}"
    run = live_run(services, draft, alive)
    (services.settings.data / "vault.key").chmod(0o640)

    assert refused(delete_source, services, draft) is VAULT_KEY_EXPOSED
    assert Runs(services.documents).get("m1", draft.source_id, run.run_id).cancel_requested


def test_a_deletion_that_broke_off_is_ended_by_repeating_it(
    services: Services, draft: Source
) -> None:
    key = services.settings.data / "vault.key"
    key.chmod(0o640)
    assert refused(delete_source, services, draft) is VAULT_KEY_EXPOSED

    assert refused(get_source, services, draft) is SOURCE_NOT_FOUND
    assert refused(activate, services, draft) is SOURCE_NOT_FOUND
    with pytest.raises(HeadraceError) as caught:
        change(services, draft, name="Store")
    assert caught.value.kind is SOURCE_NOT_FOUND

    key.chmod(0o600)
    assert len(traces(services, draft)) == 2
    delete_source(services, ref(draft))
    assert traces(services, draft) == []


# --- schedules --------------------------------------------------------------------------------


def test_a_schedule_begins_with_the_activation(services: Services) -> None:
    nightly = Cron(expression="30 2 * * *", time_zone="Europe/Berlin")
    draft = create(services, selection=(table("orders"),), schedule=nightly)
    assert (draft.schedule, draft.next_run_at) == (nightly, None)

    active = activate(services, ref(draft))
    assert active.next_run_at is not None
    assert active.next_run_at == nightly.next_slot(active.updated_at)
    assert activate(services, ref(draft)) == active

    assert pause(services, ref(draft)).next_run_at is None
    assert resume(services, ref(draft)).next_run_at == active.next_run_at


def test_without_a_schedule_there_is_no_next_run(services: Services, draft: Source) -> None:
    assert draft.schedule == Manual()
    assert activate(services, ref(draft)).next_run_at is None


def test_an_interval_is_counted_from_the_minute_of_saving(services: Services) -> None:
    draft = create(services, schedule=Interval(every=6, unit="hours"))

    minute = draft.created_at.replace(second=0, microsecond=0)
    assert draft.schedule == Interval(every=6, unit="hours", anchor=minute)
