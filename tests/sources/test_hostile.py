"""A server that sends what no PostgreSQL does, or stops in the middle."""

from __future__ import annotations

import resource

import pytest

from headrace import sources
from headrace.errors import CONNECTION_LOST, PROTOCOL_UNEXPECTED, HeadraceError, Kind
from tests.conftest import LOCAL, Database
from tests.sources.reading import reading
from tests.sources.relay import FirstRow, Tamper, tampering

SIGNATURE = b"PGCOPY\n\xff\r\n\0"
# A message's code and length, and the header of the rows.
HEADER = 5 + len(SIGNATURE) + 8


def refused(database: Database, tamper: Tamper) -> HeadraceError:
    """What reading a table of two integers comes to."""
    database.execute("CREATE TABLE t AS SELECT n AS a, n AS b FROM generate_series(1, 1000) n")
    with tampering(database.server.port, FirstRow(SIGNATURE, 5), tamper) as port:
        connection = database.connection.model_copy(update={"port": port})
        connected = sources.connect(connection, database.credentials, LOCAL)
        with pytest.raises(HeadraceError) as caught, reading(connected, "t") as reader:
            list(reader)
        connected.close()
    assert "public.t" in caught.value.detail
    return caught.value


@pytest.mark.parametrize("length", [0, 3, HEADER + 6, HEADER + 20])
def test_a_server_that_closes_in_the_middle(database: Database, length: int) -> None:
    assert refused(database, lambda rows: rows[:length]).kind is CONNECTION_LOST


def with_bytes(at: int, changed: bytes) -> Tamper:
    return lambda rows: rows[:at] + changed + rows[at + len(changed) :]


@pytest.mark.parametrize(
    ("tamper", "kind"),
    [
        pytest.param(with_bytes(HEADER, b"\0\x03"), PROTOCOL_UNEXPECTED, id="a column more"),
        pytest.param(with_bytes(HEADER, b"\0\x01"), PROTOCOL_UNEXPECTED, id="a column less"),
        pytest.param(
            with_bytes(HEADER + 2, b"\0\0\0\x08"), PROTOCOL_UNEXPECTED, id="an integer of 8 bytes"
        ),
        pytest.param(
            with_bytes(HEADER + 2, b"\x7f\xff\xff\xff"), PROTOCOL_UNEXPECTED, id="beyond its row"
        ),
        pytest.param(
            with_bytes(HEADER + 2, b"\xff\xff\xff\xfe"), PROTOCOL_UNEXPECTED, id="below nothing"
        ),
        pytest.param(with_bytes(1, b"\0\0\0\x03"), PROTOCOL_UNEXPECTED, id="shorter than itself"),
        pytest.param(with_bytes(1, b"\x7f\xff\xff\xff"), PROTOCOL_UNEXPECTED, id="2 GiB"),
        pytest.param(with_bytes(5, b"PGCOPX"), PROTOCOL_UNEXPECTED, id="another signature"),
        pytest.param(with_bytes(0, b"T"), PROTOCOL_UNEXPECTED, id="a message out of place"),
        pytest.param(with_bytes(0, b"?"), PROTOCOL_UNEXPECTED, id="a message that is none"),
        pytest.param(with_bytes(0, b"Z\0\0\0\x05T"), PROTOCOL_UNEXPECTED, id="no end before Z"),
    ],
)
def test_rows_that_contradict_themselves(database: Database, tamper: Tamper, kind: Kind) -> None:
    assert refused(database, tamper).kind is kind


def test_a_claim_takes_no_memory(database: Database) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    error = refused(database, with_bytes(1, (1024**3).to_bytes(4)))
    assert error.kind is CONNECTION_LOST
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024  # KiB
