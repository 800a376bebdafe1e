"""A server that sends what no MySQL does, or stops in the middle."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from headrace import sources
from headrace.errors import (
    CONNECTION_LOST,
    DATABASE_ERROR,
    PROTOCOL_UNEXPECTED,
    STATEMENT_TIMED_OUT,
    TABLE_CHANGED,
    HeadraceError,
    Kind,
)
from tests.conftest import LOCAL, MariadbDatabase
from tests.sources.mysql.reading import started
from tests.sources.relay import FirstRow, Tamper, tampering

# A packet's header, a zero, the NULLs, an integer, and a text with its length.
MARKER = b"here are the rows"
INTEGER = 4 + 1 + 1
TEXT = INTEGER + 4


def refused(database: MariadbDatabase, tamper: Tamper) -> HeadraceError:
    """What reading a table of an integer and a text comes to."""
    database.execute(
        "CREATE TABLE t (a int, b varchar(99));"
        f"INSERT INTO t SELECT seq, '{MARKER.decode()}' FROM seq_1_to_1000"
    )
    return refused_from(database, FirstRow(MARKER, TEXT + 1), tamper)


def refused_from(database: MariadbDatabase, first: FirstRow, tamper: Tamper) -> HeadraceError:
    with tampering(database.server.port, first, tamper) as port:
        connection = database.connection.model_copy(update={"port": port})
        connected = sources.connect(connection, database.credentials, LOCAL)
        with (
            pytest.raises(HeadraceError) as caught,
            started(connected, database, "t") as reader,
        ):
            list(reader)
        connected.close()
    assert f"{database.name}.t" in caught.value.detail
    return caught.value


@pytest.mark.parametrize("length", [0, 3, 4, TEXT + 5])
def test_a_server_that_closes_in_the_middle(mariadb_database: MariadbDatabase, length: int) -> None:
    assert refused(mariadb_database, lambda rows: rows[:length]).kind is CONNECTION_LOST


def with_bytes(at: int, changed: bytes) -> Tamper:
    return lambda rows: rows[:at] + changed + rows[at + len(changed) :]


def with_packet(payload: bytes) -> Tamper:
    """In place of the first row."""
    return lambda rows: len(payload).to_bytes(3, "little") + rows[3:4] + payload


def error_packet(number: int, text: bytes = b"") -> Tamper:
    return with_packet(b"\xff" + number.to_bytes(2, "little") + b"#HY000" + text)


@pytest.mark.parametrize(
    ("tamper", "kind"),
    [
        pytest.param(with_bytes(0, b"\x05"), PROTOCOL_UNEXPECTED, id="a row cut short"),
        pytest.param(with_bytes(0, b"\x80"), PROTOCOL_UNEXPECTED, id="a row too long"),
        pytest.param(with_bytes(TEXT, b"\x02"), PROTOCOL_UNEXPECTED, id="bytes left"),
        pytest.param(with_bytes(TEXT, b"\x7f"), PROTOCOL_UNEXPECTED, id="beyond its row"),
        pytest.param(
            with_bytes(TEXT, b"\xfe" + b"\xff" * 8), PROTOCOL_UNEXPECTED, id="2 to the 64"
        ),
        pytest.param(with_bytes(TEXT, b"\xfb"), PROTOCOL_UNEXPECTED, id="no length"),
        pytest.param(with_bytes(4, b"\x01"), PROTOCOL_UNEXPECTED, id="a packet that is none"),
        pytest.param(with_bytes(4, b"\xfe"), PROTOCOL_UNEXPECTED, id="an end too long"),
        pytest.param(
            lambda rows: b"\x05\0\0" + rows[3:4] + b"\xfe\0\0\0\0" + rows,
            PROTOCOL_UNEXPECTED,
            id="rows behind the end",
        ),
        pytest.param(
            with_packet(b"\0\0" + b"\1\0\0\0" + b"\1x" + b"\1x"),
            PROTOCOL_UNEXPECTED,
            id="a column more",
        ),
        pytest.param(with_packet(b"\0\0" + b"\1\0\0\0"), PROTOCOL_UNEXPECTED, id="a column less"),
        pytest.param(error_packet(1002, b"forged"), DATABASE_ERROR, id="an error"),
        pytest.param(error_packet(1002, b"x" * 100_000), PROTOCOL_UNEXPECTED, id="a long error"),
        pytest.param(error_packet(1969), STATEMENT_TIMED_OUT, id="MariaDB's max_statement_time"),
        pytest.param(error_packet(3024), STATEMENT_TIMED_OUT, id="MySQL's max_execution_time"),
    ],
)
def test_rows_that_contradict_themselves(
    mariadb_database: MariadbDatabase, tamper: Tamper, kind: Kind
) -> None:
    error = refused(mariadb_database, tamper)
    assert error.kind is kind
    assert "forged" not in error.detail


def columns_but(kept: slice, *, again: int = 0) -> Tamper:
    """Announces these columns alone, and the last of them so many times more."""

    def tamper(answer: bytes) -> bytes:
        packets = list(payloads(answer))
        columns, rest = packets[1:8], packets[8:]
        columns = columns[kept] + columns[-1:] * again
        return framed([bytes([len(columns)]), *columns, *rest])

    return tamper


def seven_columns(database: MariadbDatabase) -> FirstRow:
    """How the answer is found: no other statement of the session has seven columns."""
    columns = ", ".join(f"c{n} int" for n in range(7))
    database.execute(f"CREATE TABLE t ({columns}); INSERT INTO t (c0) VALUES (1)")
    return FirstRow(b"\x01\0\0\x01\x07", 0)


def framed(changed: list[bytes]) -> bytes:
    return b"".join(
        len(payload).to_bytes(3, "little") + bytes([number]) + payload
        for number, payload in enumerate(changed, 1)
    )


def payloads(packets: bytes) -> Iterator[bytes]:
    while packets:
        end = 4 + int.from_bytes(packets[:3], "little")
        yield packets[4:end]
        packets = packets[end:]


@pytest.mark.parametrize("tamper", [columns_but(slice(6)), columns_but(slice(7), again=1)])
def test_another_number_of_columns_than_was_asked_for(
    mariadb_database: MariadbDatabase, tamper: Tamper
) -> None:
    error = refused_from(mariadb_database, seven_columns(mariadb_database), tamper)
    assert error.kind is TABLE_CHANGED


def test_more_columns_than_there_can_be(mariadb_database: MariadbDatabase) -> None:
    """Nobody waits for the end of the list."""

    def tamper(answer: bytes) -> bytes:
        (_, *columns) = list(payloads(answer))[:8]
        claimed = [b"\xfe" + b"\xff" * 8, *columns]
        return framed(claimed)

    error = refused_from(mariadb_database, seven_columns(mariadb_database), tamper)
    assert error.kind is PROTOCOL_UNEXPECTED


def test_a_claim_takes_no_memory(mariadb_database: MariadbDatabase) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    error = refused(mariadb_database, with_bytes(0, b"\xff\xff\xff"))
    assert error.kind is CONNECTION_LOST
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024  # KiB
