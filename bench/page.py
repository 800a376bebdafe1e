"""How quick the page is with 20,000 tables: `python -m bench.page`.

The list comes over the real local service, from a database that only lists. Times are taken in
the browser, to the frame in which something shows.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
from contextlib import closing
from pathlib import Path
from statistics import median
from unittest.mock import patch

from playwright.sync_api import Page, expect, sync_playwright

from headrace import local, sources
from headrace.local import LocalServer
from headrace.settings import LocalSettings
from tests.api.drafts import connection
from tests.web import drafts, many_tables
from tests.web.conftest import CHROMIUM, FLAGS
from tests.web.many_tables import COUNT, filtered

# What somebody types, a letter after the other, and takes back.
WORDS = ("schema_07", "table_19", "99", "nothing")

HEAD = """# How quick the page is
Written by `make bench-page`, not by hand. The list of {count:,} tables, in Chromium on the same machine; medians of {rounds} rounds.

| what | ms |
|---|---:|
"""  # noqa: E501 - a paragraph of Markdown is one line


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.page", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--into", type=Path, default=Path("bench"))
    chosen = parser.parse_args()
    found: dict[str, list[float]] = {}
    with (
        tempfile.TemporaryDirectory() as directory,
        patch.object(sources, "connect", many_tables.connect),
    ):
        settings = LocalSettings.read(data=Path(directory), token="bench")
        source = drafts.create(settings, connection())
        with closing(local.serve(settings, 0)) as server, sync_playwright() as playwright:
            threading.Thread(target=server.run, daemon=True).start()
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            for _ in range(chosen.rounds):
                page = browser.new_page()
                _round(page, server, source.source_id, found)
                page.close()
    lines = [f"| {what} | {median(times):.0f} |" for what, times in found.items()]
    chosen.into.mkdir(parents=True, exist_ok=True)
    page_text = HEAD.format(count=COUNT, rounds=chosen.rounds) + "\n".join(lines) + "\n"
    (chosen.into / "PAGE.md").write_text(page_text)
    print(page_text)


def _round(page: Page, server: LocalServer, source_id: str, found: dict[str, list[float]]) -> None:
    def note(what: str, milliseconds: float) -> None:
        found.setdefault(what, []).append(milliseconds)

    address = f"/m/{drafts.MODEL}/sources/{source_id}/set-up/tables"
    page.goto(f"{server.page}&to={address}")
    expect(page.get_by_role("row").nth(2)).to_be_visible(timeout=60_000)
    note("from opening the page to the first tables", page.evaluate("performance.now()"))
    expect(page.get_by_text(f"{COUNT:,} tables", exact=True)).to_be_visible(timeout=60_000)
    note("from opening the page to all tables", page.evaluate("performance.now()"))
    typed = [word[:end] for word in WORDS for end in range(1, len(word) + 1)]
    times = [filtered(page, text) for text in typed]
    note("a keystroke in the filter, median", median(times))
    note("a keystroke in the filter, the slowest", max(times))
    filtered(page, "")
    for what, name in (("sorting by rows", "Rows"), ("sorting by size", "Size")):
        note(what, page.evaluate(_CLICK, name))
    note("choosing all", page.evaluate(_CHOOSE))


_SHOWN = "await new Promise((shown) => requestAnimationFrame(() => setTimeout(shown)));"
_CLICK = f"""async (name) => {{
  const heads = [...document.querySelectorAll("[role=columnheader] button")];
  const began = performance.now();
  heads.find((head) => head.textContent.startsWith(name)).click();
  {_SHOWN}
  return performance.now() - began;
}}"""
_CHOOSE = f"""async () => {{
  const began = performance.now();
  document.querySelector("[role=columnheader] input").click();
  {_SHOWN}
  return performance.now() - began;
}}"""


if __name__ == "__main__":
    main()
