"""A real PostgreSQL whose administrator, or whose user, made a mistake."""

from __future__ import annotations

import pg8000.native
import pytest

from devservers.pgbouncer import pgbouncer
from devservers.postgres import PostgresServer
from headrace.checks import Layer
from tests.faults.case import PASSWORD, Attempt, Says
from tests.faults.laboratory import Laboratory
from tests.faults.shops import READER, Fault, postgres_shop, selected

HBA_LINE = f"host shop {READER} 127.0.0.1/32 scram-sha-256"
ORDERS = selected("sales", "orders")

REJECTED = Says(Layer.LOGIN, "password_rejected", "pg_catalog.pg_roles", "VALID UNTIL")
NOT_LET_IN = Says(Layer.LOGIN, "login_not_permitted", HBA_LINE, "pg_hba.conf")
FULL = Says(Layer.LOGIN, "too_many_connections", "pg_stat_activity")
ABSENT = Says(Layer.DATABASE, "database_not_found", hint="this user")


def denied(paste: str) -> Says:
    return Says(Layer.RIGHTS, "permission_denied", paste)


FAULTS = {
    "nothing at all": Fault(Says(Layer.TLS, hint="verify-full"), selection=ORDERS),
    # Logging in.
    "a wrong password": Fault(REJECTED, password="gehe&im 4711/o"),
    "an unknown user": Fault(REJECTED, changed={"user": "raeder"}),
    "the user's name in other letters": Fault(REJECTED, changed={"user": "Reader"}),
    "a user without a password": Fault(REJECTED, f"ALTER ROLE {READER} PASSWORD NULL"),
    "a password that has run out": Fault(REJECTED, f"ALTER ROLE {READER} VALID UNTIL '2020-01-01'"),
    "a locked user": Fault(
        Says(Layer.LOGIN, "login_not_permitted", HBA_LINE, f'ALTER ROLE "{READER}" LOGIN'),
        f"ALTER ROLE {READER} NOLOGIN",
    ),
    "no line in pg_hba.conf": Fault(NOT_LET_IN, hba=""),
    "a line of pg_hba.conf that rejects": Fault(NOT_LET_IN, hba="host all all all reject"),
    "a line of pg_hba.conf for another database": Fault(
        NOT_LET_IN, hba="host postgres all all scram-sha-256"
    ),
    "a line of pg_hba.conf for another address": Fault(
        NOT_LET_IN, hba="host all all 192.0.2.0/24 scram-sha-256"
    ),
    "a line of pg_hba.conf for Kerberos": Fault(
        Says(Layer.LOGIN, "login_method_unknown", HBA_LINE), hba="host all all all gss"
    ),
    "a limit on the user's connections": Fault(FULL, f"ALTER ROLE {READER} CONNECTION LIMIT 0"),
    "a limit on the database's connections": Fault(FULL, "ALTER DATABASE shop CONNECTION LIMIT 0"),
    # The database.
    "a database that is not there": Fault(ABSENT, changed={"database": "warehouse"}),
    "a database that was mistyped": Fault(
        Says(Layer.DATABASE, "database_not_found", "shop"), changed={"database": "shpo"}
    ),
    "a database in other letters": Fault(
        Says(Layer.DATABASE, "database_not_found", "shop"), changed={"database": "Shop"}
    ),
    "a database that the user may not enter": Fault(
        Says(Layer.DATABASE, "database_not_permitted", "GRANT CONNECT ON DATABASE"),
        "REVOKE CONNECT ON DATABASE shop FROM PUBLIC",
    ),
    "a database that is closed": Fault(
        Says(Layer.DATABASE, "database_closed", "ALLOW_CONNECTIONS true"),
        "\\connect postgres\nALTER DATABASE shop ALLOW_CONNECTIONS false",
    ),
    # What may be read.
    "a revoked schema": Fault(
        denied(f'GRANT USAGE ON SCHEMA "sales" TO "{READER}";'),
        f"REVOKE USAGE ON SCHEMA sales FROM {READER}",
        selection=ORDERS,
    ),
    "a revoked table": Fault(
        denied(f'GRANT SELECT ON "sales"."orders" TO "{READER}";'),
        f"REVOKE SELECT ON sales.orders FROM {READER}",
        selection=ORDERS,
    ),
    "a revoked column": Fault(
        denied(f'GRANT SELECT ("card") ON "sales"."orders" TO "{READER}";'),
        f"REVOKE SELECT ON sales.orders FROM {READER};"
        f"GRANT SELECT (id) ON sales.orders TO {READER}",
        selection=selected("sales", "orders", "id", "card"),
    ),
    "a table that is not there": Fault(
        Says(Layer.RIGHTS, "table_not_found"), selection=selected("sales", "order")
    ),
    "a schema that is not there": Fault(
        Says(Layer.RIGHTS, "table_not_found"), selection=selected("sale", "orders")
    ),
    "a column that is not there": Fault(
        Says(Layer.RIGHTS, "column_not_found"), selection=selected("sales", "orders", "cart")
    ),
    "nothing that may be read": Fault(
        Says(Layer.RIGHTS, None, "GRANT SELECT ON ALL TABLES"),
        f"REVOKE SELECT ON ALL TABLES IN SCHEMA sales, public FROM {READER}",
    ),
    "an empty database": Fault(Says(Layer.RIGHTS), "DROP TABLE sales.orders; DROP TABLE customers"),
    "a user who may do anything": Fault(
        Says(Layer.RIGHTS, hint="headrace grants"), f"ALTER ROLE {READER} SUPERUSER"
    ),
    "a user who may write": Fault(
        Says(Layer.RIGHTS, hint="headrace grants"), f"GRANT DELETE ON customers TO {READER}"
    ),
    # What bears on a long read.
    "statements that are cancelled": Fault(
        Says(Layer.FITNESS, None, f'ALTER ROLE "{READER}" SET statement_timeout = 0'),
        f"ALTER ROLE {READER} SET statement_timeout = '30s'",
    ),
    "few connections": Fault(Says(Layer.FITNESS), f"ALTER ROLE {READER} CONNECTION LIMIT 3"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault(laboratory: Laboratory, open_postgres: PostgresServer, fault: Fault) -> None:
    with postgres_shop(open_postgres, fault) as connection:
        laboratory.overhears(Attempt(connection, fault.password, fault.selection), fault.says)


def test_a_server_with_no_connection_left(
    laboratory: Laboratory, open_postgres: PostgresServer
) -> None:
    with postgres_shop(open_postgres, Fault(FULL)) as connection:
        sessions = []
        with pytest.raises(pg8000.DatabaseError):
            while True:
                sessions.append(
                    pg8000.native.Connection(
                        READER, host="127.0.0.1", port=connection.port, database="shop",
                        password=PASSWORD,
                    )
                )  # fmt: skip
        laboratory.overhears(Attempt(connection), FULL)
        for session in sessions:
            session.close()


def test_a_pooler_that_knows_no_such_user(
    laboratory: Laboratory, open_postgres: PostgresServer
) -> None:
    says = Says(Layer.LOGIN, "pooler_refused", hint="PgBouncer")
    fault = Fault(says, changed={"user": "raeder"})
    with (
        postgres_shop(open_postgres, fault) as connection,
        pgbouncer(open_postgres, "transaction") as port,
    ):
        laboratory.overhears(Attempt(connection.model_copy(update={"port": port})), says)
