"""Values and rows that are large, up to those for which no memory is left."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from headrace.sources.wire.decoding import MAX_BYTES
from tests.conftest import MariadbDatabase
from tests.sources.mysql.reading import reading
from tests.sources.test_large_values import PROGRAM, VALUES, outcome

MYSQL_PROGRAM = PROGRAM.replace('"public"', "connection.default_schema")


@pytest.fixture
def large_packets(mariadb_database: MariadbDatabase) -> Iterator[MariadbDatabase]:
    """A database whose server sends the largest rows that it can."""
    mariadb_database.server.execute("SET GLOBAL max_allowed_packet = 1073741824")
    yield mariadb_database
    mariadb_database.server.execute("SET GLOBAL max_allowed_packet = 67108864")


@pytest.mark.parametrize(("megabytes", "room", "expected"), VALUES)
def test_a_value_and_the_memory(
    large_packets: MariadbDatabase, megabytes: int, room: int, expected: str
) -> None:
    large_packets.execute(
        "CREATE VIEW v AS SELECT seq AS n, 'x' AS small, NULL AS nothing, now() AS moment, "
        f"repeat('x', {megabytes}000000 * seq) AS big FROM seq_0_to_1"
    )
    said = outcome(large_packets.url, room, MYSQL_PROGRAM)
    assert said.startswith(expected.format(large_packets.name)), said


def test_rows_of_a_megabyte_take_no_more_memory_than_others(
    mariadb_database: MariadbDatabase,
) -> None:
    mariadb_database.execute(
        "CREATE VIEW v AS SELECT repeat('x', 1000000) AS big FROM seq_1_to_1000"
    )
    assert outcome(mariadb_database.url, 200, MYSQL_PROGRAM) == "1000 rows\n"


def test_batches_end_by_their_bytes(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute("CREATE VIEW v AS SELECT repeat('x', 1000000) AS big FROM seq_1_to_10")
    with reading(mariadb_database, "v") as reader:
        rows = [batch.num_rows for batch in reader]
    assert sum(rows) == 10
    assert max(rows) <= MAX_BYTES // 1_000_000 + 1
