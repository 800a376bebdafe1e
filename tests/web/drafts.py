"""Drafts for the page to go on with, over databases of a test's own."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from headrace.api.save_draft import SaveDraft, save_draft
from headrace.api.sources import SourceRef, activate
from headrace.connections import Connection
from headrace.local import LocalServer
from headrace.model import Source
from headrace.records import Sources
from headrace.services import Services
from headrace.settings import Settings
from tests.api.drafts import credentials
from tests.conftest import Database, MariadbDatabase

MODEL = "default"

SHOP = """
CREATE SCHEMA sales; CREATE SCHEMA crm;
CREATE TABLE sales.orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id int NOT NULL, amount numeric(12, 2) NOT NULL, note text,
    created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE sales.orders IS 'Every order since 2019';
CREATE INDEX orders_updated ON sales.orders (updated_at);
INSERT INTO sales.orders (customer_id, amount, note)
    SELECT i % 900, i / 7.0, 'Order ' || i FROM generate_series(1, 20000) i;
CREATE TABLE sales.countries (code char(2) PRIMARY KEY, name text NOT NULL);
INSERT INTO sales.countries VALUES ('DE', 'Germany'), ('FR', 'France'), ('PL', 'Poland');
CREATE TABLE sales.log_lines (line text, logged_at timestamptz);
INSERT INTO sales.log_lines SELECT repeat('x', 200), now() FROM generate_series(1, 15000);
CREATE VIEW sales.large_orders AS SELECT * FROM sales.orders WHERE amount > 1000;
CREATE TABLE crm.customers (id int PRIMARY KEY, name text, born date, score numeric);
INSERT INTO crm.customers VALUES (1, 'Ada', 'infinity', 1.5), (2, 'Grace', '1906-12-09', 'NaN');
CREATE TABLE crm.orders (id int PRIMARY KEY);
ANALYZE;
"""


def store(settings: Settings, database: Database | MariadbDatabase, **changes: Any) -> Source:
    """A draft as the connection step leaves it."""
    given = {"connection": database.connection, "credentials": database.credentials, **changes}
    return create(settings, **given)


def create(settings: Settings, connection: Connection, **changes: Any) -> Source:
    given = {"name": "Shop", "credentials": credentials(), "connection": connection, **changes}
    services = Services(settings)
    source = save_draft(services, SaveDraft(model_id=MODEL, **given))
    services.close()
    return source


def only(settings: Settings) -> Source:
    """The only source that there is."""
    services = Services(settings)
    (source,) = Sources(services.documents).list(MODEL, limit=2)
    services.close()
    return source


def change(settings: Settings, source: Source, **changes: Any) -> Source:
    """As somebody else saves it meanwhile."""
    services = Services(settings)
    now = Sources(services.documents).get(MODEL, source.source_id)
    request = SaveDraft(model_id=MODEL, source_id=source.source_id, etag=now.etag, **changes)
    saved = save_draft(services, request)
    services.close()
    return saved


def activated(settings: Settings, source: Source) -> Source:
    services = Services(settings)
    now = activate(services, SourceRef(model_id=MODEL, source_id=source.source_id))
    services.close()
    return now


def stored(settings: Settings, source: Source) -> Source:
    services = Services(settings)
    found = Sources(services.documents).get(MODEL, source.source_id)
    services.close()
    return found


def fits(page: Page) -> None:
    """Nothing is wider than the window."""
    wide = page.evaluate(
        """() => [...document.querySelectorAll("main *")]
            .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
            .map((each) => each.outerHTML.slice(0, 120))"""
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), wide


def enter(page: Page, server: LocalServer, source: Source, step: str) -> None:
    """Open a step as somebody does who has its address."""
    page.goto(f"{server.page}&to=/m/{MODEL}/sources/{source.source_id}/set-up/{step}")
