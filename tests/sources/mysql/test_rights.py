"""Which selected tables can't be read, and that the statements to copy mend exactly that."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import pymysql
import pytest

from devservers import mariadb as devmariadb
from headrace.checks import CheckStatus, Layer
from headrace.model import Selection
from tests.conftest import MariadbDatabase
from tests.sources.mysql.checking import administrator, checked, facts, user
from tests.sources.mysql.reading import selected


@pytest.fixture
def shop(mariadb_database: MariadbDatabase) -> MariadbDatabase:
    mariadb_database.execute(
        "CREATE TABLE orders (id int, total int, secret int); CREATE TABLE customers (id int);"
        "CREATE VIEW totals AS SELECT total FROM orders"
    )
    return mariadb_database


@dataclass(frozen=True)
class Case:
    """What was granted, what is selected of which table, what is said, and what mends it."""

    granted: tuple[str, ...]
    table: str
    columns: list[str] | None
    said: str
    mended_by: str


ENTER = "GRANT CREATE TEMPORARY TABLES ON {database}.* TO {user}"
CASES = {
    "nothing": Case(
        (ENTER,),
        "orders",
        None,
        "orders may not be read, or is not there",
        "GRANT SELECT ON `{database}`.`orders` TO `{user}`@`%`;",
    ),
    "another right": Case(
        ("GRANT INSERT ON {database}.orders TO {user}",),
        "orders",
        None,
        "orders may not be read.",
        "GRANT SELECT ON `{database}`.`orders` TO `{user}`@`%`;",
    ),
    "columns of nothing": Case(
        (ENTER,),
        "orders",
        ["id", "total"],
        "orders may not be read, or is not there",
        "GRANT SELECT (`id`, `total`) ON `{database}`.`orders` TO `{user}`@`%`;",
    ),
    "some columns": Case(
        ("GRANT SELECT (id) ON {database}.orders TO {user}",),
        "orders",
        ["id", "secret", "total"],
        "which: secret, total.",
        "GRANT SELECT (`secret`, `total`) ON `{database}`.`orders` TO `{user}`@`%`;",
    ),
    "all columns": Case(
        ("GRANT SELECT (id, total) ON {database}.orders TO {user}",),
        "orders",
        None,
        "no more than these may be read: id, total.",
        "GRANT SELECT ON `{database}`.`orders` TO `{user}`@`%`;",
    ),
    "a view": Case(
        ("GRANT SELECT ON {database}.orders TO {user}",),
        "totals",
        None,
        "totals may not be read, or is not there",
        "GRANT SELECT ON `{database}`.`totals` TO `{user}`@`%`;",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_right_that_is_lacking(shop: MariadbDatabase, case: Case) -> None:
    selection = [selected(shop, case.table, case.columns)]
    with user(shop, *case.granted) as login:
        check = checked(login, selection)[Layer.RIGHTS]
        assert (check.status, check.code) == (CheckStatus.FAILED, "permission_denied")
        assert case.said in check.found
        assert check.copy_text == case.mended_by.format(database=shop.name, user=login[0].user)
        assert check.hint
        assert check.fields[0].path.startswith("selection.0.")
        shop.execute(check.copy_text)
        assert checked(login, selection)[Layer.RIGHTS].status is not CheckStatus.FAILED


@pytest.mark.parametrize(
    "granted",
    [
        "GRANT SELECT ON *.* TO {user}",
        "GRANT SELECT ON {database}.* TO {user}",
        "GRANT SELECT ON `test\\_%`.* TO {user}",
        "GRANT SELECT ON {database}.orders TO {user}",
        "GRANT SELECT (id, total, secret) ON {database}.orders TO {user}",
    ],
)
def test_a_right_at_every_level(shop: MariadbDatabase, granted: str) -> None:
    with user(shop, granted) as login:
        columns = ["id", "total", "secret"]
        check = checked(login, [selected(shop, "orders", columns)])[Layer.RIGHTS]
    assert check.status is CheckStatus.PASSED
    assert check.grants is not None


@pytest.mark.parametrize(
    ("table", "columns", "code", "path", "meant"),
    [
        ("Orders", None, "table_not_found", "selection.0.table_name", "orders"),
        ("customer", None, "table_not_found", "selection.0.table_name", "customers"),
        ("entirely_else", None, "table_not_found", "selection.0.table_name", None),
        ("orders", ["id", "totl"], "column_not_found", "selection.0.columns", "total"),
    ],
)
def test_what_is_not_there(
    shop: MariadbDatabase,
    table: str,
    columns: list[str] | None,
    code: str,
    path: str,
    meant: str | None,
) -> None:
    with user(shop, "GRANT SELECT ON {database}.* TO {user}") as login:
        check = checked(login, [selected(shop, table, columns)])[Layer.RIGHTS]
    assert check.code == code
    assert [(field.path, field.suggestion) for field in check.fields] == [(path, meant)]
    assert check.copy_text is None  # nobody can grant a right to it


def test_a_hidden_table_with_a_name_like_a_visible_one(shop: MariadbDatabase) -> None:
    with user(shop, "GRANT SELECT ON {database}.orders TO {user}") as login:
        check = checked(login, [selected(shop, "order")])[Layer.RIGHTS]
    assert check.code == "permission_denied"
    assert "did you mean 'orders'?" in check.found


def test_each_of_many_is_told(shop: MariadbDatabase) -> None:
    shop.execute("".join(f"CREATE TABLE t{number} (a int);" for number in range(120)))
    grants = [f"GRANT SELECT ON {{database}}.t{n} TO {{user}}" for n in range(120) if n % 50 != 7]
    selection = [selected(shop, f"t{number}") for number in range(120)]
    with user(shop, ";".join(grants)) as login:
        check = checked(login, selection)[Layer.RIGHTS]
        assert [field.path for field in check.fields] == [
            f"selection.{place}.table_name" for place in (7, 57, 107)
        ]
        assert check.copy_text is not None
        assert len(check.copy_text.splitlines()) == 3
        shop.execute(check.copy_text)
        assert checked(login, selection)[Layer.RIGHTS].status is CheckStatus.PASSED


def test_many_more_than_are_explained(shop: MariadbDatabase) -> None:
    with user(shop, ENTER) as login:
        check = checked(login, [selected(shop, f"t{n}") for n in range(40)])[Layer.RIGHTS]
    assert len(check.fields) == 30
    assert "the others were not looked at" in check.found


@pytest.fixture
def role(shop: MariadbDatabase) -> Iterator[str]:
    name = f"role_{uuid4().hex[:8]}"
    shop.execute(f"CREATE ROLE {name}; GRANT SELECT ON {shop.name}.* TO {name}")
    yield name
    shop.execute(f"DROP ROLE {name}")


@pytest.mark.parametrize(
    ("granted", "layer"), [((ENTER,), Layer.RIGHTS), ((), Layer.DATABASE)], ids=["read", "enter"]
)
def test_a_role_that_is_not_active(
    shop: MariadbDatabase, role: str, granted: tuple[str, ...], layer: Layer
) -> None:
    with user(shop, *granted, f"GRANT {role} TO {{user}}") as login:
        selection = [selected(shop, "orders")]
        check = checked(login, selection)[layer]
        assert check.status is CheckStatus.FAILED
        assert role in check.found
        assert check.copy_text == f"SET DEFAULT ROLE `{role}` FOR `{login[0].user}`@`%`;"
        shop.execute(check.copy_text)
        checks = checked(login, selection)
        assert checks[Layer.DATABASE].status is CheckStatus.PASSED
        assert checks[Layer.RIGHTS].status is CheckStatus.PASSED


@pytest.mark.parametrize(
    "broken",
    [
        "CREATE TABLE gone (a int); CREATE VIEW broken AS SELECT a FROM gone; DROP TABLE gone",
        "CREATE DEFINER = 'nobody here' VIEW broken AS SELECT id FROM orders",
        "CREATE USER owner_{database}; CREATE DEFINER = owner_{database} VIEW broken AS "
        "SELECT id FROM orders",
    ],
    ids=["what it reads is gone", "its owner is gone", "its owner may not read"],
)
def test_a_view_that_nobody_can_read(shop: MariadbDatabase, broken: str) -> None:
    owner = shop.name[:20]
    shop.execute(broken.format(database=owner))
    try:
        with user(shop, "GRANT SELECT ON {database}.* TO {user}") as login:
            selection = [selected(shop, "orders"), selected(shop, "broken")]
            check = checked(login, selection)[Layer.RIGHTS]
    finally:
        shop.execute(f"DROP USER IF EXISTS owner_{owner}")
    assert check.code == "view_invalid"
    assert [field.path for field in check.fields] == ["selection.1.table_name"]


def test_a_table_that_is_being_altered(shop: MariadbDatabase) -> None:
    """An ALTER TABLE that waits for somebody's transaction makes all others wait."""
    reader = pymysql.connect(
        host=shop.server.host,
        port=shop.server.port,
        user=devmariadb.USER,
        password=shop.server.password,
        database=shop.name,
    )
    reader.begin()
    reader.cursor().execute("SELECT * FROM orders")
    alter = threading.Thread(target=shop.execute, args=("ALTER TABLE orders ADD more int",))
    alter.start()
    shop.execute(
        "DELIMITER //\n"
        "SET STATEMENT max_statement_time = 10 FOR BEGIN NOT ATOMIC\n"
        "WHILE NOT EXISTS (SELECT 1 FROM information_schema.processlist\n"
        "WHERE db = DATABASE() AND state LIKE 'Waiting for table metadata%') DO\n"
        "SELECT SLEEP(0.01) INTO @x;\n"
        "END WHILE; END//\n"
    )
    selection = [selected(shop, "customers"), selected(shop, "orders")]
    with reader, user(shop, "GRANT SELECT ON {database}.* TO {user}") as login:
        check = checked(login, selection)[Layer.RIGHTS]
    alter.join()
    assert check.code == "table_locked"
    assert f"{shop.name}.orders" in check.found
    assert "customers" not in check.found


def test_a_server_to_which_the_case_of_letters_is_nothing() -> None:
    """It finds the table, but the names are compared as they are written."""
    server = devmariadb.temporary_server(lower_case_table_names="1").start()
    try:
        server.execute("CREATE DATABASE Shop; CREATE TABLE Shop.Orders (id int)")
        shop = MariadbDatabase(server, "Shop")
        asked = Selection(schema_name="shop", table_name="Orders")
        checks = checked(administrator(shop), [asked])
        assert checks[Layer.DATABASE].status is CheckStatus.WARNED
        assert "'shop'" in (checks[Layer.DATABASE].hint or "")
        rights = checks[Layer.RIGHTS]
        assert rights.code == "table_not_found"
        assert [field.suggestion for field in rights.fields] == ["orders"]
    finally:
        server.remove()


def test_a_user_who_may_write_is_a_warning(shop: MariadbDatabase) -> None:
    with user(shop, "GRANT SELECT, INSERT ON {database}.* TO {user}") as login:
        check = checked(login, [selected(shop, "orders")])[Layer.RIGHTS]
    assert check.status is CheckStatus.WARNED
    account = facts(check)["account"]
    assert f"INSERT on {shop.name}.*" in account.value
    assert "headrace grants" in (account.advice or "")
