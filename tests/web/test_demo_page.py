"""`make demo` leaves a page with the source and its history, and a database to add by hand."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from playwright.sync_api import Page, expect

from devservers.mariadb import MariadbServer
from devservers.postgres import PostgresServer
from tests.web.conftest import Screenshots

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Demonstration:
    """One that waits to be looked at: what it printed, and where its rows are."""

    output: str
    warehouse: Path

    def printed(self, pattern: str) -> str:
        found = re.search(pattern, self.output)
        assert found, self.output
        return found[1]


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    with TemporaryDirectory(prefix="headrace-demo-") as path:
        Path(path).chmod(0o755)
        yield Path(path)
        PostgresServer(Path(path) / "postgres").remove()
        MariadbServer(Path(path) / "mariadb").remove()


def started(directory: Path, *how: str) -> subprocess.Popen[str]:
    # What is started in the background may have been told to take no notice of Ctrl-C.
    as_a_terminal = ("env", "--default-signal=INT")
    return subprocess.Popen(
        [*as_a_terminal, sys.executable, *(how or ("-m", "demo")), "--directory", directory],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip


def told(process: subprocess.Popen[str]) -> str:
    """All that it prints until it waits."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "Stop it with Ctrl-C" in line:
            return "".join(lines)
    pytest.fail("".join(lines))


def stop(process: subprocess.Popen[str]) -> None:
    """As Ctrl-C does."""
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output


@pytest.fixture
def demonstration(directory: Path) -> Iterator[Demonstration]:
    process = started(directory)
    try:
        output = told(process)
        yield Demonstration(output, directory / "headrace" / "warehouse.duckdb")
        stop(process)
    finally:
        process.kill()
        process.communicate()


def test_a_source_is_added_by_hand(
    page: Page, screenshot: Screenshots, demonstration: Demonstration
) -> None:
    page.goto(demonstration.printed(r"The page is at (\S+)"))
    expect(page.get_by_role("link", name="New York flights")).to_be_visible()
    expect(page.get_by_text("Succeeded").first).to_be_visible()
    screenshot("demo-dashboard")

    page.get_by_role("link", name="Add a source").click()
    page.get_by_label("MySQL or MariaDB").check()
    page.get_by_label("Name", exact=True).fill("Shop")
    page.get_by_role("button", name="Go on").click()
    url = demonstration.printed(r"(mysql://\S+)")
    page.evaluate("(text) => navigator.clipboard.writeText(text)", url)
    page.get_by_label("Host", exact=True).focus()
    page.keyboard.press("Control+V")
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_text("The connection works. The draft is saved.")).to_be_visible()
    page.get_by_role("button", name="Go on to tables").click()
    page.get_by_role("checkbox", name="Choose all that are shown").check()
    page.get_by_role("button", name="Go on", exact=True).click()
    expect(page.get_by_role("heading", name="Destination and schedule")).to_be_visible()
    page.get_by_role("button", name="Go on", exact=True).click()
    page.get_by_role("button", name="Activate and run now").click()
    expect(page.get_by_text("Succeeded", exact=True).first).to_be_visible(timeout=60_000)
    with duckdb.connect(str(demonstration.warehouse), read_only=True) as warehouse:
        counted = {
            table: warehouse.execute(f"SELECT count(*) FROM shop.{table}").fetchone()
            for table in ("customers", "orders", "products")
        }
    assert counted == {"customers": (800,), "orders": (20_000,), "products": (60,)}


def test_it_is_still_there_the_next_time(page: Page, demonstration: Demonstration) -> None:
    """Though MariaDB listens elsewhere, and its reader has another password."""
    assert "'Shop' of last time was told" in demonstration.output
    page.goto(demonstration.printed(r"The page is at (\S+)"))
    page.get_by_role("link", name="Shop", exact=True).click()
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_text("The run has succeeded", exact=False)).to_be_attached(timeout=60_000)


# Nothing else tells a machine that has MariaDB from one that has not.
WITHOUT_MARIADB = """
import sys
from demo.__main__ import main
from devservers import mariadb
mariadb._found = lambda name: None
sys.exit(main())
"""


def test_without_mariadb_it_says_what_to_do(directory: Path) -> None:
    process = started(directory, "-c", WITHOUT_MARIADB)
    try:
        output = told(process)
        assert "MariaDB is not installed" in output
        assert "make mariadb" in output
        assert "mysql://" not in output
        stop(process)
    finally:
        process.kill()
        process.communicate()
