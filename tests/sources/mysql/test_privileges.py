"""What a user may do beyond reading, from the lines of SHOW GRANTS."""

from __future__ import annotations

import pytest

from headrace.checks import CheckStatus, Layer
from headrace.sources.mysql.privileges import beyond_reading
from tests.conftest import MariadbDatabase
from tests.sources.mysql.checking import administrator, checked, facts, user

HASH = "*B69027D44F6E5EDC07F1AEAD1477967B16F28227"


@pytest.mark.parametrize(
    ("line", "beyond"),
    [
        ("GRANT USAGE ON *.* TO `r`@`%`", {}),
        ("GRANT SELECT, SHOW VIEW ON `shop`.* TO `r`@`%`", {}),
        ("GRANT SELECT (`a`, `b`) ON `shop`.`t` TO `r`@`%`", {}),
        ("GRANT `reading` TO `r`@`%`", {}),
        ("GRANT `reading` TO `r`@`%` WITH ADMIN OPTION", {}),
        ("GRANT EXECUTE ON FUNCTION `shop`.`f` TO `r`@`%`", {}),
        ("GRANT PROXY ON ''@'%' TO 'r'@'%' WITH GRANT OPTION", {}),
        ("SET DEFAULT ROLE `reading` FOR `r`@`%`", {}),
        ("GRANT USAGE ON *.* TO `GRANT FILE ON *.* TO x WITH GRANT OPTION`@`%`", {}),
        ("GRANT SELECT ON `a``, INSERT ON ``b`.* TO `r`@`%`", {}),
        (
            f"GRANT ALL PRIVILEGES ON *.* TO `r`@`%` IDENTIFIED BY PASSWORD '{HASH}' "
            "WITH GRANT OPTION",
            {"everything": ["ALL PRIVILEGES", "GRANT OPTION"]},
        ),
        (
            "GRANT SELECT, INSERT, BACKUP_ADMIN ON *.* TO `r`@`%`",
            {"everything": ["INSERT", "BACKUP_ADMIN"]},
        ),
        ("GRANT SELECT, DELETE ON `sh``op`.* TO 'r'@'%'", {"sh`op.*": ["DELETE"]}),
        ("GRANT SELECT (`a`), UPDATE (`b`) ON `shop`.`t` TO `r`@`%`", {"shop.t": ["UPDATE"]}),
        ("GRANT <script> ON `shop`.`t` TO `r`@`%`", {}),
    ],
)
def test_a_line(line: str, beyond: dict[str, list[str]]) -> None:
    assert beyond_reading([line]) == beyond


def test_a_line_without_an_end() -> None:
    """Were the quotes read in every possible way, this would not end."""
    assert beyond_reading(["GRANT SELECT ON " + "`" * 100_001]) == {}


def test_an_administrator(mariadb_database: MariadbDatabase) -> None:
    check = checked(administrator(mariadb_database))[Layer.RIGHTS]
    assert "'admin'@'%' may do more than read: ALL PRIVILEGES" in facts(check)["account"].value


def test_a_reader_by_a_role(mariadb_database: MariadbDatabase) -> None:
    """What comes by an active role counts too."""
    role = f"role_{mariadb_database.name[:20]}"
    mariadb_database.execute(f"CREATE TABLE t (a int); CREATE ROLE {role}")
    grants = (
        f"GRANT SELECT ON {{database}}.* TO {role}",
        f"GRANT {role} TO {{user}}",
        f"SET DEFAULT ROLE {role} FOR {{user}}",
    )
    try:
        with user(mariadb_database, *grants) as login:
            check = checked(login)[Layer.RIGHTS]
            assert check.status is CheckStatus.PASSED
            assert "may only read" in facts(check)["account"].value
            mariadb_database.execute(f"GRANT DROP ON *.* TO {role}")
            check = checked(login)[Layer.RIGHTS]
            assert check.status is CheckStatus.WARNED
            assert "DROP on everything" in facts(check)["account"].value
    finally:
        mariadb_database.execute(f"DROP ROLE {role}")


def test_no_hash_of_a_password_is_shown(mariadb_database: MariadbDatabase) -> None:
    with user(mariadb_database, "GRANT ALL ON {database}.* TO {user} WITH GRANT OPTION") as login:
        name = login[0].user
        stored = mariadb_database.execute(
            f"SELECT authentication_string FROM mysql.user WHERE User = '{name}'"
        )
        assert stored in mariadb_database.execute(f"SHOW GRANTS FOR {name}")
        assert stored not in repr(checked(login))
