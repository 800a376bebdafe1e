"""Looks for barriers with axe, in a world of its own, so that the page's policy stays as it is."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

_AXE = Path(__file__).parents[2] / ".cache/axe/node_modules/axe-core/axe.min.js"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_OPTIONS = json.dumps({"runOnly": _RULES, "preload": False})  # it would break the policy
_RUN = f"axe.run({_OPTIONS}).then((found) => JSON.stringify(found.violations))"


@cache
def _axe() -> str:
    return _AXE.read_text(encoding="utf-8")


class Barriers:
    def __init__(self, page: Page) -> None:
        self._page = page

    def check(self) -> None:
        """No rule of WCAG 2.2 AA is broken by what is shown."""
        found = self._violations()
        told = [
            f"{rule['id']}: {rule['help']}\n  {node['html'][:200]}\n  {node['failureSummary']}"
            for rule in found
            for node in rule["nodes"]
        ]
        assert not told, "\n".join(told)

    def _violations(self) -> list[dict[str, Any]]:
        session = self._page.context.new_cdp_session(self._page)
        try:
            frame = session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
            world = session.send(
                "Page.createIsolatedWorld", {"frameId": frame, "worldName": "axe"}
            )["executionContextId"]
            self._evaluate(session, world, _axe())
            answer = self._evaluate(session, world, _RUN)
            violations: list[dict[str, Any]] = json.loads(answer["result"]["value"])
            return violations
        finally:
            session.detach()

    def _evaluate(self, session: Any, world: int, expression: str) -> dict[str, Any]:
        answer: dict[str, Any] = session.send(
            "Runtime.evaluate",
            {"expression": expression, "contextId": world, "awaitPromise": True},
        )
        assert "exceptionDetails" not in answer, answer
        return answer
