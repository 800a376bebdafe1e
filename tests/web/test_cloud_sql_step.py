"""The connection step for an instance of Cloud SQL, which has a name in place of host and port."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from headrace.api.save_draft import SaveDraft, save_draft
from headrace.services import Services
from headrace.settings import Settings
from tests.cloud_sql.conftest import Named, _cloud_sql, cloud_sql, postgres_instance
from tests.web.barriers import Barriers
from tests.web.conftest import Screenshots, every_look
from tests.web.connecting import begin, try_it
from tests.web.drafts import only
from tests.web.keys import Keyboard

__all__ = ["_cloud_sql", "cloud_sql", "postgres_instance"]


@pytest.fixture
def settings(postgres_instance: Named, settings: Settings) -> Settings:
    return settings.model_copy(update={"cloud_sql": postgres_instance.server.url})


@every_look
def test_an_instance_is_named_with_the_keyboard(
    home: Page,
    postgres_instance: Named,
    settings: Settings,
    barriers: Barriers,
    screenshot: Screenshots,
) -> None:
    begin(home)
    group = home.get_by_role("group", name="How is the database reached?")
    host = group.get_by_role("radio", name="Host and port")
    instance = group.get_by_role("radio", name="Cloud SQL instance")
    expect(host).to_be_checked()
    expect(home.get_by_label("Reached by")).to_have_count(0)

    keys = Keyboard(home)
    keys.go_to(host)
    keys.press("ArrowDown")
    expect(instance).to_be_checked()
    expect(home.get_by_label("Host", exact=True)).to_have_count(0)
    expect(home.get_by_text("More: encryption and certificates")).to_have_count(0)
    expect(home.get_by_label("Reached by")).to_have_value("public")

    name = home.get_by_label("Cloud SQL instance", exact=True).and_(home.get_by_role("textbox"))
    keys.enter(name, "my-project:europe-west3:none-such")
    keys.enter(home.get_by_label("Database", exact=True), postgres_instance.database.name)
    keys.enter(home.get_by_label("User", exact=True), postgres_instance.connection.user)
    keys.enter(
        home.get_by_label("Password", exact=True), postgres_instance.database.server.password
    )
    keys.press("Enter")
    failed = home.get_by_role("listitem").filter(has_text="Address is allowed: failed")
    expect(failed.get_by_text("gcloud sql instances list")).to_be_visible()
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(name).to_be_focused()
    screenshot("wizard-instance")
    barriers.check()

    keys.press("Control+A")
    keys.type(postgres_instance.instance.connection_name)
    keys.press("Enter")
    expect(home.get_by_text("The connection works. The draft is saved.")).to_be_visible()
    assert only(settings).connection == postgres_instance.connection


def test_a_pasted_url_names_an_instance_and_iam_asks_for_no_password(
    home: Page, postgres_instance: Named
) -> None:
    begin(home)
    where = postgres_instance.instance.connection_name
    url = f"postgresql://reader%40my-project.iam@/shop?instance={where}&login=iam"
    home.evaluate("text => navigator.clipboard.writeText(text)", url)
    home.get_by_label("Host", exact=True).press("Control+V")
    expect(home.get_by_role("radio", name="Cloud SQL instance")).to_be_checked()
    expect(home.get_by_label("Login by")).to_have_value("iam")
    expect(home.get_by_label("User", exact=True)).to_have_value("reader@my-project.iam")
    password = home.get_by_label("Password", exact=True)
    expect(password).to_have_count(0)
    home.get_by_label("Login by").select_option("password")
    expect(password).to_be_visible()
    home.get_by_label("Login by").select_option("iam")
    try_it(home)  # nobody of that name is a user of the database
    failed = home.get_by_role("listitem").filter(has_text="Login: failed")
    expect(failed.get_by_text("gcloud sql users create")).to_be_visible()


def test_a_stored_instance_is_shown_and_edited(
    home: Page, services: Services, postgres_instance: Named
) -> None:
    connection = postgres_instance.as_is(login="iam", user="reader")
    draft = SaveDraft(model_id="default", name="Shop", connection=connection)
    saved = save_draft(services, draft)
    home.reload()
    where = f"{connection.database} on {connection.instance}"
    expect(home.get_by_text(where)).to_be_visible()
    address = home.url.partition("#")[0]
    home.goto(f"{address}#/m/default/sources/{saved.source_id}/set-up/connection")
    expect(home.get_by_role("radio", name="Cloud SQL instance")).to_be_checked()
    expect(home.get_by_label("Password", exact=True)).to_have_count(0)
    expect(home.get_by_text("Stored, and never shown again.")).to_have_count(0)
    expect(home.get_by_role("button", name="Go on to tables")).to_be_visible()
    home.get_by_label("Login by").select_option("password")
    expect(home.get_by_label("Password", exact=True)).to_be_visible()
    expect(home.get_by_role("button", name="Test connection")).to_be_visible()
