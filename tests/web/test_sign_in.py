"""Signing in with Google, with a provider on loopback that signs as Google does."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from devservers.ports import free_port
from headrace.local import LocalServer
from headrace.settings import Settings
from tests.conftest import Database
from tests.secrecy import told
from tests.sign_ins.conftest import provider, settings
from tests.sign_ins.provider import EDITOR, STRANGER, VIEWER, Provider
from tests.web.barriers import Barriers
from tests.web.complaints import Complaints
from tests.web.conftest import Screenshots, every_look
from tests.web.drafts import SHOP, fits, store, stored

__all__ = ["provider", "settings"]

WELCOME = "Bring your first database"


def press_sign_in(page: Page) -> None:
    page.get_by_role("button", name="Sign in with Google").click()


def sign_in(page: Page, server: LocalServer, account: str = EDITOR, to: str = "") -> None:
    page.goto(f"{server.url}/{to}")
    press_sign_in(page)
    page.get_by_role("link", name=f"Continue as {account}").click()


@pytest.fixture
def signed_in(page: Page, server: LocalServer) -> Page:
    sign_in(page, server)
    expect(page.get_by_text(WELCOME)).to_be_visible()
    return page


# --- in and out -------------------------------------------------------------------------------


@every_look
def test_signing_in(
    page: Page, server: LocalServer, provider: Provider, barriers: Barriers,
    screenshot: Screenshots,
) -> None:  # fmt: skip
    page.goto(f"{server.url}/#/m/demo")
    expect(page.get_by_role("heading", name="Sign in to Headrace")).to_be_visible()
    screenshot("google-welcome")
    barriers.check()
    press_sign_in(page)
    page.get_by_role("link", name=f"Continue as {EDITOR}").click()
    expect(page.get_by_text(WELCOME)).to_be_visible()
    assert page.url == f"{server.url}/#/m/demo"
    screenshot("google-signed-in")
    barriers.check()
    (asked,) = provider.asked
    assert asked["response_type"] == "id_token"
    assert asked["redirect_uri"] == f"{server.url}/"
    assert "prompt" not in asked
    assert len(asked["nonce"]) >= 32
    assert asked["nonce"] != asked["state"]


def test_a_reload_signs_in_without_a_word(signed_in: Page, provider: Provider) -> None:
    signed_in.reload()
    expect(signed_in.get_by_text(WELCOME)).to_be_visible()
    assert (provider.asked[-1]["prompt"], provider.asked[-1]["login_hint"]) == ("none", EDITOR)
    assert len({asked["nonce"] for asked in provider.asked}) == 2


def test_who_is_signed_out_at_google_is_asked(
    signed_in: Page, provider: Provider, server: LocalServer
) -> None:
    provider.session = None
    signed_in.goto(f"{server.url}/#/m/demo")
    signed_in.reload()
    expect(signed_in.get_by_role("heading", name="Sign in to Headrace")).to_be_visible()
    expect(signed_in.get_by_role("alert")).to_have_count(0)
    assert signed_in.url == f"{server.url}/#/m/demo"


def test_signing_out(signed_in: Page, provider: Provider) -> None:
    signed_in.get_by_role("button", name="Sign out").click()
    expect(signed_in.get_by_role("heading", name="Sign in to Headrace")).to_be_visible()
    signed_in.reload()
    expect(signed_in.get_by_role("heading", name="Sign in to Headrace")).to_be_visible()
    assert len(provider.asked) == 1
    assert signed_in.evaluate("localStorage.length + sessionStorage.length") == 0


def test_the_header_says_who_it_is(signed_in: Page) -> None:
    header = signed_in.get_by_role("banner")
    expect(header.get_by_text(EDITOR)).to_be_visible()
    expect(header.get_by_text("View only")).to_have_count(0)


@every_look
def test_a_viewer_is_told_so(
    page: Page, server: LocalServer, provider: Provider, barriers: Barriers,
    screenshot: Screenshots,
) -> None:  # fmt: skip
    provider.accounts = [VIEWER]
    sign_in(page, server, VIEWER)
    expect(page.get_by_role("banner").get_by_text("View only")).to_be_visible()
    fits(page)
    screenshot("google-viewer")
    barriers.check()


# --- answers that are none --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "changed"),
    [
        ({"state": "another"}, {}),
        ({"state": ""}, {}),
        ({}, {"nonce": "another"}),
        ({}, {"nonce": None}),
        ({"id_token": "x.y.z"}, {}),
        ({"id_token": ""}, {}),
    ],
)
def test_an_answer_to_another_question_is_thrown_away(
    page: Page, server: LocalServer, provider: Provider, barriers: Barriers,
    answer: dict[str, str], changed: dict[str, Any],
) -> None:  # fmt: skip
    provider.answer, provider.changed = answer, changed
    calls = calls_with_tokens(page)
    sign_in(page, server)
    expect(page.get_by_role("alert")).to_contain_text("was not asked for here")
    barriers.check()
    assert page.url.startswith(f"{server.url}/#/")
    assert not calls
    provider.answer, provider.changed = {}, {}
    press_sign_in(page)
    page.get_by_role("link", name=f"Continue as {EDITOR}").click()
    expect(page.get_by_text(WELCOME)).to_be_visible()


def test_an_answer_that_nobody_asked_for(
    signed_in: Page, server: LocalServer, provider: Provider
) -> None:
    """Somebody is sent here with a token of another's, to work in the other's name."""
    calls = calls_with_tokens(signed_in)
    signed_in.goto("about:blank")
    signed_in.goto(f"{server.url}/#state=x&id_token={provider.tokens[-1]}")
    expect(signed_in.get_by_role("alert")).to_contain_text("was not asked for here")
    assert not calls


@every_look
def test_who_cancels_is_told_so(
    page: Page, server: LocalServer, barriers: Barriers, screenshot: Screenshots
) -> None:
    page.goto(server.url)
    press_sign_in(page)
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("alert")).to_contain_text("You were not signed in")
    screenshot("google-cancelled")
    barriers.check()


def test_a_token_that_the_service_does_not_take(
    page: Page, server: LocalServer, provider: Provider, complaints: Complaints
) -> None:
    complaints.expect("401")
    provider.changed = {"aud": "another-client"}
    sign_in(page, server)
    expect(page.get_by_role("alert")).to_contain_text("made for another client")
    assert len(provider.asked) == 1


def calls_with_tokens(page: Page) -> list[str]:
    calls: list[str] = []

    def note(request: Request) -> None:
        if "authorization" in request.headers:
            calls.append(request.url)

    page.on("request", note)
    return calls


# --- on no list -------------------------------------------------------------------------------


@every_look
def test_who_is_on_no_list_is_told_whom_to_ask(
    page: Page, server: LocalServer, provider: Provider, barriers: Barriers,
    screenshot: Screenshots, complaints: Complaints,
) -> None:  # fmt: skip
    complaints.expect("403")
    provider.accounts = [STRANGER]
    sign_in(page, server, STRANGER)
    expect(page.get_by_role("heading", name="You have no access yet")).to_be_visible()
    main = page.get_by_role("main")
    expect(main).to_contain_text(f"You are signed in as {STRANGER}")
    expect(main).to_contain_text("Ask data-team@example.com")
    screenshot("google-not-allowed")
    barriers.check()
    main.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="You have no access yet")).to_be_visible()

    provider.accounts = [EDITOR]
    page.get_by_role("button", name="Sign in as somebody else").click()
    page.get_by_role("link", name=f"Continue as {EDITOR}").click()
    expect(page.get_by_text(WELCOME)).to_be_visible()
    assert provider.asked[-1]["prompt"] == "select_account"
    assert "login_hint" not in provider.asked[-1]


# --- expired ----------------------------------------------------------------------------------

PASSWORD = "typed-and-not-yet-stored"


@pytest.fixture
def expiring(page: Page, server: LocalServer, provider: Provider) -> Callable[[], None]:
    """Signed in for some seconds, in the midst of step 2; gives what waits for the end."""
    ends = int(time.time()) + 15
    provider.changed = {"iat": ends - 3630, "exp": ends - 30}  # 30 seconds are forgiven
    sign_in(page, server, to="#/m/default/new/source")
    page.get_by_label("PostgreSQL").check()
    page.get_by_label("Name").fill("Shop")
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Host", exact=True).fill("127.0.0.1")
    page.get_by_label("Port", exact=True).fill(str(free_port()))
    page.get_by_label("Database").fill("shop")
    page.get_by_label("User").fill("clerk")
    page.get_by_label("Password").fill(PASSWORD)
    provider.changed = {}

    def wait() -> None:
        page.wait_for_timeout(max(0.0, ends + 1.5 - time.time()) * 1000)

    return wait


@every_look
def test_expired_in_the_midst_of_work(
    page: Page, server: LocalServer, provider: Provider, expiring: Callable[[], None],
    barriers: Barriers, screenshot: Screenshots, complaints: Complaints,
) -> None:  # fmt: skip
    complaints.expect("401")
    expiring()
    page.get_by_role("button", name="Test connection").click()
    dialog = page.get_by_role("dialog", name="Sign in again")
    expect(dialog).to_be_visible()
    screenshot("google-expired")
    barriers.check()
    kept = page.evaluate("JSON.stringify([localStorage, sessionStorage])")
    assert not told(PASSWORD, kept, page.content())

    with page.expect_popup() as opened:
        press_sign_in(page)
    window = opened.value
    expect(dialog.get_by_text("Waiting for the other window")).to_be_visible()
    window.get_by_role("link", name=f"Continue as {EDITOR}").click()
    # The test that waited goes on by itself, with what was typed.
    expect(page.get_by_text("Nothing listens on that port").first).to_be_visible()
    expect(dialog).to_have_count(0)
    assert page.get_by_label("Password").input_value() == PASSWORD
    assert page.get_by_label("Host", exact=True).input_value() == "127.0.0.1"
    if not window.is_closed():
        window.wait_for_event("close")
    assert "prompt" not in provider.asked[-1]
    assert provider.asked[-1]["login_hint"] == EDITOR


def test_expired_while_tables_are_chosen(
    page: Page, server: LocalServer, provider: Provider, settings: Settings,
    database: Database, complaints: Complaints,
) -> None:  # fmt: skip
    complaints.expect("401")
    database.execute(SHOP)
    source = store(settings, database)
    ends = int(time.time()) + 20
    provider.changed = {"iat": ends - 3630, "exp": ends - 30}
    step = f"#/m/{source.model_id}/sources/{source.source_id}/set-up/tables"
    sign_in(page, server, to=step)
    page.get_by_role("searchbox").first.fill("countr")
    page.get_by_role("checkbox", name="Choose countries").check()
    provider.changed = {}
    page.wait_for_timeout(max(0.0, ends + 1.5 - time.time()) * 1000)

    page.get_by_role("button", name="Go on", exact=True).click()
    expect(page.get_by_role("dialog", name="Sign in again")).to_be_visible()
    with page.expect_popup() as opened:
        press_sign_in(page)
    opened.value.get_by_role("link", name=f"Continue as {EDITOR}").click()
    expect(page.get_by_role("heading", name="Destination and schedule")).to_be_visible()
    assert [table.table_name for table in stored(settings, source).selection] == ["countries"]


def test_another_account_does_not_go_on_with_it(
    page: Page, provider: Provider, expiring: Callable[[], None], complaints: Complaints
) -> None:
    complaints.expect("401")
    expiring()
    page.get_by_role("button", name="Test connection").click()
    provider.accounts = [EDITOR, VIEWER]
    with page.expect_popup() as opened:
        press_sign_in(page)
    opened.value.get_by_role("link", name=f"Continue as {VIEWER}").click()
    dialog = page.get_by_role("dialog", name="Sign in again")
    expect(dialog.get_by_role("alert")).to_contain_text("That is another account")
    with page.expect_popup() as opened:
        press_sign_in(page)
    opened.value.get_by_role("link", name=f"Continue as {EDITOR}").click()
    expect(page.get_by_text("Nothing listens on that port").first).to_be_visible()


def test_a_browser_that_opens_no_window(
    page: Page, expiring: Callable[[], None], complaints: Complaints
) -> None:
    complaints.expect("401")
    expiring()
    page.evaluate("window.open = () => null")
    page.get_by_role("button", name="Test connection").click()
    press_sign_in(page)
    expect(page.get_by_role("alert")).to_contain_text("The browser opened no window")
    assert page.get_by_label("Password").input_value() == PASSWORD


def test_a_second_window_whose_first_is_gone(
    page: Page, server: LocalServer, barriers: Barriers
) -> None:
    page.goto(f"{server.url}/#state=window-x&id_token=x")
    expect(page.get_by_role("heading", name="Nobody waits for this sign-in")).to_be_visible()
    barriers.check()
    page.get_by_role("link", name="Go to Headrace").click()
    expect(page.get_by_role("heading", name="Sign in to Headrace")).to_be_visible()


# --- renewal ----------------------------------------------------------------------------------


def test_a_token_is_renewed_when_nobody_notices(
    page: Page, server: LocalServer, provider: Provider
) -> None:
    page.clock.install()
    sign_in(page, server, to="#/m/demo")
    expect(page.get_by_text(WELCOME)).to_be_visible()
    page.clock.fast_forward("54:00")
    assert len(provider.asked) == 1
    with page.expect_navigation(url=re.compile("/#/m/demo$")):
        page.clock.fast_forward("02:00")
    expect(page.get_by_text(WELCOME)).to_be_visible()
    assert [asked.get("prompt") for asked in provider.asked] == [None, "none"]
    assert page.url == f"{server.url}/#/m/demo"


def test_nothing_is_renewed_while_somebody_types(
    page: Page, server: LocalServer, provider: Provider
) -> None:
    page.clock.install()
    sign_in(page, server, to="#/m/default/new/source")
    page.get_by_label("Name").fill("Shop")
    page.clock.fast_forward("58:00")
    page.clock.run_for(10_000)
    assert page.get_by_label("Name").input_value() == "Shop"
    assert len(provider.asked) == 1


# --- where the token is not -------------------------------------------------------------------


def test_the_token_is_in_memory_alone(
    signed_in: Page, server: LocalServer, provider: Provider
) -> None:
    requests: list[Request] = []

    def note(request: Request) -> None:
        requests.append(request)

    signed_in.on("request", note)
    signed_in.reload()
    expect(signed_in.get_by_text(WELCOME)).to_be_visible()
    kept = signed_in.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])")
    session = signed_in.context.new_cdp_session(signed_in)
    entries = session.send("Page.getNavigationHistory")["entries"]
    history = " ".join(entry["url"] + entry["userTypedURL"] for entry in entries)
    assert len(provider.tokens) == 2
    for token in provider.tokens:
        for part in token.split("."):
            assert part not in kept + history + signed_in.content() + signed_in.url
    assert EDITOR in kept
    assert f"{server.url}/#/m/default" in history
    # In a header it goes to the functions, and to nobody else.
    holders = [request for request in requests if "authorization" in request.headers]
    assert holders
    assert all(request.url.startswith(f"{server.url}/sources") for request in holders)
    assert not [r for r in requests if r not in holders and r.post_data]
