"""`headrace sources …` and `headrace runs …`, over what was saved through the API."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from headrace.api.save_draft import SaveDraft, save_draft
from headrace.model import Selection, SkippedSlot, Source
from headrace.records import Sources
from headrace.services import Services
from headrace.settings import Settings
from tests.cli.conftest import Headrace
from tests.conftest import Database


@pytest.fixture
def draft(tmp_path: Path, database: Database) -> Source:
    """A draft of one table, in the data directory of the command line's environment."""
    database.execute("CREATE TABLE orders AS SELECT generate_series(1, 300) AS id")
    services = Services(Settings.read(data=tmp_path / "data"))
    request = SaveDraft(
        model_id="m1",
        name="Shop",
        connection=database.connection,
        credentials=database.credentials,
        selection=(Selection(schema_name="public", table_name="orders"),),
    )
    return save_draft(services, request)


def test_a_source_from_draft_to_deleted(headrace: Headrace, draft: Source) -> None:
    reference = ("m1", draft.source_id)
    assert headrace("sources", "list", "m1").stdout.startswith(f"{draft.source_id}\tShop\tdraft\t")
    shown = headrace("sources", "get", *reference)
    assert "public.orders\tall\tfull\tshop.orders" in shown.stdout
    assert json.loads(headrace("sources", "get", *reference, "--json").stdout)["name"] == "Shop"

    assert headrace("sources", "activate", *reference).stdout == "Shop is active.\n"
    run = headrace("runs", "start", *reference, "--wait", "--json")
    assert run.returncode == 0, run.stderr
    run_id = json.loads(run.stdout)["run_id"]
    assert f"{run_id}\tsucceeded\t" in headrace("runs", "list", *reference).stdout
    assert "public.orders\tpublished\t300\t" in headrace("runs", "get", *reference, run_id).stdout
    assert "succeeded" in headrace("runs", "cancel", *reference, run_id).stdout

    assert headrace("sources", "pause", *reference).stdout == "Shop is paused.\n"
    assert headrace("sources", "resume", *reference).stdout == "Shop is active.\n"
    assert headrace("sources", "delete", *reference, "--yes").returncode == 0
    assert headrace("sources", "delete", *reference, "--yes").returncode == 0
    assert headrace("sources", "list", "m1").stdout == ""


def test_a_failed_run_says_what_to_do(
    headrace: Headrace, draft: Source, database: Database
) -> None:
    headrace("sources", "activate", "m1", draft.source_id)
    database.execute("DROP TABLE orders")
    done = headrace("runs", "start", "m1", draft.source_id, "--wait")
    assert done.returncode == 1
    assert "(table_not_found)" in done.stdout
    assert "→ It may have been dropped or renamed" in done.stdout


@pytest.mark.parametrize(
    "command",
    [
        ("sources", "list", "bad id!"),
        ("sources", "get", "m1", "BAD"),
        ("sources", "pause", "m1", "a/b"),
        ("sources", "delete", "m/1", "x", "--yes"),
        ("runs", "start", "a/b", "x"),
        ("runs", "list", "m1", "X Y"),
        ("runs", "get", "m1", "s", "BAD"),
        ("runs", "cancel", "m1", "s", "../x"),
        ("runs", "log", "m1", "s", "../x"),
    ],
)
def test_an_id_that_is_none_is_named(headrace: Headrace, command: tuple[str, ...]) -> None:
    done = headrace(*command, "--json")
    assert done.returncode == 1, done.stderr
    problem = json.loads(done.stderr)
    assert problem["code"] == "invalid_input"
    (field,) = problem["fields"]
    assert field["path"].endswith("_id")
    assert field["message"].startswith("is not an id")


def test_what_is_not_there(headrace: Headrace) -> None:
    for command, code in (
        (("sources", "get", "m1", "s"), "source_not_found"),
        (("runs", "start", "m1", "s"), "source_not_found"),
        (("runs", "get", "m1", "s", "r"), "run_not_found"),
        (("runs", "log", "m1", "s", "r"), "run_not_found"),
    ):
        done = headrace(*command, "--json")
        assert done.returncode == 1
        assert json.loads(done.stderr)["code"] == code


def test_deleting_asks_first(headrace: Headrace, draft: Source) -> None:
    done = headrace("sources", "delete", "m1", draft.source_id)
    assert done.returncode == 130
    assert draft.source_id in headrace("sources", "list", "m1").stdout


def test_a_schedule(headrace: Headrace, draft: Source) -> None:
    reference = ("m1", draft.source_id)
    done = headrace("sources", "schedule", *reference, "--cron", "30 2 * * *",
                    "--time-zone", "Europe/Berlin")  # fmt: skip
    first, second, *runs = done.stdout.splitlines()
    assert first == "Shop runs at 02:30 every day, Europe/Berlin."
    assert second == "It does so once it is active; now it is draft."
    assert len(runs) == 5
    assert all(", 02:30 (CE" in run for run in runs)

    active = json.loads(headrace("sources", "activate", *reference, "--json").stdout)
    next_run_at = datetime.fromisoformat(active["next_run_at"]).astimezone()
    shown = f"\tat 02:30 every day, Europe/Berlin\t{next_run_at:%Y-%m-%d %H:%M:%S}\t"
    assert shown in headrace("sources", "list", "m1").stdout
    assert shown[1:] in headrace("sources", "get", *reference).stdout

    assert headrace("sources", "schedule", *reference, "--every", "6h").stdout.startswith(
        "Shop runs every 6 hours, counted from "
    )
    done = headrace("sources", "schedule", *reference, "--manual")
    assert done.stdout == "Shop runs by hand.\n"


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ((), "--cron, --every, --manual"),
        (("--cron", "0 0 * * *", "--every", "6h"), "--cron, --every, --manual"),
        (("--every", "6 hours"), "--every"),
        (("--every", "6h", "--time-zone", "UTC"), "--time-zone"),
        (("--every", "0m"), "schedule.every"),
        (("--cron", "0 0 30 2 *"), "schedule.expression"),
        (("--cron", "0 0 * * *", "--time-zone", "Mars"), "schedule.time_zone"),
    ],
)
def test_a_schedule_that_is_none(
    headrace: Headrace, draft: Source, options: tuple[str, ...], path: str
) -> None:
    done = headrace("sources", "schedule", "m1", draft.source_id, *options, "--json")
    assert done.returncode == 1
    assert [field["path"] for field in json.loads(done.stderr)["fields"]] == [path]


def test_what_is_due_is_dispatched(headrace: Headrace, draft: Source, tmp_path: Path) -> None:
    reference = ("m1", draft.source_id)
    headrace("sources", "schedule", *reference, "--every", "1h")
    headrace("sources", "activate", *reference)
    assert headrace("dispatch").stdout == ""
    services = Services(Settings.read(data=tmp_path / "data"))
    due = datetime(2026, 5, 5, 9, tzinfo=UTC)

    def overdue(source: Source) -> Source:
        return source.model_copy(update={"next_run_at": due})

    Sources(services.documents).dispatched("m1", draft.source_id, overdue)

    shown = headrace("dispatch").stdout.split("\t")

    assert shown[:2] == [f"m1/{draft.source_id}", f"{due.astimezone():%Y-%m-%d %H:%M:%S}"]
    runs = headrace("runs", "list", *reference).stdout
    assert f"\tschedule of {due.astimezone():%Y-%m-%d %H:%M:%S}\n" in runs

    Sources(services.documents).dispatched("m1", draft.source_id, overdue)
    assert json.loads(headrace("dispatch", "--json").stdout)["started"][0]["run_id"] == shown[2]


def test_a_skipped_slot_is_told(headrace: Headrace, draft: Source, tmp_path: Path) -> None:
    services = Services(Settings.read(data=tmp_path / "data"))
    at = datetime(2026, 5, 5, 9, tzinfo=UTC)
    skipped = SkippedSlot(slot=at, at=at, code="run_already_live", reason="It runs.")
    Sources(services.documents).dispatched(
        "m1", draft.source_id, lambda source: source.model_copy(update={"last_skipped": skipped})
    )

    shown = headrace("sources", "get", "m1", draft.source_id).stdout
    assert f"\t{at.astimezone():%Y-%m-%d %H:%M:%S}: It runs.\n" in shown
