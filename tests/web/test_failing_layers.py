"""Each layer of the connection test as the page shows it when it fails, or warns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from devservers.ports import free_port
from headrace.checks import Layer
from headrace.connections import TlsMode
from tests.conftest import Database
from tests.diagnosis import impostors
from tests.web.barriers import Barriers
from tests.web.conftest import Screenshots
from tests.web.connecting import begin, enter, try_it

PASSWORD = "entered for this test"

# As the page calls them, in their order.
NAMES = {
    Layer.ADDRESS: "Address is allowed",
    Layer.DNS: "Name is known",
    Layer.TCP: "Port answers",
    Layer.PROTOCOL: "Database answers",
    Layer.TLS: "Encryption",
    Layer.LOGIN: "Login",
    Layer.DATABASE: "Database is there",
    Layer.RIGHTS: "Right to read",
    Layer.FITNESS: "Fit for long reads",
}

Making = Callable[[Database], AbstractContextManager[dict[str, Any]]]


def entered(**changes: Any) -> Making:
    """The fault is in what is entered."""
    return lambda _: nullcontext(changes)


@contextmanager
def web_server(_: Database) -> Iterator[dict[str, Any]]:
    with impostors.listening(impostors.http) as port:
        yield {"port": port}


@contextmanager
def closed(_: Database) -> Iterator[dict[str, Any]]:
    yield {"port": free_port()}


@contextmanager
def mistyped(database: Database) -> Iterator[dict[str, Any]]:
    yield {"database": f"{database.name[:-1]}_"}


def role(sql: str) -> Making:
    """Another user than the administrator, to whom this was done."""

    @contextmanager
    def making(database: Database) -> Iterator[dict[str, Any]]:
        name = f"reader_{uuid4().hex[:12]}"
        database.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
        try:
            database.execute(sql.format(name=name))
            yield {"user": name}
        finally:
            database.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")

    return making


@dataclass(frozen=True)
class Failure:
    """What is at fault, and what the page says of it: words, code, fields, a text to copy."""

    layer: Layer
    code: str
    making: Making
    says: str
    advises: str
    marks: tuple[str, ...] = field(default=())
    paste: str | None = None


FAILURES = (
    Failure(
        Layer.ADDRESS, "address_refused", entered(host="169.254.169.254"),
        "does not connect to that address", "public address", ("Host",),
    ),
    Failure(
        Layer.DNS, "host_unknown", entered(host="db.example.invalid"),
        "'db.example.invalid'", "", ("Host",),
    ),
    Failure(
        Layer.TCP, "connection_refused", closed, "refused", "", ("Port",),
    ),
    Failure(
        Layer.PROTOCOL, "protocol_unexpected", web_server, "web server", "", ("Port",),
    ),
    Failure(
        Layer.TLS, "tls_not_offered", entered(tls=TlsMode.VERIFY_FULL), "", "", ("TLS mode",),
    ),
    Failure(
        Layer.LOGIN, "password_rejected", entered(),
        "the server rejected the user name or the password", "Enter the password again",
        ("Password", "User"), "FROM pg_catalog.pg_roles",
    ),
    Failure(
        Layer.DATABASE, "database_not_found", mistyped, "", "", ("Database",),
    ),
)  # fmt: skip


@pytest.mark.parametrize("failure", FAILURES, ids=[each.layer for each in FAILURES])
def test_a_layer_that_fails(
    home: Page,
    database: Database,
    barriers: Barriers,
    screenshot: Screenshots,
    failure: Failure,
) -> None:
    begin(home)
    with failure.making(database) as changes:
        connection = database.connection.model_copy(update=changes)
        wrong = failure.layer is Layer.LOGIN
        enter(home, connection, PASSWORD if wrong else database.server.password)
        try_it(home)
        expect(home.get_by_text("The connection does not work yet.")).to_be_visible()
    order = list(NAMES)
    at = order.index(failure.layer)
    for layer in order[:at]:
        expect(
            line(home, layer, "passed").or_(line(home, layer, "to be looked at"))
        ).to_be_visible()
    failed = line(home, failure.layer, "failed")
    expect(failed).to_contain_text(failure.says)
    expect(failed.get_by_role("alert")).to_contain_text(failure.advises)
    expect(failed.get_by_role("alert")).to_contain_text(failure.code)
    for layer in order[at + 1 :]:
        expect(line(home, layer, "failed")).to_have_count(0)
    marked = home.get_by_role("textbox").or_(home.get_by_role("combobox"))
    for label in failure.marks:
        field = marked.and_(home.get_by_label(label, exact=True))
        expect(field).to_have_attribute("aria-invalid", "true")
    expect(marked.and_(home.get_by_label(failure.marks[0], exact=True))).to_be_focused()
    expect(home.locator("[aria-invalid=true]")).to_have_count(len(failure.marks))
    expect(home.get_by_role("button", name="Go on to tables")).to_have_count(0)
    if failure.paste:
        copies(home, failure.paste)
    screenshot(f"wizard-fails-{failure.layer}")
    barriers.check()


@dataclass(frozen=True)
class Warned:
    layer: Layer
    making: Making
    advises: str
    paste: str


WARNED = (
    Warned(
        Layer.RIGHTS, role("CREATE TABLE orders (id int)"),
        "", "GRANT SELECT ON ALL TABLES",
    ),
    Warned(
        Layer.FITNESS, role("ALTER ROLE {name} SET statement_timeout = '30s'"),
        "", "SET statement_timeout = 0",
    ),
)  # fmt: skip


@pytest.mark.parametrize("warned", WARNED, ids=[each.layer for each in WARNED])
def test_a_layer_that_warns(
    home: Page,
    database: Database,
    barriers: Barriers,
    screenshot: Screenshots,
    warned: Warned,
) -> None:
    begin(home)
    with warned.making(database) as changes:
        enter(home, database.connection.model_copy(update=changes), PASSWORD)
        try_it(home)
        expect(home.get_by_text("The connection works. The draft is saved.")).to_be_visible()
        found = line(home, warned.layer, "to be looked at")
        expect(found).to_contain_text(warned.advises)
        copies(home, warned.paste)
        screenshot(f"wizard-warns-{warned.layer}")
        barriers.check()
        expect(home.get_by_role("button", name="Go on to tables")).to_be_enabled()


def test_what_was_probably_meant_is_taken_with_a_click(home: Page, database: Database) -> None:
    begin(home)
    with mistyped(database) as changes:
        enter(home, database.connection.model_copy(update=changes), database.server.password)
    try_it(home)
    home.get_by_role("button", name=f"Use {database.name}").click()
    expect(home.get_by_label("Database", exact=True)).to_have_value(database.name)
    try_it(home)
    expect(home.get_by_text("The connection works. The draft is saved.")).to_be_visible()


def line(page: Page, layer: Layer, outcome: str) -> Any:
    """The layer's line, if this is its outcome."""
    return page.get_by_role("listitem").filter(has_text=f"{NAMES[layer]}: {outcome}")


def copies(page: Page, part: str) -> None:
    """The text to paste holds that, and a button puts all of it into the clipboard."""
    text = page.get_by_role("region", name="To copy: what to paste")
    expect(text).to_contain_text(part)
    page.get_by_role("button", name="Copy what to paste").click()
    expect(page.get_by_role("button", name="Copied what to paste")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == text.inner_text()
