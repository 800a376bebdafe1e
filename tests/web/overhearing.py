"""What a tab sends, keeps and shows, for those who look for a password in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.sync_api import Page, Request

from tests import secrecy

# What may be told a password, each once it is entered.
TOLD = {"test_connection", "save_draft"}

_KEPT = """async () => {
  const databases = await indexedDB.databases();
  const caches_ = await caches.keys();
  return JSON.stringify([
    { ...localStorage }, { ...sessionStorage }, document.cookie, databases, caches_, history.state,
    name,
  ]);
}"""
# With what was typed, which is no part of the markup.
_SHOWN = """() => [
  document.documentElement.outerHTML,
  ...[...document.querySelectorAll("input, textarea, select")].map((field) => field.value),
].join("\\n")"""


@dataclass(frozen=True)
class Sent:
    """A request: what it was, and all that went with it."""

    url: str
    headers: str
    body: str

    @property
    def function(self) -> str:
        return urlsplit(self.url).path.strip("/").partition("/")[0]


class Overheard:
    """Listens to a tab from now on."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.sent: list[Sent] = []
        self._said: list[str] = []
        page.on("request", self._keep)
        page.on("console", lambda message: self._said.append(message.text))

    def has_nothing_of(self, password: str) -> None:
        """The password is kept and shown nowhere, and was told to nobody who need not have it."""
        for sent in self.sent:
            told = secrecy.told(password, sent.url, sent.headers)
            if sent.function not in TOLD:
                told += secrecy.told(password, sent.body)
            assert not told, f"{sent.url} was told {told}"
        kept = self._page.evaluate(_KEPT)
        shown = self._page.evaluate(_SHOWN)
        assert not secrecy.told(password, kept, shown, *self._addresses(), *self._said)

    def has_told(self, password: str) -> set[str]:
        """The functions that were told the password, whatever for."""
        return {sent.function for sent in self.sent if secrecy.told(password, sent.body)}

    def stays_with(self, origin: str) -> None:
        """Nobody but this origin was asked for anything."""
        others = {sent.url for sent in self.sent} - {
            sent.url for sent in self.sent if sent.url.startswith(f"{origin}/")
        }
        assert not others, others

    def _keep(self, request: Request) -> None:
        body = request.post_data or ""
        self.sent.append(Sent(request.url, json.dumps(request.headers), body))

    def _addresses(self) -> list[str]:
        """All that the tab's history knows: addresses and titles, those that were typed too."""
        session = self._page.context.new_cdp_session(self._page)
        entries = session.send("Page.getNavigationHistory")["entries"]
        session.detach()
        return [json.dumps(entry) for entry in entries]
