"""The SQL of a reader: it reads what is selected, is refused the rest, and is gone afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from headrace import sources
from headrace.checks import CheckStatus, Grants, Layer
from headrace.connections import MysqlConnection, TlsMode
from headrace.errors import PERMISSION_DENIED, HeadraceError
from headrace.model import Selection, UnfitPolicy
from tests.conftest import LOCAL, MariadbDatabase
from tests.sources.mysql.checking import (
    PASSWORD,
    Login,
    checked,
    facts,
    filled_in,
    with_password,
)
from tests.sources.mysql.reading import selected


@pytest.fixture
def shop(mariadb_database: MariadbDatabase) -> MariadbDatabase:
    mariadb_database.execute(
        "CREATE TABLE t (a int, b int); INSERT INTO t VALUES (1, 2);"
        "CREATE TABLE other (a int); INSERT INTO other VALUES (3);"
        "CREATE VIEW v AS SELECT a FROM other;"
        "CREATE TABLE `w``eird '\"\\ ☃` (`c``'\" \\ o` int)"
    )
    return mariadb_database


@pytest.fixture
def reader(shop: MariadbDatabase) -> Iterator[MysqlConnection]:
    name = f"r{uuid4().hex[:8]}`'\"\\ ☃"
    yield shop.connection.model_copy(update={"user": name})
    shop.execute("DROP USER IF EXISTS `" + name.replace("`", "``") + "`@`%`")


def selection(shop: MariadbDatabase) -> list[Selection]:
    return [
        selected(shop, "t", ["a"]),
        selected(shop, "v"),
        selected(shop, "w`eird '\"\\ ☃", ["c`'\" \\ o"]),
    ]


def made(shop: MariadbDatabase, connection: MysqlConnection, *tables: Selection) -> Grants:
    grants = sources.grants(shop.connection, tables, connection.user)
    shop.execute(filled_in(grants.create, PASSWORD))
    return grants


def values(login: Login, table: Selection) -> list[dict[str, object]]:
    connected = sources.connect(*login, LOCAL)
    try:
        with connected.read(table, UnfitPolicy.FAIL) as rows:
            return [row for batch in rows for row in batch.to_pylist()]
    finally:
        connected.close()


def test_the_reader_passes_the_test_and_reads_what_is_selected(
    shop: MariadbDatabase, reader: MysqlConnection
) -> None:
    made(shop, reader, *selection(shop))
    login = with_password((reader, shop.credentials), PASSWORD)
    checks = checked(login, selection(shop))
    assert checks[Layer.RIGHTS].status is CheckStatus.PASSED
    assert "may only read" in facts(checks[Layer.RIGHTS])["account"].value
    assert [values(login, table) for table in selection(shop)] == [[{"a": 1}], [{"a": 3}], []]


@pytest.mark.parametrize("columns", [["b"], ["a", "b"], None])
def test_the_reader_is_refused_the_other_column(
    shop: MariadbDatabase, reader: MysqlConnection, columns: list[str] | None
) -> None:
    made(shop, reader, *selection(shop))
    login = with_password((reader, shop.credentials), PASSWORD)
    refused = [selected(shop, "t", columns)]
    with pytest.raises(HeadraceError) as caught:
        values(login, refused[0])
    assert caught.value.code in ("permission_denied", "column_not_found")
    assert checked(login, refused)[Layer.RIGHTS].code == "permission_denied"


def test_the_reader_is_refused_the_other_table(
    shop: MariadbDatabase, reader: MysqlConnection
) -> None:
    made(shop, reader, *selection(shop))
    login = with_password((reader, shop.credentials), PASSWORD)
    with pytest.raises(HeadraceError) as caught:
        values(login, selected(shop, "other"))
    assert caught.value.kind is PERMISSION_DENIED
    assert checked(login, [selected(shop, "other")])[Layer.RIGHTS].code == "permission_denied"


def test_what_is_verified_is_all_that_was_granted(
    shop: MariadbDatabase, reader: MysqlConnection
) -> None:
    grants = made(shop, reader, *selection(shop))
    usage, *rights = shop.execute(f"SET sql_mode = ''; {grants.verify}").split("\n")
    assert usage.startswith("GRANT USAGE ON *.* ")
    assert "WITH MAX_USER_CONNECTIONS 5" in usage
    assert sorted(right.split(" TO ")[0] for right in rights) == [
        f"GRANT SELECT (`a`) ON `{shop.name}`.`t`",
        f"GRANT SELECT (`c``'\" \\ o`) ON `{shop.name}`.`w``eird '\"\\ ☃`",
        f"GRANT SELECT ON `{shop.name}`.`v`",
    ]


def test_the_reader_is_gone_after_the_rights_are_taken_back(
    shop: MariadbDatabase, reader: MysqlConnection
) -> None:
    grants = made(shop, reader, *selection(shop))
    shop.execute(grants.revoke)
    login = with_password((reader, shop.credentials), PASSWORD)
    assert checked(login)[Layer.LOGIN].code == "password_rejected"
    with pytest.raises(RuntimeError, match="1141"):
        shop.execute(grants.verify)


def test_without_a_password_nobody_is_made(shop: MariadbDatabase, reader: MysqlConnection) -> None:
    grants = sources.grants(shop.connection, selection(shop), reader.user)
    with pytest.raises(RuntimeError, match="1064"):
        shop.execute(grants.create)
    with pytest.raises(RuntimeError, match="1141"):
        shop.execute(grants.verify)


def test_the_statements_mean_the_same_in_every_mode(
    shop: MariadbDatabase, reader: MysqlConnection
) -> None:
    grants = sources.grants(shop.connection, selection(shop), reader.user)
    modes = "SET sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES';"
    shop.execute(modes + filled_in(grants.create, "plain"))
    login = with_password((reader, shop.credentials), "plain")
    assert checked(login, selection(shop))[Layer.RIGHTS].status is CheckStatus.PASSED
    shop.execute(modes + grants.revoke)
    assert checked(login)[Layer.LOGIN].code == "password_rejected"


def test_encryption_is_required_unless_it_is_turned_off(
    shop: MariadbDatabase, reader: MysqlConnection
) -> None:
    connection = shop.connection.model_copy(update={"tls": TlsMode.VERIFY_FULL})
    grants = sources.grants(connection, selection(shop), reader.user)
    shop.execute(filled_in(grants.create, PASSWORD))
    login = with_password((reader, shop.credentials), PASSWORD)
    login_check = checked(login)[Layer.LOGIN]  # without encryption
    assert login_check.code == "password_rejected"
    assert "REQUIRE SSL" in (login_check.hint or "")
    assert "connection.tls" not in {field.path for field in login_check.fields}  # it offers none


def test_tables_of_another_database_alone(shop: MariadbDatabase, reader: MysqlConnection) -> None:
    other = f"{shop.name}_other"
    shop.execute(f"CREATE DATABASE {other}; CREATE TABLE {other}.there (a int)")
    try:
        table = Selection(schema_name=other, table_name="there")
        made(shop, reader, table)
        login = with_password((reader, shop.credentials), PASSWORD)
        checks = checked(login, [table])
        assert checks[Layer.DATABASE].status is CheckStatus.PASSED
        assert checks[Layer.RIGHTS].status is CheckStatus.PASSED
        assert values(login, table) == []
        assert checked(login, [selected(shop, "t")])[Layer.RIGHTS].code == "permission_denied"
    finally:
        shop.execute(f"DROP DATABASE {other}")


def test_an_underscore_stands_for_nothing_else(
    shop: MariadbDatabase, reader: MysqlConnection
) -> None:
    """Where rights to a database are granted, its name is a pattern."""
    alike = shop.name.replace("_", "x")
    shop.execute(f"CREATE DATABASE {alike}; CREATE DATABASE {shop.name}_other")
    shop.execute(f"CREATE TABLE {shop.name}_other.there (a int)")
    try:
        made(shop, reader, Selection(schema_name=f"{shop.name}_other", table_name="there"))
        entering = reader.model_copy(update={"database": alike})
        login = with_password((entering, shop.credentials), PASSWORD)
        assert checked(login)[Layer.DATABASE].code == "database_not_permitted"
    finally:
        shop.execute(f"DROP DATABASE {alike}; DROP DATABASE {shop.name}_other")
