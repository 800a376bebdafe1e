"""What a user may read: the tables and columns that it may not are named, and the SQL mends it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from headrace.checks import Check, CheckStatus, Layer
from headrace.connections import Credentials, PostgresConnection
from headrace.model import Selection
from tests.conftest import Database
from tests.sources.probing import facts, probed
from tests.sources.reading import selected, user_without_rights

TABLES = '''
CREATE TABLE orders (id int PRIMARY KEY, customer text, "Card number" text);
CREATE TABLE customers (id int);
CREATE SCHEMA "Sales ""north""";
CREATE TABLE "Sales ""north""".deals (id int, price int);
'''
NORTH = 'Sales "north"'


@dataclass(frozen=True)
class Reader:
    """A user that owns nothing, in a database with tables."""

    database: Database
    connection: PostgresConnection
    credentials: Credentials

    def rights(self, *selection: Selection) -> Check:
        return probed(self.connection, self.credentials, selection)[Layer.RIGHTS]

    def execute(self, sql: str | None) -> None:
        """Run SQL as the administrator; `reader` in it is the user."""
        self.database.execute((sql or "").replace("reader", self.connection.user))


@pytest.fixture
def reader(database: Database) -> Iterator[Reader]:
    database.execute(TABLES)
    with user_without_rights(database) as (connection, credentials):
        yield Reader(database, connection, credentials)


def north(*columns: str) -> Selection:
    return Selection(schema_name=NORTH, table_name="deals", columns=columns or None)


def test_a_selection_that_may_be_read(reader: Reader) -> None:
    reader.execute("GRANT SELECT ON customers TO reader; GRANT SELECT (id) ON orders TO reader")
    check = reader.rights(selected("customers"), selected("orders", ["id"]))
    assert check.status is CheckStatus.PASSED
    assert "all 2 selected tables" in check.found
    assert "may only read" in facts(check)["account"].value
    assert check.grants is not None
    assert 'GRANT SELECT ("id") ON "public"."orders"' in check.grants.create


@pytest.mark.parametrize(
    "selection",
    [
        [selected("orders")],
        [selected("orders", ["id", "Card number"])],
        [north()],
        [north("price"), selected("customers")],
    ],
)
def test_the_copied_sql_mends_exactly_what_is_lacking(
    reader: Reader, selection: list[Selection]
) -> None:
    check = reader.rights(*selection)
    assert (check.status, check.code) == (CheckStatus.FAILED, "permission_denied")
    assert {field.path.split(".")[1] for field in check.fields} == set(
        map(str, range(len(selection)))
    )
    assert check.grants is not None
    reader.database.execute(check.copy_text or "")
    assert reader.rights(*selection).status is CheckStatus.PASSED
    for other in (selected("orders", ["customer"]), north("id")):
        if Selection(**other.ref.model_dump()) not in selection:
            assert reader.rights(other).code == "permission_denied"


def test_columns_that_are_lacking_are_named_alone(reader: Reader) -> None:
    reader.execute("GRANT SELECT (id) ON orders TO reader")
    check = reader.rights(selected("orders", ["id", "customer"]))
    assert "of public.orders may not be read: customer." in check.found
    assert check.copy_text == (
        f'GRANT SELECT ("customer") ON "public"."orders" TO "{reader.connection.user}";'
    )
    assert [field.path for field in check.fields] == ["selection.0.columns"]


@pytest.mark.parametrize(
    ("wrong", "code", "path", "meant"),
    [
        (selected("Orders"), "table_not_found", "selection.1.table_name", "orders"),
        (selected("costumers"), "table_not_found", "selection.1.table_name", "customers"),
        (selected("xyz"), "table_not_found", "selection.1.table_name", None),
        (
            Selection(schema_name='sales "north"', table_name="deals"),
            "table_not_found",
            "selection.1.schema_name",
            NORTH,
        ),
        (
            selected("orders", ["card number"]),
            "column_not_found",
            "selection.1.columns",
            "Card number",
        ),
    ],
)
def test_near_names_are_offered(
    reader: Reader, wrong: Selection, code: str, path: str, meant: str | None
) -> None:
    reader.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    check = reader.rights(selected("customers"), wrong)
    assert (check.status, check.code) == (CheckStatus.FAILED, code)
    assert [(field.path, field.suggestion) for field in check.fields] == [(path, meant)]
    assert ("did you mean" in check.found) == (meant is not None)
    assert check.copy_text is None


def test_everything_that_is_wrong_is_told_at_once(reader: Reader) -> None:
    check = reader.rights(selected("gone"), selected("orders"), north())
    assert check.code == "table_not_found"
    assert [field.path for field in check.fields] == [
        "selection.0.table_name", "selection.1.table_name", "selection.2.schema_name",
        "selection.2.table_name",
    ]  # fmt: skip
    reader.database.execute(check.copy_text or "")
    assert reader.rights(selected("orders"), north()).status is CheckStatus.PASSED


def test_a_name_too_long_is_not_cut_to_one_that_exists(reader: Reader) -> None:
    reader.execute(f"CREATE TABLE {'t' * 63} (a int)")
    assert reader.rights(selected("t" * 64)).code == "table_not_found"


def test_a_view_and_a_partitioned_table_are_enough_by_themselves(reader: Reader) -> None:
    reader.execute(
        "CREATE VIEW seen AS SELECT id FROM orders; GRANT SELECT ON seen TO reader;"
        "CREATE TABLE days (d int) PARTITION BY RANGE (d);"
        "CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM (0) TO (9);"
        "GRANT SELECT ON days TO reader"
    )
    check = reader.rights(selected("seen"), selected("days"))
    assert check.status is CheckStatus.PASSED


def test_without_a_selection_all_tables_are_counted_by_schema(reader: Reader) -> None:
    reader.execute("GRANT SELECT ON customers TO reader")
    check = reader.rights()
    assert check.status is CheckStatus.PASSED
    assert "1 of 3 tables" in check.found
    told = facts(check)
    assert told["schema 'public'"].value == "1 of 2 tables may be read."
    assert "USAGE" in told[f"schema '{NORTH}'"].value
    assert told["may not be read"].value == f"{NORTH}.deals, public.orders."
    assert check.grants is None


def test_many_tables_that_may_not_be_read_are_cut_short(reader: Reader) -> None:
    reader.execute(
        "GRANT SELECT ON customers TO reader;"
        "DO $$ BEGIN FOR i IN 1..200 LOOP EXECUTE format('CREATE TABLE many_%s ()', i);"
        "END LOOP; END $$"
    )
    told = facts(reader.rights())["may not be read"].value
    assert told.endswith(" and 182 more.")
    assert told.count(",") == 19


def test_nothing_may_be_read(reader: Reader) -> None:
    check = reader.rights()
    assert check.status is CheckStatus.WARNED
    assert "none of 3" in check.found
    reader.database.execute(check.copy_text or "")
    assert "3 of 3" in reader.rights().found


def test_names_that_would_steer_a_terminal_are_written_out(reader: Reader) -> None:
    reader.execute('GRANT SELECT ON customers TO reader; CREATE TABLE U&"a\\001b[31m\\000a" ()')
    check = reader.rights()
    assert "public.a\\x1b[31m\\n" in facts(check)["may not be read"].value
