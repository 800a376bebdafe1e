"""From an empty screen to rows in DuckDB: with the mouse, and with the keyboard alone."""

from __future__ import annotations

import re
from dataclasses import dataclass

import duckdb
import pytest
from playwright.sync_api import Page, expect

from headrace.local import LocalServer
from headrace.settings import Settings
from tests.conftest import Database, MariadbDatabase
from tests.web.keys import Keyboard
from tests.web.overhearing import TOLD, Overheard

ORDERS = 1_200
COUNTRIES = 3

# So many rows that are changed now and then, and a few that hardly are.
_POSTGRES = f"""
CREATE TABLE orders (
    id int PRIMARY KEY, note text NOT NULL, updated_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO orders (id, note) SELECT n, 'Order ' || n FROM generate_series(1, {ORDERS}) n;
CREATE TABLE countries (code char(2) PRIMARY KEY, name text NOT NULL);
INSERT INTO countries VALUES ('DE', 'Germany'), ('FR', 'France'), ('PL', 'Poland');
ANALYZE;
"""
_MARIADB = f"""
CREATE TABLE orders (
    id int PRIMARY KEY, note text NOT NULL,
    updated_at timestamp NOT NULL DEFAULT current_timestamp()
);
INSERT INTO orders (id, note) SELECT seq, concat('Order ', seq) FROM seq_1_to_{ORDERS};
CREATE TABLE countries (code char(2) PRIMARY KEY, name text NOT NULL);
INSERT INTO countries VALUES ('DE', 'Germany'), ('FR', 'France'), ('PL', 'Poland');
ANALYZE TABLE orders, countries;
"""


@dataclass(frozen=True)
class Origin:
    """A database with a shop in it; `downs` is how often Down chooses its type in step 1."""

    label: str
    downs: int
    database: Database | MariadbDatabase

    @property
    def password(self) -> str:
        return self.database.server.password


@pytest.fixture(params=["postgres", "mariadb"])
def origin(request: pytest.FixtureRequest) -> Origin:
    if request.param == "postgres":
        postgres: Database = request.getfixturevalue("database")
        postgres.execute(_POSTGRES)
        return Origin("PostgreSQL", 0, postgres)
    mariadb: MariadbDatabase = request.getfixturevalue("mariadb_database")
    mariadb.execute(_MARIADB)
    return Origin("MySQL or MariaDB", 1, mariadb)


def in_duckdb(settings: Settings) -> dict[str, int]:
    """How many rows of each table have arrived, as DuckDB counts them."""
    path = settings.destination.removeprefix("duckdb://")
    with duckdb.connect(path, read_only=True) as warehouse:
        tables = warehouse.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE schema_name LIKE 'shop%'"
        ).fetchall()
        counted = {}
        for schema, table in tables:
            row = warehouse.execute(f'SELECT count(*) FROM "{schema}"."{table}"').fetchone()
            assert row
            counted[f"{schema}.{table}"] = row[0]
    return counted


def test_with_the_mouse(
    home: Page, server: LocalServer, settings: Settings, origin: Origin
) -> None:
    overheard = Overheard(home)
    expect(home.get_by_text("Bring your first database")).to_be_visible()
    home.get_by_role("link", name="Add a source").click()
    home.get_by_text(origin.label, exact=True).click()
    home.get_by_label("Name", exact=True).click()
    home.keyboard.type("Shop")
    home.get_by_role("button", name="Go on").click()

    expect(home.get_by_role("heading", name="Connection", exact=True)).to_be_visible()
    home.evaluate("(text) => navigator.clipboard.writeText(text)", origin.database.url)
    home.get_by_label("Host", exact=True).click()
    home.keyboard.press("Control+V")
    home.get_by_role("button", name="Test connection").click()
    expect(home.get_by_text("The connection works. The draft is saved.")).to_be_visible()
    home.get_by_role("button", name="Go on to tables").click()

    home.get_by_role("checkbox", name="Choose orders").click()
    home.get_by_role("checkbox", name="Choose countries").click()
    expect(home.get_by_text("2 tables chosen")).to_be_visible()
    home.get_by_role("button", name="Go on", exact=True).click()

    home.get_by_role("radio", name="Hourly").click()
    expect(home.locator(".next-runs li")).to_have_count(5)
    home.get_by_role("button", name="Go on", exact=True).click()

    expect(home.get_by_text("all 2 selected tables", exact=False)).to_be_visible()
    home.get_by_role("button", name="Activate and run now").click()
    expect(home.get_by_text("Succeeded", exact=True).first).to_be_visible(timeout=60_000)
    assert sorted(in_duckdb(settings).values()) == [COUNTRIES, ORDERS], in_duckdb(settings)

    home.get_by_role("link", name="Headrace").click()
    sources = home.get_by_role("link", name="Shop", exact=True)
    expect(sources).to_be_visible()
    overheard.has_nothing_of(origin.password)
    assert overheard.has_told(origin.password) == TOLD
    overheard.stays_with(server.url)


def test_with_the_keyboard_alone(
    home: Page, server: LocalServer, settings: Settings, origin: Origin
) -> None:
    overheard = Overheard(home)
    keys = Keyboard(home)
    connection = origin.database.connection
    keys.push(home.get_by_role("link", name="Add a source"))

    keys.is_at(home.get_by_role("heading", name="Source", exact=True))
    keys.go_to(home.get_by_role("radio", name="PostgreSQL"))
    keys.press("Space")
    for _ in range(origin.downs):
        keys.press("ArrowDown")
    expect(home.get_by_role("radio", name=origin.label)).to_be_checked()
    keys.enter(home.get_by_label("Name", exact=True), "Shop")
    keys.press("Enter")

    keys.is_at(home.get_by_role("heading", name="Connection", exact=True))
    keys.enter(home.get_by_label("Host", exact=True), connection.hostname)
    keys.enter(home.get_by_label("Port", exact=True), str(connection.port))
    keys.enter(home.get_by_label("Database", exact=True), connection.database)
    keys.enter(home.get_by_label("User", exact=True), connection.user)
    keys.enter(home.get_by_label("Password", exact=True), origin.password)
    keys.push(home.get_by_text("More: encryption and certificates"))
    tls = home.get_by_label("TLS mode")
    keys.go_to(tls)
    keys.press("End")
    expect(tls).to_have_value("disable")
    keys.push(home.get_by_role("button", name="Test connection"))
    expect(home.get_by_text("The connection works. The draft is saved.")).to_be_visible()
    keys.is_at(home.get_by_role("button", name="Go on to tables"))
    keys.press("Enter")

    keys.is_at(home.get_by_role("heading", name="Tables", exact=True))
    expect(home.get_by_role("button", name="List again")).to_be_visible()
    keys.enter(home.get_by_label("Filter", exact=True), "orders")
    keys.go_to(home.get_by_role("row").filter(has_text="orders"))
    keys.press("Space")
    expect(home.get_by_text("1 table chosen")).to_be_visible()
    keys.push(home.get_by_role("button", name="Go on", exact=True))

    keys.is_at(home.get_by_role("heading", name="Destination and schedule"))
    keys.go_to(home.get_by_role("radio", name="By hand"))
    keys.press("ArrowDown")
    expect(home.get_by_role("radio", name="Every few")).to_be_checked()
    keys.push(home.get_by_role("button", name="Go on", exact=True))

    keys.is_at(home.get_by_role("heading", name="Review"))
    keys.push(home.get_by_role("button", name="Activate and run now"))

    keys.is_at(home.get_by_role("heading", name=re.compile("^Run of")))
    expect(home.get_by_text("Succeeded", exact=True).first).to_be_visible(timeout=60_000)
    assert list(in_duckdb(settings).values()) == [ORDERS], in_duckdb(settings)
    overheard.has_nothing_of(origin.password)
    assert overheard.has_told(origin.password) == TOLD
    overheard.stays_with(server.url)
