"""The first two steps, as a person goes through them."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from headrace.connections import ServerConnection


def begin(page: Page, kind: str = "PostgreSQL", name: str = "Shop") -> None:
    """From the dashboard to the step of the connection."""
    page.get_by_role("link", name="Add a source").click()
    page.get_by_label(kind).check()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Connection", exact=True)).to_be_focused()


def enter(page: Page, connection: ServerConnection, password: str) -> None:
    page.get_by_label("Host", exact=True).fill(connection.hostname)
    page.get_by_label("Port", exact=True).fill(str(connection.port))
    page.get_by_label("Database", exact=True).fill(connection.database)
    page.get_by_label("User", exact=True).fill(connection.user)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_text("More: encryption and certificates").click()
    page.get_by_label("TLS mode").select_option(connection.tls)


def try_it(page: Page) -> None:
    page.get_by_role("button", name="Test connection").click()
