"""Another password takes the place of the stored one, once the database has taken it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, expect
from pydantic import SecretStr

from headrace import credentials as stored
from headrace.connections import Credentials
from headrace.local import LocalServer
from headrace.model import Source
from headrace.records import Sources
from headrace.services import Services
from tests.conftest import Database
from tests.web.barriers import Barriers
from tests.web.complaints import Complaints
from tests.web.conftest import Screenshots, every_look
from tests.web.running import address, shop

FIRST, SECOND = "the first one", "the second one"


@dataclass(frozen=True)
class Rotated:
    """A source whose user has got another password in the database."""

    source: Source
    services: Services

    @property
    def password(self) -> str:
        source = Sources(self.services.documents).get("default", self.source.source_id)
        return stored.load(self.services.vault, source).password.get_secret_value()


@pytest.fixture
def rotated(services: Services, database: Database) -> Iterator[Rotated]:
    role = f"reader_{uuid4().hex[:12]}"
    database.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{FIRST}'")
    connection = database.connection.model_copy(update={"user": role})
    first = Credentials(password=SecretStr(FIRST))
    source = shop(services, database, connection=connection, credentials=first)
    database.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    database.execute(f"ALTER ROLE {role} PASSWORD '{SECOND}'")
    yield Rotated(source, services)
    database.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def ask(page: Page) -> Locator:
    page.get_by_role("button", name="Replace the password").click()
    dialog = page.get_by_role("dialog", name="Replace the password")
    expect(dialog.get_by_label("New password")).to_be_focused()
    return dialog


@every_look
def test_a_wrong_password_is_not_stored_and_the_right_one_is(
    page: Page,
    server: LocalServer,
    rotated: Rotated,
    barriers: Barriers,
    screenshot: Screenshots,
) -> None:
    page.goto(address(server.page, rotated.source))
    dialog = ask(page)
    field = dialog.get_by_label("New password")
    dialog.get_by_role("button", name="Test and store").click()
    expect(dialog.get_by_text("New password is required.")).to_be_visible()
    field.fill("a wrong one")
    field.press("Enter")
    expect(dialog.get_by_text("The connection does not work yet.")).to_be_visible()
    expect(field).to_have_attribute("aria-invalid", "true")
    screenshot("source-password-wrong")
    barriers.check()
    assert rotated.password == FIRST

    field.fill(SECOND)
    field.press("Enter")
    expect(page.get_by_text("The new password is stored", exact=True)).to_be_visible()
    expect(dialog).to_have_count(0)
    barriers.check()
    assert rotated.password == SECOND
    assert SECOND not in page.content()


def test_what_was_changed_elsewhere_meanwhile_is_said(
    page: Page, server: LocalServer, rotated: Rotated, complaints: Complaints
) -> None:
    complaints.expect("409")
    page.goto(address(server.page, rotated.source))
    dialog = ask(page)
    sources = Sources(rotated.services.documents)
    sources.replace(rotated.source.model_copy(update={"name": "Shop, Europe"}))
    dialog.get_by_label("New password").fill(SECOND)
    dialog.get_by_role("button", name="Test and store").click()
    expect(dialog.get_by_text("This source was changed elsewhere")).to_be_visible()
    assert rotated.password == FIRST
    dialog.get_by_role("button", name="Show what was saved there").click()
    expect(page.get_by_role("heading", name="Shop, Europe")).to_be_attached()
    dialog.get_by_role("button", name="Test and store").click()
    expect(page.get_by_text("The new password is stored", exact=True)).to_be_visible()
    assert rotated.password == SECOND


def test_the_password_goes_to_the_test_and_into_the_vault_alone(
    page: Page, server: LocalServer, rotated: Rotated
) -> None:
    sent: list[tuple[str, str]] = []
    page.on("request", lambda request: sent.append((request.url, request.post_data or "")))
    page.goto(address(server.page, rotated.source))
    dialog = ask(page)
    dialog.get_by_label("New password").fill(SECOND)
    dialog.get_by_role("button", name="Test and store").click()
    expect(page.get_by_text("The new password is stored", exact=True)).to_be_visible()
    with_secret = [url for url, body in sent if SECOND in url or SECOND in body]
    assert [url.rstrip("/").rpartition("/")[2] for url in with_secret] == [
        "test_connection",
        "save_draft",
    ]
    kept = page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }])")
    assert SECOND not in kept + page.url


def test_leaving_it_changes_nothing(page: Page, server: LocalServer, rotated: Rotated) -> None:
    page.goto(address(server.page, rotated.source))
    dialog = ask(page)
    dialog.get_by_label("New password").fill(SECOND)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="Replace the password")).to_be_focused()
    assert rotated.password == FIRST
