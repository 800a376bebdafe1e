"""`headrace sources …` and `headrace runs …`, over what was saved through the API."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from headrace.api.save_draft import SaveDraft, save_draft
from headrace.model import Selection, Source
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
    ):
        done = headrace(*command, "--json")
        assert done.returncode == 1
        assert json.loads(done.stderr)["code"] == code


def test_deleting_asks_first(headrace: Headrace, draft: Source) -> None:
    done = headrace("sources", "delete", "m1", draft.source_id)
    assert done.returncode == 130
    assert draft.source_id in headrace("sources", "list", "m1").stdout
