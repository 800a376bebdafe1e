"""The first two steps, against real servers: each layer as the page shows it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from devservers.ports import free_port
from headrace import credentials
from headrace.local import LocalServer
from headrace.records import Sources
from headrace.services import Services
from headrace.settings import Settings
from tests.conftest import Database, MariadbDatabase
from tests.web.barriers import Barriers
from tests.web.complaints import Complaints
from tests.web.conftest import Screenshots, both_sizes, every_look
from tests.web.connecting import begin, enter, try_it
from tests.web.drafts import only


def fill(page: Page, database: Database | MariadbDatabase, password: str | None = None) -> None:
    given = database.server.password if password is None else password
    enter(page, database.connection, given)


@every_look
def test_the_first_step(home: Page, barriers: Barriers, screenshot: Screenshots) -> None:
    home.get_by_role("link", name="Add a source").click()
    expect(home.get_by_role("heading", name="Source", exact=True)).to_be_focused()
    home.get_by_role("button", name="Go on").click()
    expect(home.get_by_text("Choose the kind of database.")).to_be_visible()
    expect(home.get_by_text("Name is required.")).to_be_visible()
    barriers.check()
    home.get_by_label("PostgreSQL").check()
    home.get_by_label("Name", exact=True).fill("Shop")
    screenshot("wizard-source")
    barriers.check()


@every_look
def test_a_connection_that_works_is_saved(
    home: Page,
    database: Database,
    settings: Settings,
    barriers: Barriers,
    screenshot: Screenshots,
) -> None:
    database.execute("CREATE TABLE orders (id int PRIMARY KEY)")
    begin(home)
    screenshot("wizard-connection")
    barriers.check()
    fill(home, database)
    try_it(home)
    expect(home.get_by_text("The connection works. The draft is saved.")).to_be_visible()
    expect(home.get_by_text("Stored, and never shown again.")).to_be_visible()
    screenshot("wizard-connection-works")
    barriers.check()

    assert database.server.password not in home.content()
    assert re.search(r"/sources/\w+/set-up/connection$", home.url)
    services = Services(settings)
    (source,) = Sources(services.documents).list("default", limit=2)
    assert (source.name, source.connection) == ("Shop", database.connection)
    assert credentials.load(services.vault, source) == database.credentials

    home.get_by_role("button", name="Go on to tables").click()
    expect(home.get_by_role("heading", name="Tables", exact=True)).to_be_focused()
    home.go_back()
    expect(home.get_by_role("heading", name="Connection", exact=True)).to_be_focused()


def test_mariadb_works_too(home: Page, mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute("CREATE TABLE orders (id int PRIMARY KEY)")
    begin(home, "MySQL or MariaDB")
    expect(home.get_by_label("Port", exact=True)).to_have_value("3306")
    fill(home, mariadb_database)
    try_it(home)
    expect(home.get_by_text("The connection works. The draft is saved.")).to_be_visible()


@every_look
def test_a_wrong_password_then_the_right_one(
    home: Page, database: Database, barriers: Barriers, screenshot: Screenshots
) -> None:
    begin(home)
    fill(home, database, "wrong")
    try_it(home)
    expect(home.get_by_text("The connection does not work yet.")).to_be_visible()
    password = home.get_by_label("Password", exact=True)
    expect(password).to_have_attribute("aria-invalid", "true")
    expect(home.get_by_text("Password may be wrong.")).to_be_visible()
    expect(home.get_by_text("User may be wrong.")).to_be_visible()
    expect(home.get_by_text("Enter the password again")).to_be_visible()
    screenshot("wizard-connection-fails")
    barriers.check()

    password.fill(database.server.password)
    expect(password).not_to_have_attribute("aria-invalid", "true")
    try_it(home)
    expect(home.get_by_text("The draft is saved.")).to_be_visible()


def test_a_port_where_nobody_listens(home: Page) -> None:
    begin(home)
    home.get_by_label("Host", exact=True).fill("127.0.0.1")
    home.get_by_label("Port", exact=True).fill(str(free_port()))
    for label in ("Database", "User", "Password"):
        home.get_by_label(label, exact=True).fill("x")
    try_it(home)
    expect(home.get_by_role("listitem").filter(has_text="Port answers: failed")).to_be_visible()
    expect(home.get_by_label("Port", exact=True)).to_be_focused()


def test_what_is_missing_is_said_at_once(home: Page) -> None:
    begin(home)
    try_it(home)
    for label in ("Host", "Database", "User", "Password"):
        expect(home.get_by_text(f"{label} is required.")).to_be_visible()
    expect(home.get_by_label("Host", exact=True)).to_be_focused()
    home.get_by_label("Port", exact=True).fill("70000")
    try_it(home)
    expect(home.get_by_text("Port must be at most 65535.")).to_be_visible()


@pytest.mark.parametrize("label", ["Host", "Password"])
def test_a_url_fills_the_form(home: Page, label: str) -> None:
    begin(home)
    url = "mysql://reader:s%40cret@db.example.com:3307/shop?ssl-mode=REQUIRED"
    home.evaluate("(text) => navigator.clipboard.writeText(text)", url)
    home.get_by_label(label, exact=True).focus()
    home.keyboard.press("Control+V")
    expected = {
        "Host": "db.example.com", "Port": "3307", "Database": "shop", "User": "reader",
        "Password": "s@cret", "TLS mode": "require",
    }  # fmt: skip
    for field, value in expected.items():
        expect(home.get_by_label(field, exact=True)).to_have_value(value)
    home.get_by_role("button", name="Back").click()
    expect(home.get_by_label("MySQL or MariaDB")).to_be_checked()


def test_the_password_goes_nowhere_else(home: Page, database: Database) -> None:
    secret = database.server.password
    sent: list[str] = []
    home.on("request", lambda request: sent.append(f"{request.url} {request.post_data or ''}"))
    begin(home)
    fill(home, database)
    try_it(home)
    expect(home.get_by_text("The draft is saved.")).to_be_visible()
    home.get_by_role("button", name="Go on to tables").click()
    expect(home.get_by_role("heading", name="Tables", exact=True)).to_be_visible()

    with_secret = {line.split(" ")[0].rpartition("/")[0] for line in sent if secret in line}
    assert {address.rpartition("/")[2] for address in with_secret} == {
        "test_connection",
        "save_draft",
    }
    stored = home.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }])")
    assert secret not in stored + home.url + home.content()


def test_a_draft_that_was_changed_elsewhere_is_not_overwritten(
    home: Page, database: Database, settings: Settings, complaints: Complaints
) -> None:
    complaints.expect("409")
    begin(home)
    fill(home, database)
    with home.expect_response(re.compile(r"/sources/default/\w+$")):  # once there is one
        try_it(home)
    expect(home.get_by_text("The draft is saved.")).to_be_visible()
    sources = Sources(Services(settings).documents)
    (source,) = sources.list("default", limit=1)
    sources.replace(source.model_copy(update={"name": "Shop, Europe"}))

    home.get_by_role("button", name="Replace it").click()
    home.get_by_label("Password", exact=True).fill(database.server.password)
    try_it(home)
    expect(home.get_by_text("This source was changed elsewhere.")).to_be_visible()
    assert sources.get("default", source.source_id).name == "Shop, Europe"
    home.get_by_role("button", name="Show what was saved there").click()
    expect(home.get_by_text("Shop, Europe")).to_be_visible()


def test_an_expired_sign_in_goes_on_where_it_was(
    home: Page, database: Database, server: LocalServer, complaints: Complaints
) -> None:
    complaints.expect("401")
    begin(home)
    fill(home, database)
    # As if the service had been started anew.
    home.route("**/test_connection/", lambda route: route.continue_(
        headers={**route.request.headers, "authorization": "Bearer old"}
    ), times=1)  # fmt: skip
    try_it(home)
    dialog = home.get_by_role("dialog", name="Sign in again")
    dialog.get_by_label("Address or token").fill(server.page)
    dialog.get_by_role("button", name="Sign in").click()
    expect(home.get_by_text("The draft is saved.")).to_be_visible()


def test_a_service_that_is_gone_is_said_and_nothing_is_lost(
    home: Page, database: Database, complaints: Complaints
) -> None:
    complaints.expect("ERR_CONNECTION_REFUSED")
    begin(home)
    fill(home, database)
    home.route("**/test_connection/", lambda route: route.abort("connectionrefused"), times=1)
    try_it(home)
    expect(home.get_by_text("The service does not answer")).to_be_visible()
    expect(home.get_by_label("User", exact=True)).to_have_value(database.connection.user)
    try_it(home)
    expect(home.get_by_text("The draft is saved.")).to_be_visible()


@both_sizes
def test_the_result_is_brought_into_sight(
    home: Page, database: Database, screenshot: Screenshots
) -> None:
    begin(home)
    fill(home, database, "wrong")
    try_it(home)
    failed = home.get_by_role("listitem").filter(has_text="Login: failed")
    expect(failed.get_by_text("Enter the password again")).to_be_in_viewport()
    below = home.evaluate("() => innerWidth < 1024")  # there is no room for both side by side
    field = home.get_by_label("Password", exact=True)
    expect(failed if below else field).to_be_focused()
    screenshot("wizard-connection-fails-seen", full_page=False)

    field.fill(database.server.password)
    field.press("Enter")
    expect(home.get_by_text("The connection works. The draft is saved.")).to_be_in_viewport()
    expect(home.get_by_role("button", name="Go on to tables")).to_be_focused()
    expect(home.get_by_role("button", name="Go on to tables")).to_be_in_viewport()
    screenshot("wizard-connection-works-seen", full_page=False)


def test_a_test_may_be_stopped(home: Page, database: Database) -> None:
    begin(home)
    fill(home, database)
    home.route("**/test_connection/", lambda _: None)  # is never answered
    try_it(home)
    button = home.get_by_role("button", name="Test connection")
    expect(button).to_have_attribute("aria-busy", "true")
    expect(button).to_be_focused()
    home.get_by_role("button", name="Stop").click()
    expect(button).to_be_focused()
    expect(button).not_to_have_attribute("aria-busy", "true")
    home.unroute_all()
    button.click()
    expect(home.get_by_text("The draft is saved.")).to_be_visible()


def test_another_name_needs_no_password(home: Page, database: Database, settings: Settings) -> None:
    begin(home)
    fill(home, database)
    try_it(home)
    expect(home.get_by_text("The draft is saved.")).to_be_visible()
    home.get_by_role("link", name="Source (done)").click()
    home.get_by_label("Name", exact=True).fill("Store")
    home.get_by_role("button", name="Go on").click()
    expect(home.get_by_role("heading", name="Connection", exact=True)).to_be_focused()
    assert only(settings).name == "Store"
    home.get_by_role("button", name="Go on to tables").click()
    expect(home.get_by_role("heading", name="Tables", exact=True)).to_be_focused()


def test_a_draft_is_resumed(
    home: Page, database: Database, settings: Settings, server: LocalServer
) -> None:
    begin(home)
    fill(home, database)
    try_it(home)
    expect(home.get_by_text("The draft is saved.")).to_be_visible()
    home.goto(f"{server.url}/#/m/default")
    home.reload()
    home.get_by_role("link", name="Go on setting up").click()
    expect(home.get_by_role("heading", name="Tables", exact=True)).to_be_visible()
    home.get_by_role("link", name="Connection").click()
    expect(home.get_by_label("Host", exact=True)).to_have_value(database.connection.hostname)
    expect(home.get_by_text("Stored, and never shown again.")).to_be_visible()


def test_a_step_that_may_not_be_entered_leads_to_the_one_before(
    page: Page, server: LocalServer
) -> None:
    page.goto(f"{server.page}&to=/m/default/new/review")
    expect(page.get_by_role("heading", name="Source", exact=True)).to_be_visible()
    assert page.url.endswith("/new/source")
