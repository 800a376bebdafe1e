"""The modules without DOM, tested where they run: each export of unit/*.js is a test."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page

from headrace.local import LocalServer
from tests.web.unit_files import UNIT, serve_unit_files

MODULES = (
    *("wizard", "stored", "connection_url"),
    *("table_rows", "selection", "layout", "schedule_form", "estimate", "compare"),
    *("progress", "overview"),
)


@pytest.mark.parametrize("module", MODULES)
def test_module(page: Page, server: LocalServer, module: str) -> None:
    tests = re.findall(r"^export function (\w+)", (UNIT / f"{module}.js").read_text(), re.M)
    assert tests
    serve_unit_files(page)
    page.goto(server.page)
    run = """async ([module, tests]) => {
      const found = await import(`/unit/${module}.js`);
      const failed = {};
      for (const test of tests) {
        try { await found[test](); } catch (error) { failed[test] = error.stack; }
      }
      return failed;
    }"""
    assert page.evaluate(run, [module, tests]) == {}
