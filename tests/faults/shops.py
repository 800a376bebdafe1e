"""Real servers with a shop in them, and a reader who may read it: what is right before a fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from devservers.mariadb import MariadbServer
from devservers.postgres import USER, PostgresServer
from headrace.connections import MysqlConnection, PostgresConnection, TlsMode
from headrace.model import Selection
from tests.faults.case import PASSWORD, Says

DATABASE = "shop"
READER = "reader"

_POSTGRES = f"""
CREATE SCHEMA sales;
CREATE TABLE sales.orders (id int PRIMARY KEY, card text);
CREATE TABLE customers (id int);
GRANT USAGE ON SCHEMA sales TO {READER};
GRANT SELECT ON ALL TABLES IN SCHEMA sales, public TO {READER};
"""
_MARIADB = f"""
CREATE DATABASE {DATABASE};
CREATE TABLE {DATABASE}.orders (id int PRIMARY KEY, card text);
CREATE TABLE {DATABASE}.customers (id int);
CREATE USER {READER} IDENTIFIED BY '{PASSWORD}';
GRANT SELECT ON {DATABASE}.* TO {READER};
"""
ELSEWHERE = f"{READER}@'192.0.2.7'"
_LET_IN = f"host all {USER} 127.0.0.1/32 scram-sha-256\n"


@dataclass(frozen=True)
class Fault:
    """What an administrator did to a good server, and how it is connected to then.

    `settings` are PostgreSQL's; `hba` is who is let in, beside the administrator.
    """

    says: Says
    sql: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    hba: str = "host all all 127.0.0.1/32 scram-sha-256"
    changed: Mapping[str, Any] = field(default_factory=dict)
    password: str = PASSWORD
    selection: tuple[Selection, ...] = ()


@contextmanager
def postgres_shop(server: PostgresServer, fault: Fault) -> Iterator[PostgresConnection]:
    """The server with the fault; it is taken away again."""
    server.psql(f"CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}'; CREATE DATABASE {DATABASE}")
    usual = server.pg_hba.read_text()
    try:
        server.psql(_POSTGRES + fault.sql, DATABASE)
        for name, value in fault.settings.items():
            server.psql(f"ALTER SYSTEM SET {name} = '{value}'")
        server.pg_hba.write_text(_LET_IN + fault.hba + "\n")
        server.reload()
        yield PostgresConnection(
            host="localhost", port=server.port, database=DATABASE, user=READER, tls=TlsMode.DISABLE
        ).model_copy(update=dict(fault.changed))
    finally:
        server.pg_hba.write_text(usual)
        server.psql("ALTER SYSTEM RESET ALL")
        server.psql(f"DROP DATABASE {DATABASE} WITH (FORCE)")
        server.psql(f"DROP ROLE {READER}")
        server.reload()


@contextmanager
def mariadb_shop(server: MariadbServer, fault: Fault) -> Iterator[MysqlConnection]:
    """The server with the fault; its users and databases are taken away again."""
    server.execute(_MARIADB)
    try:
        server.execute(fault.sql, DATABASE)
        yield MysqlConnection(
            host="localhost", port=server.port, database=DATABASE, user=READER, tls=TlsMode.DISABLE
        ).model_copy(update=dict(fault.changed))
    finally:
        server.execute(f"DROP DATABASE {DATABASE}; DROP USER IF EXISTS {READER}, {ELSEWHERE}")


def selected(schema: str, table: str, *columns: str) -> tuple[Selection, ...]:
    return (Selection(schema_name=schema, table_name=table, columns=columns or None),)
