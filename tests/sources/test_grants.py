"""The generated user passes the connection test, reads the selection, and is refused the rest."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from uuid import uuid4

import pytest
from pydantic import SecretStr

from devservers.postgres_releases import EMBEDDED
from headrace import sources
from headrace.checks import CheckStatus, Grants, Layer
from headrace.connections import Credentials, PostgresConnection
from headrace.errors import PERMISSION_DENIED, HeadraceError
from headrace.model import Selection, UnfitPolicy
from headrace.sources.postgres.grants import PLACEHOLDER
from tests.conftest import LOCAL, Database, both_ends
from tests.sources.probing import facts, failed, probed
from tests.sources.reading import selected

PASSWORD = "generated-7391"
SCHEMA = 'Sales "north"'
TABLES = '''
CREATE TABLE "Order's ""list""" ("Id" int, amount numeric(9, 2), card text);
INSERT INTO "Order's ""list""" VALUES (1, 1.50, '4711'), (2, 2.25, '4712');
CREATE TABLE customers (id int);
CREATE SCHEMA "Sales ""north""";
CREATE TABLE "Sales ""north""".deals (d int, price int) PARTITION BY RANGE (d);
CREATE TABLE "Sales ""north""".deals_1 PARTITION OF "Sales ""north""".deals
    FOR VALUES FROM (0) TO (9);
INSERT INTO "Sales ""north""".deals VALUES (1, 10), (2, 20), (3, 30);
'''
ORDERS = selected('Order\'s "list"', ["Id", "amount"])
DEALS = Selection(schema_name=SCHEMA, table_name="deals")


@dataclass(frozen=True)
class Generated:
    """A user made by the SQL."""

    database: Database
    user: str
    grants: Grants

    @property
    def connection(self) -> PostgresConnection:
        return self.database.connection.model_copy(update={"user": self.user})

    @property
    def credentials(self) -> Credentials:
        return Credentials(password=SecretStr(PASSWORD))

    def rows(self, selection: Selection) -> int:
        with (
            closing(sources.connect(self.connection, self.credentials, LOCAL)) as connected,
            connected.read(selection, UnfitPolicy.FAIL) as reader,
        ):
            return sum(batch.num_rows for batch in reader)

    def may(self) -> list[str]:
        """What the SQL that verifies lists, of the user itself and of PUBLIC."""
        return self.database.execute(self.grants.verify).splitlines()


@pytest.fixture
def generated(database: Database) -> Iterator[Generated]:
    database.execute(TABLES)
    user = f'Reader\'s "{uuid4().hex}"'
    grants = sources.grants(database.connection, [ORDERS, DEALS], user)
    database.execute(grants.create.replace(PLACEHOLDER, f"'{PASSWORD}'"))
    yield Generated(database, user, grants)
    name = user.replace("'", "''")
    if database.execute(f"SELECT FROM pg_roles WHERE rolname = '{name}'"):
        database.execute(grants.revoke)


def refused(generated: Generated, selection: Selection) -> bool:
    try:
        generated.rows(selection)
    except HeadraceError as error:
        return error.kind is PERMISSION_DENIED
    return False


@both_ends
def test_the_user_passes_the_test_and_reads_the_selection(generated: Generated) -> None:
    checks = probed(generated.connection, generated.credentials, [ORDERS, DEALS])
    assert checks[Layer.RIGHTS].status is CheckStatus.PASSED
    assert "may only read" in facts(checks[Layer.RIGHTS])["account"].value
    assert facts(checks[Layer.FITNESS])["connections"].advice is None
    assert generated.rows(ORDERS) == 2
    assert generated.rows(DEALS) == 3


@both_ends
def test_the_user_is_refused_the_rest(generated: Generated) -> None:
    assert refused(generated, selected("customers"))
    assert refused(generated, selected(ORDERS.table_name, ["card"]))
    assert refused(generated, selected(ORDERS.table_name))
    check = failed(probed(generated.connection, generated.credentials, [selected("customers")]))
    assert (check.layer, check.code) == (Layer.RIGHTS, "permission_denied")


@both_ends
def test_the_sql_that_verifies_lists_what_was_granted_and_nothing_else(
    generated: Generated,
) -> None:
    user, name = generated.user, generated.database.name
    listed = generated.may()
    assert {line for line in listed if not line.startswith("PUBLIC|")} == {
        f"{user}|column|public.{ORDERS.table_name}|Id|SELECT",
        f"{user}|column|public.{ORDERS.table_name}|amount|SELECT",
        f"{user}|database|{name}||CONNECT",
        f"{user}|schema|public||USAGE",
        f"{user}|schema|{SCHEMA}||USAGE",
        f"{user}|table|{SCHEMA}.deals||SELECT",
    }
    public = [line for line in listed if line.startswith("PUBLIC|")]
    assert {line.split("|")[1] for line in public} == {"database", "schema"}


def test_the_sql_that_verifies_shows_what_was_added_since(generated: Generated) -> None:
    before = set(generated.may())
    quoted = '"' + generated.user.replace('"', '""') + '"'
    generated.database.execute(
        f"GRANT DELETE ON customers TO {quoted} WITH GRANT OPTION;"
        f"ALTER ROLE {quoted} CREATEDB; GRANT pg_monitor TO {quoted};"
        f"CREATE TABLE owned (); ALTER TABLE owned OWNER TO {quoted};"
        "GRANT SELECT ON customers TO PUBLIC"
    )
    added = {line.removeprefix(f"{generated.user}|") for line in set(generated.may()) - before}
    generated.database.execute("DROP TABLE owned; REVOKE ALL ON customers FROM " + quoted)
    assert added >= {
        "table|public.customers||DELETE WITH GRANT OPTION",
        f"role|{generated.user}||CREATEDB",
        "role|pg_monitor||MEMBER",
        "table|public.owned||OWNER",
        "PUBLIC|table|public.customers||SELECT",
    }


@both_ends
def test_after_the_sql_that_takes_it_back_the_user_is_gone(generated: Generated) -> None:
    generated.database.execute(generated.grants.revoke)
    check = failed(probed(generated.connection, generated.credentials))
    assert (check.layer, check.code) == (Layer.LOGIN, "password_rejected")
    assert not [line for line in generated.may() if not line.startswith("PUBLIC|")]


def test_a_session_of_the_user_begins_read_only(generated: Generated) -> None:
    server, name = generated.database.server, generated.database.name
    done = subprocess.run(
        [
            EMBEDDED.binaries() / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", server.host,
            "-p", str(server.port), "-U", generated.user, "-d", name,
            "-c", "CREATE TEMPORARY TABLE t (a int)",
        ],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PGPASSWORD": PASSWORD, "PGSSLMODE": "disable"},
    )  # fmt: skip
    assert "read-only transaction" in done.stderr


def test_without_a_password_of_ones_own_nothing_is_made(database: Database) -> None:
    grants = sources.grants(database.connection, [selected("t")], "headrace_reader")
    with pytest.raises(RuntimeError, match="syntax error"):
        database.execute(grants.create)


def test_rights_that_were_added_since_keep_the_user(generated: Generated) -> None:
    quoted = '"' + generated.user.replace('"', '""') + '"'
    generated.database.execute(f"GRANT SELECT ON customers TO {quoted}")
    with pytest.raises(RuntimeError, match="privileges for table customers"):
        generated.database.execute(generated.grants.revoke)
    assert generated.rows(ORDERS) == 2
    generated.database.execute(f"REVOKE SELECT ON customers FROM {quoted}")
