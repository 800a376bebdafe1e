"""The seam to the driver's insides, held to the version whose insides were looked at."""

from __future__ import annotations

import importlib.metadata
import io
import socket

from pg8000.core import Context
from pg8000.native import Connection

from devservers.postgres import USER, PostgresServer
from headrace.sources.postgres import copy
from headrace.sources.postgres.database import PostgresDatabase
from tests.conftest import Database
from tests.sources.reading import opened, reading

LOOKED_AT = "1.31.6"


def test_the_driver_is_the_one_that_was_looked_at() -> None:
    assert importlib.metadata.version("pg8000") == LOOKED_AT, (
        f"Compare what {copy.__name__} takes from pg8000's core with the new version, then change "
        "the version here."
    )


def test_what_the_seam_takes_from_the_driver(postgres: PostgresServer) -> None:
    driver = Connection(USER, postgres.host, "postgres", postgres.port, postgres.password)
    assert isinstance(driver._usock, socket.socket)
    assert isinstance(driver._sock, io.BufferedRWPair)
    handled = {
        b"E": driver.handle_ERROR_RESPONSE,
        b"S": driver.handle_PARAMETER_STATUS,
        b"C": driver.handle_COMMAND_COMPLETE,
        b"Z": driver.handle_READY_FOR_QUERY,
    }
    assert set(copy._HANDLED) == set(handled)
    assert {code: driver.message_types[code] for code in handled} == handled
    context = Context("COPY")
    assert (context.error, context.row_count) == (None, -1)
    driver.close()


def test_messages_between_the_rows(database: Database) -> None:
    """Notices and changed settings come at any time; each row here brings both, none is kept."""
    database.execute(
        """
        CREATE FUNCTION noisy(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN
            RAISE NOTICE '%', repeat('x', n);
            PERFORM set_config('application_name', 'headrace ' || n, true);
            RETURN n;
        END $$;
        CREATE VIEW v AS SELECT noisy(n) AS n FROM generate_series(1, 10000) n
        """
    )
    with opened(database) as connected:
        for _ in range(2):
            with reading(connected, "v") as reader:
                numbers = [n for batch in reader for n in batch.column("n").to_pylist()]
            assert numbers == list(range(1, 10_001))
            assert reader.rows_sent == 10_000
        assert isinstance(connected, PostgresDatabase)
        driver = connected._session._driver
        assert not driver.notices
        assert not driver.parameter_statuses
