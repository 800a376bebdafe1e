"""What is said to whoever is not let in, and that the statements to copy let them in."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from headrace.checks import Check, CheckStatus, Layer
from headrace.diagnosis.diagnose import diagnose
from headrace.diagnosis.network import Network
from tests.conftest import LOCAL, MariadbDatabase
from tests.diagnosis import impostors
from tests.sources.mysql.checking import (
    PASSWORD,
    administrator,
    checked,
    filled_in,
    user,
    with_password,
)
from tests.sources.mysql.impostors import asking_for, refusing

ENTER = "GRANT CREATE TEMPORARY TABLES ON {database}.* TO {user}"


def refused(database: MariadbDatabase, number: int, network: Network = LOCAL) -> list[Check]:
    with impostors.listening(refusing(number)) as port:
        connection, credentials = administrator(database, port=port)
        return list(diagnose(connection, credentials, network))


@pytest.mark.parametrize(
    ("number", "code", "copied"),
    [
        (1129, "host_blocked", "FLUSH HOSTS;"),
        (1040, "too_many_connections", "information_schema.PROCESSLIST"),
        (3118, "account_locked", "ALTER USER `admin`@`%` ACCOUNT UNLOCK;"),
        (4150, "account_locked", "ALTER USER `admin`@`%` ACCOUNT UNLOCK;"),
        (3955, "account_locked", "ALTER USER `admin`@`%` ACCOUNT UNLOCK;"),
        (1862, "password_expired", "ALTER USER `admin`@`%` IDENTIFIED BY "),
        (1251, "login_method_unknown", "ALTER USER `admin`@`%` IDENTIFIED BY "),
    ],
)
def test_a_refusal(mariadb_database: MariadbDatabase, number: int, code: str, copied: str) -> None:
    check = refused(mariadb_database, number)[5]
    assert (check.layer, check.code) == (Layer.LOGIN, code)
    assert check.hint
    assert copied in (check.copy_text or "")


def test_a_server_that_takes_no_plain_connections(mariadb_database: MariadbDatabase) -> None:
    check = refused(mariadb_database, 3159)[5]
    assert check.code == "tls_required"
    assert [(f.path, f.suggestion) for f in check.fields] == [("connection.tls", "verify-full")]


def test_an_address_for_which_there_is_no_account(mariadb_database: MariadbDatabase) -> None:
    egress = (ip_address("192.0.2.7"), ip_address("2001:db8::7"))
    network = Network(allowed=LOCAL.allowed, egress=egress)
    check = refused(mariadb_database, 1130, network)[5]
    assert check.code == "host_not_permitted"
    assert "`admin`@`192.0.2.7`" in (check.copy_text or "")
    assert "`admin`@`2001:db8::7`" in (check.copy_text or "")


def test_the_account_for_an_address_lets_in(mariadb_database: MariadbDatabase) -> None:
    check = refused(mariadb_database, 1130)[5]
    assert check.copy_text
    sql = check.copy_text.replace("`admin`", f"`{mariadb_database.name[:30]}`")
    mariadb_database.execute(filled_in(sql, PASSWORD))
    try:
        login = administrator(mariadb_database, user=mariadb_database.name[:30])
        checks = checked(with_password(login, PASSWORD))
    finally:
        mariadb_database.execute(f"DROP USER `{mariadb_database.name[:30]}`@`127.0.0.1`")
    assert checks[Layer.DATABASE].status is CheckStatus.PASSED


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("ALTER USER {user} ACCOUNT LOCK", "account_locked"),
        ("ALTER USER {user} PASSWORD EXPIRE", "password_expired"),
    ],
)
def test_what_is_copied_lets_in(mariadb_database: MariadbDatabase, change: str, code: str) -> None:
    with user(mariadb_database, ENTER, change) as login:
        check = checked(login)[Layer.LOGIN]
        assert check.code == code
        assert check.copy_text
        mariadb_database.execute(filled_in(check.copy_text, PASSWORD))
        now = with_password(login, PASSWORD) if code == "password_expired" else login
        assert checked(now)[Layer.LOGIN].status is CheckStatus.PASSED


def test_a_wrong_password(mariadb_database: MariadbDatabase) -> None:
    """The server says the same of an unknown user, another address, and a lack of encryption."""
    with user(mariadb_database, ENTER) as login:
        check = checked(with_password(login, PASSWORD))[Layer.LOGIN]
        accounts = mariadb_database.execute(check.copy_text or "")
    assert accounts == f"{login[0].user}\t%"
    assert "127.0.0.1" in (check.hint or "")
    assert "REQUIRE SSL" in (check.hint or "")
    assert PASSWORD not in repr(check)


def test_accounts_of_a_user_whose_name_holds_quotes(mariadb_database: MariadbDatabase) -> None:
    for name in ("o'neil", 'back\\slash"'):
        login = administrator(mariadb_database, user=name)
        check = checked(with_password(login, PASSWORD))[Layer.LOGIN]
        for mode in ("", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"):
            found = mariadb_database.execute(f"SET sql_mode = '{mode}'; {check.copy_text}")
            assert found == ""


def test_a_method_that_is_not_known(mariadb_database: MariadbDatabase) -> None:
    with impostors.listening(asking_for(b"authentication_kerberos_client", [])) as port:
        check = checked(administrator(mariadb_database, port=port))[Layer.LOGIN]
    assert check.code == "login_method_unknown"
    assert "IDENTIFIED BY" in (check.copy_text or "")
