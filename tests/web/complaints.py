"""What a browser complains of: errors on its console, of scripts, and violations of the policy."""

from __future__ import annotations

import re

from playwright.sync_api import ConsoleMessage, Error, Page

# Runs before the page's own scripts, outside the policy. A violation is also an error on the
# console, but one of a worker or of a style may not be.
_WATCH = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy violated: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""


class Complaints:
    def __init__(self) -> None:
        self._heard: list[str] = []
        self._expected: list[str] = []

    def listen(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", self._error)
        page.add_init_script(_WATCH)

    def expect(self, pattern: str) -> None:
        """A complaint that the test is about, such as a request that is refused."""
        self._expected.append(pattern)

    def check(self) -> None:
        unexpected = [
            text
            for text in self._heard
            if not any(re.search(pattern, text) for pattern in self._expected)
        ]
        assert not unexpected, "\n".join(unexpected)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            where = message.location
            self._heard.append(f"{message.type}: {message.text} ({where.get('url')})")

    def _error(self, error: Error) -> None:
        self._heard.append(f"script: {error}")
