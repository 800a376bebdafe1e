"""A real MariaDB whose administrator, or whose user, made a mistake."""

from __future__ import annotations

import pymysql
import pytest

from devservers.mariadb import MariadbServer
from headrace.checks import Layer
from tests.faults.case import PASSWORD, Attempt, Says
from tests.faults.laboratory import Laboratory
from tests.faults.shops import ELSEWHERE, READER, Fault, mariadb_shop, selected

ORDERS = selected("shop", "orders")

REJECTED = Says(Layer.LOGIN, "password_rejected", "FROM mysql.user")
ABSENT = Says(Layer.DATABASE, "database_not_found")
NOBODY = Says(Layer.DATABASE, "database_not_permitted", "GRANT SELECT ON `shop`.*")
FULL = Says(Layer.LOGIN, "too_many_connections", "PROCESSLIST")


def denied(paste: str) -> Says:
    return Says(Layer.RIGHTS, "permission_denied", paste)


FAULTS = {
    "nothing at all": Fault(Says(Layer.TLS, hint="verify-full"), selection=ORDERS),
    # Logging in.
    "a wrong password": Fault(REJECTED, password="gehe&im 4711/o"),
    "an unknown user": Fault(REJECTED, changed={"user": "raeder"}),
    "the user's name in other letters": Fault(REJECTED, changed={"user": "Reader"}),
    "an account for another address": Fault(
        Says(Layer.LOGIN, "password_rejected", "FROM mysql.user", "127.0.0.1"),
        f"RENAME USER {READER} TO {ELSEWHERE}",
    ),
    "an account of the machine's own": Fault(
        Says(Layer.LOGIN, "password_rejected", "FROM mysql.user"),
        f"ALTER USER {READER} IDENTIFIED VIA unix_socket",
    ),
    "a locked user": Fault(
        Says(Layer.LOGIN, "account_locked", "ACCOUNT UNLOCK"), f"ALTER USER {READER} ACCOUNT LOCK"
    ),
    "a password that has expired": Fault(
        Says(Layer.LOGIN, "password_expired", "IDENTIFIED BY"),
        f"ALTER USER {READER} PASSWORD EXPIRE",
    ),
    "a login method of the past": Fault(
        Says(Layer.LOGIN, "login_method_unknown", "IDENTIFIED BY"),
        f"ALTER USER {READER} IDENTIFIED VIA mysql_old_password USING '0123456789abcdef'",
    ),
    "a limit on statements in an hour": Fault(
        Says(Layer.LOGIN, "too_many_connections", "PROCESSLIST", "MAX_QUERIES_PER_HOUR 0"),
        f"ALTER USER {READER} WITH MAX_QUERIES_PER_HOUR 1",
    ),
    # The database.
    "a database that is not there": Fault(
        ABSENT, f"GRANT SELECT ON *.* TO {READER}", changed={"database": "warehouse"}
    ),
    "a database that was mistyped": Fault(
        Says(Layer.DATABASE, "database_not_found", "shop"),
        f"GRANT SELECT ON *.* TO {READER}",
        changed={"database": "shpo"},
    ),
    "a database that may not be entered": Fault(NOBODY, f"REVOKE ALL ON shop.* FROM {READER}"),
    # What may be read.
    "a revoked table": Fault(
        denied(f"GRANT SELECT ON `shop`.`orders` TO `{READER}`@`%`;"),
        f"REVOKE ALL ON shop.* FROM {READER}; GRANT SELECT ON customers TO {READER}",
        selection=ORDERS,
    ),
    "a revoked column": Fault(
        denied(f"GRANT SELECT (`card`) ON `shop`.`orders` TO `{READER}`@`%`;"),
        f"REVOKE ALL ON shop.* FROM {READER}; GRANT SELECT (id) ON orders TO {READER}",
        selection=selected("shop", "orders", "id", "card"),
    ),
    "a table that is not there": Fault(
        Says(Layer.RIGHTS, "table_not_found"), selection=selected("shop", "order")
    ),
    "a column that is not there": Fault(
        Says(Layer.RIGHTS, "column_not_found"), selection=selected("shop", "orders", "cart")
    ),
    "nothing that may be read": Fault(
        Says(Layer.RIGHTS, None, "GRANT SELECT ON `shop`.*"),
        f"REVOKE ALL ON shop.* FROM {READER}; GRANT INSERT ON shop.* TO {READER}",
    ),
    "an empty database": Fault(
        Says(Layer.RIGHTS, None, "GRANT SELECT ON `shop`.*", "the right database"),
        "DROP TABLE orders; DROP TABLE customers",
    ),
    "a user who may do anything": Fault(
        Says(Layer.RIGHTS, hint="headrace grants"), f"GRANT ALL ON *.* TO {READER}"
    ),
    "a user who may write": Fault(
        Says(Layer.RIGHTS, hint="headrace grants"), f"GRANT DELETE ON customers TO {READER}"
    ),
    # What bears on a long read.
    "a table without snapshots": Fault(
        Says(Layer.FITNESS, hint="InnoDB"), "ALTER TABLE orders ENGINE = MyISAM", selection=ORDERS
    ),
    "few connections": Fault(
        Says(Layer.FITNESS), f"ALTER USER {READER} WITH MAX_USER_CONNECTIONS 2"
    ),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault(laboratory: Laboratory, open_mariadb: MariadbServer, fault: Fault) -> None:
    with mariadb_shop(open_mariadb, fault) as connection:
        laboratory.overhears(Attempt(connection, fault.password, fault.selection), fault.says)


def test_a_server_with_no_connection_left(
    laboratory: Laboratory, open_mariadb: MariadbServer
) -> None:
    with mariadb_shop(open_mariadb, Fault(FULL)) as connection:
        open_mariadb.execute("SET GLOBAL max_connections = 10")
        sessions = []
        try:
            with pytest.raises(pymysql.err.OperationalError):
                while True:
                    sessions.append(
                        pymysql.connect(
                            host="127.0.0.1", port=connection.port, user=READER,
                            password=PASSWORD.encode(), ssl_disabled=True,
                        )
                    )  # fmt: skip
            laboratory.overhears(Attempt(connection), FULL)
        finally:
            for session in sessions:
                session.close()
            open_mariadb.execute("SET GLOBAL max_connections = 50")
