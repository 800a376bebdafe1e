"""Real servers at the other end of a line that breaks, stalls, or changes what passes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from devservers.mariadb import MariadbServer
from devservers.postgres import PostgresServer
from headrace.checks import Layer
from headrace.connections import MysqlConnection, PostgresConnection, TlsMode
from tests.faults.case import PASSWORD, Attempt, Says
from tests.faults.laboratory import Laboratory
from tests.faults.proxy import (
    Fault,
    cut_after,
    cut_at,
    delayed,
    dribbled,
    garbled_after,
    swallowed_from,
)

USER = "behind_a_line"


@pytest.fixture(scope="module")
def postgres_line(postgres: PostgresServer) -> Iterator[PostgresConnection]:
    """How a user logs in that reads what it should."""
    postgres.psql(f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'; CREATE DATABASE {USER};")
    postgres.psql(f"CREATE TABLE t (a int); GRANT SELECT ON t TO {USER}", USER)
    yield PostgresConnection(
        host=postgres.host, port=postgres.port, database=USER, user=USER, tls=TlsMode.DISABLE
    )
    postgres.psql(f"DROP DATABASE {USER}")
    postgres.psql(f"DROP ROLE {USER}")


@pytest.fixture(scope="module")
def mariadb_line(mariadb: MariadbServer) -> Iterator[MysqlConnection]:
    mariadb.execute(
        f"CREATE DATABASE {USER}; CREATE TABLE {USER}.t (a int);"
        f"CREATE USER {USER} IDENTIFIED BY '{PASSWORD}'; GRANT SELECT ON {USER}.* TO {USER}"
    )
    yield MysqlConnection(
        host=mariadb.host, port=mariadb.port, database=USER, user=USER, tls=TlsMode.DISABLE
    )
    mariadb.execute(f"DROP DATABASE {USER}; DROP USER {USER}")


@dataclass(frozen=True)
class Line:
    fault: Fault
    says: Says
    seconds: float = 10


def lost(layer: Layer) -> Says:
    return Says(layer, "connection_lost")


def stalled(layer: Layer) -> Says:
    return Says(layer, "connection_timed_out")


RESET = Says(Layer.TCP, "connection_reset")
SOMETHING_ELSE = Says(Layer.PROTOCOL, "protocol_unexpected")
NONE = Says(Layer.LOGIN, "protocol_unexpected")
SLOWLY = Says(Layer.TLS)  # nothing fails; TLS is off, as chosen

POSTGRES = {
    "ends at the first word": Line(Fault(answered=cut_after(0)), SOMETHING_ELSE),
    "ends after the answer about TLS": Line(Fault(answered=cut_after(1)), lost(Layer.LOGIN)),
    "ends within a message of the login": Line(Fault(answered=cut_after(8)), lost(Layer.LOGIN)),
    "ends before the login is granted": Line(
        Fault(answered=cut_at(b"R\0\0\0\x08\0\0\0\0")), lost(Layer.LOGIN)
    ),
    "ends before the login has ended": Line(
        Fault(answered=cut_at(b"Z\0\0\0\x05I")), lost(Layer.LOGIN)
    ),
    "ends at the first statement": Line(Fault(asked=cut_at(b"BEGIN")), lost(Layer.LOGIN)),
    "ends while rights are asked for": Line(
        Fault(asked=cut_at(b"has_schema_privilege")), lost(Layer.RIGHTS)
    ),
    "ends while fitness is measured": Line(
        Fault(asked=cut_at(b"pg_is_in_recovery")), lost(Layer.FITNESS)
    ),
    "stalls at the first statement": Line(
        Fault(asked=swallowed_from(b"BEGIN")), stalled(Layer.LOGIN), 1
    ),
    "stalls while fitness is measured": Line(
        Fault(asked=swallowed_from(b"pg_is_in_recovery")), stalled(Layer.FITNESS), 1
    ),
    "garbles all": Line(Fault(answered=garbled_after(0)), SOMETHING_ELSE, 4),
    "garbles the login": Line(Fault(answered=garbled_after(1)), NONE),
    "garbles what is asked": Line(Fault(asked=garbled_after(8)), lost(Layer.LOGIN)),
    "a byte at a time": Line(Fault(answered=dribbled(0.05)), stalled(Layer.LOGIN), 1),
    "slow, and nothing else": Line(Fault(answered=delayed(0.05)), SLOWLY),
}

MARIADB = {
    "ends at the first word": Line(Fault(answered=cut_after(0)), RESET),
    "ends within the greeting": Line(Fault(answered=cut_after(40)), lost(Layer.LOGIN)),
    "ends at the login": Line(Fault(asked=cut_after(0)), lost(Layer.LOGIN)),
    "ends at the first statement": Line(Fault(asked=cut_at(b"SET ")), lost(Layer.LOGIN)),
    "ends while the database is entered": Line(
        Fault(asked=cut_at(b"SELECT DATABASE()")), lost(Layer.DATABASE)
    ),
    "ends while rights are asked for": Line(
        Fault(asked=cut_at(b"SHOW GRANTS")), lost(Layer.RIGHTS)
    ),
    "ends while fitness is measured": Line(
        Fault(asked=cut_at(b"Threads_connected")), lost(Layer.FITNESS)
    ),
    "stalls at the first statement": Line(
        Fault(asked=swallowed_from(b"SET ")), stalled(Layer.LOGIN), 1
    ),
    "stalls while fitness is measured": Line(
        Fault(asked=swallowed_from(b"Threads_connected")), stalled(Layer.FITNESS), 1
    ),
    "garbles all": Line(Fault(answered=garbled_after(0)), SOMETHING_ELSE, 4),
    "garbles the login": Line(Fault(answered=garbled_after(120)), NONE),
    # Who waited for longer would wait for ever for others; a greeting takes no second.
    "a byte at a time": Line(Fault(answered=dribbled(0.05)), SOMETHING_ELSE, 1),
    "slow, and nothing else": Line(Fault(answered=delayed(0.05)), SLOWLY),
}


@pytest.mark.parametrize("case", POSTGRES.values(), ids=POSTGRES.keys())
def test_a_line_to_postgres(
    laboratory: Laboratory, postgres_line: PostgresConnection, case: Line
) -> None:
    laboratory.overhears(Attempt(postgres_line, seconds=case.seconds), case.says, case.fault)


@pytest.mark.parametrize("case", MARIADB.values(), ids=MARIADB.keys())
def test_a_line_to_mariadb(
    laboratory: Laboratory, mariadb_line: MysqlConnection, case: Line
) -> None:
    laboratory.overhears(Attempt(mariadb_line, seconds=case.seconds), case.says, case.fault)
