"""`headrace runs resume`, and what `headrace runs get` tells of a run's attempts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from headrace.api.runs import RunRef, get_run
from headrace.api.save_draft import SaveDraft, save_draft
from headrace.api.sources import SourceRef, activate
from headrace.ids import new_id
from headrace.model import Phases, Run, Source, now
from headrace.records import Runs
from headrace.services import Services
from headrace.settings import LocalSettings
from headrace.validation import requested
from tests.cli.conftest import Headrace
from tests.conftest import Database
from tests.killed import CHUNK_ROWS, SELECTION, TABLES, kill_when_it_hangs, make_quick


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    opened = Services(LocalSettings.read(data=tmp_path / "data"))
    yield opened
    opened.documents.close()


@pytest.fixture
def source(services: Services, database: Database) -> Source:
    """An active source of two tables, of which the second hangs."""
    database.execute(TABLES)
    request = requested(
        SaveDraft, model_id="m1", name="Shop", connection=database.connection,
        credentials=database.credentials, selection=SELECTION, chunk_rows=CHUNK_ROWS,
    )  # fmt: skip
    saved = save_draft(services, request)
    return activate(services, SourceRef(model_id="m1", source_id=saved.source_id))


@pytest.fixture
def killed(services: Services, source: Source, database: Database, headrace: Headrace) -> Run:
    started = headrace("runs", "start", "m1", source.source_id, "--json")
    run_id = json.loads(started.stdout)["run_id"]
    ref = RunRef(model_id="m1", source_id=source.source_id, run_id=run_id)
    return kill_when_it_hangs(partial(get_run, services, ref), database)


def test_a_killed_run_is_shown_and_goes_on(
    killed: Run, database: Database, headrace: Headrace
) -> None:
    reference = ("m1", killed.source_id, killed.run_id)
    chunks = killed.tables[0].chunks
    shown = headrace("runs", "get", *reference).stdout
    assert f"Run {killed.run_id}: failed\n" in shown
    assert f"\t{chunks} of {chunks}\tshop.numbers\t" in shown
    assert "\t0 of 1\tshop.stuck\t" in shown
    assert re.search(r"^1\t2\S+ \S+\t2\S+ \S+\trun_lost$", shown, re.MULTILINE), shown
    assert f"→ What it has read is kept: headrace runs resume {' '.join(reference)}\n" in shown
    make_quick(database)

    done = headrace("runs", "resume", *reference, "--wait")

    assert done.returncode == 0, done.stderr
    assert f"Run {killed.run_id}: succeeded\n" in done.stdout
    assert re.search(r"^2\t2\S+ \S+\t2\S+ \S+\t$", done.stdout, re.MULTILINE), done.stdout
    assert "is kept" not in done.stdout
    phases = "\t".join([r"[0-9.]+ s"] * len(Phases.model_fields))
    assert re.search(f"^{phases}$", done.stdout, re.MULTILINE), done.stdout
    again = headrace("runs", "resume", *reference, "--json")
    assert again.returncode == 1
    assert json.loads(again.stderr)["code"] == "run_not_resumable"


def test_what_a_reader_should_know_is_shown(
    services: Services, source: Source, headrace: Headrace
) -> None:
    run = Run(
        model_id="m1",
        source_id=source.source_id,
        run_id=new_id(),
        requested_at=now(),
        warnings=("Rows may be missing.", "And others, too."),
    )
    Runs(services.documents).create(run)

    shown = headrace("runs", "get", "m1", source.source_id, run.run_id).stdout

    assert "\n! Rows may be missing.\n! And others, too.\n" in shown
