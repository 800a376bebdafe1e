"""What a session is set to, and that it holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from headrace.sources.mysql.database import MysqlDatabase
from headrace.sources.mysql.session import SETTINGS, Session
from tests.conftest import MariadbDatabase
from tests.sources.mysql.reading import opened

# What MySQL alone knows.
ABSENT = {"max_execution_time", "information_schema_stats_expiry"}


@pytest.fixture
def session(mariadb_database: MariadbDatabase) -> Iterator[Session]:
    with opened(mariadb_database) as connected:
        assert isinstance(connected, MysqlDatabase)
        yield connected._session


def value(session: Session, name: str) -> str:
    ((_, found),) = session.query("Asking", f"SHOW SESSION VARIABLES LIKE '{name}'")
    return str(found)


def test_every_setting_is_made_that_the_server_knows(session: Session) -> None:
    known = {name for name, _ in session.query("Asking", "SHOW SESSION VARIABLES")}
    assert SETTINGS.keys() - known == ABSENT
    assert value(session, "time_zone") == "+00:00"
    assert value(session, "sql_mode") == ""
    assert value(session, "max_statement_time") == "0.000000"
    assert value(session, "lock_wait_timeout") == "20"  # the server's own is shorter than ours
    for name in ("client", "connection", "results"):
        assert value(session, f"character_set_{name}") == "utf8mb4"


def test_a_local_file_is_never_sent(session: Session) -> None:
    assert session.driver._local_infile is False
    assert session.driver.client_flag & 128 == 0  # CLIENT_LOCAL_FILES


def test_it_is_mariadb(session: Session) -> None:
    assert session.product.startswith("MariaDB 1")
