"""Many random values: their digest is the same in a source, in DuckDB and in plain Python."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from headrace import sources
from headrace.destinations.duckdb_digests import staged_digests
from headrace.model import Selection, UnfitPolicy
from tests.conftest import Database, MariadbDatabase, both_ends
from tests.digesting import digests_of
from tests.sources import reading
from tests.sources.mysql import reading as mysql_reading
from tests.types.carrying import staged

chance = random.Random(2024)
VALUES = 1500


def text() -> str:
    """Of all characters that there are, the plain ones more often; no quote and no backslash."""
    ranges = [(0x20, 0x26), (0x5D, 0x7E), (0xA0, 0x2FF), (0x4E00, 0x9FFF), (0x10000, 0x10FFFF)]
    chosen = (chance.choice(ranges) for _ in range(chance.randrange(20)))
    return "".join(chr(chance.randint(*both)) for both in chosen)


def whole(bits: int) -> str:
    return str(chance.randrange(-(2 ** (bits - 1)), 2 ** (bits - 1)) >> chance.randrange(bits))


def decimal(precision: int, scale: int) -> str:
    """A zero may have a sign."""
    units = chance.randrange(10 ** chance.randint(0, precision))
    return chance.choice(("-", "")) + format(Decimal(units).scaleb(-scale), "f")


def moment() -> str:
    days, micros = chance.randrange(3_652_059), chance.randrange(86_400 * 10**6)
    return (datetime(1, 1, 1) + timedelta(days, microseconds=micros)).isoformat(sep=" ")  # noqa: DTZ001


def number(form: str) -> float:
    """Every pattern of bits is as likely, but for -0."""
    if chance.random() < 0.01:
        return -0.0
    found: float = struct.unpack(form, chance.randbytes(struct.calcsize(form)))[0]
    return found


def finite(form: str) -> str:
    while not -1e308 < (found := number(form)) < 1e308:
        pass
    return repr(found)


def many(value: Callable[[], str]) -> str:
    elements = (chance.choice((value(), "NULL")) for _ in range(chance.randrange(4)))
    return f"{{{','.join(elements)}}}"


POSTGRES: dict[str, Callable[[], str]] = {
    "text": text,
    "char(20)": text,
    "int2": lambda: whole(16),
    "int4": lambda: whole(32),
    "int8": lambda: whole(64),
    "bool": lambda: chance.choice(("true", "false")),
    "numeric(9,0)": lambda: decimal(9, 0),
    "numeric(15,2)": lambda: decimal(15, 2),
    "numeric(38,10)": lambda: decimal(38, 10),
    "numeric(38,38)": lambda: decimal(38, 38),
    "float4": lambda: repr(number("f")),
    "float8": lambda: repr(number("d")),
    "timestamp": moment,
    "timestamptz": moment,
    "date": lambda: moment()[:10],
    "time": lambda: moment()[11:],
    "bytea": lambda: f"\\x{chance.randbytes(chance.randrange(20)).hex()}",
    "uuid": lambda: chance.randbytes(16).hex(),
    "int4[]": lambda: many(lambda: whole(32)),
    "numeric(9,9)[]": lambda: many(lambda: decimal(9, 9)),
    "timestamptz[]": lambda: many(lambda: f'"{moment()}"'),
}
MARIADB: dict[str, Callable[[], str]] = {
    "varchar(20)": text,
    "tinyint": lambda: whole(8),
    "bigint": lambda: whole(64),
    "bigint unsigned": lambda: str(chance.getrandbits(64)),
    "int unsigned zerofill": lambda: str(chance.getrandbits(32)),
    "decimal(15,2)": lambda: decimal(15, 2),
    "decimal(15,2) unsigned zerofill": lambda: decimal(15, 2).lstrip("-"),
    "decimal(38,10)": lambda: decimal(38, 10),
    "decimal(38,38)": lambda: decimal(38, 38),
    "float": lambda: finite("f"),
    "double": lambda: finite("d"),
    "datetime(6)": moment,
    "date": lambda: moment()[:10],
    "time(6)": lambda: moment()[11:],
}


@both_ends
@pytest.mark.parametrize("type_", POSTGRES)
def test_postgres(database: Database, type_: str, tmp_path: Path) -> None:
    rows = ",".join(f"('{POSTGRES[type_]()}')" for _ in range(VALUES))
    database.execute(f"CREATE TABLE t (v {type_}); INSERT INTO t VALUES {rows}, (NULL)")
    with reading.opened(database) as connected:
        agree(connected, reading.selected("t"), tmp_path)


@pytest.mark.parametrize("type_", MARIADB)
def test_mariadb(mariadb_database: MariadbDatabase, type_: str, tmp_path: Path) -> None:
    rows = ",".join(f"('{MARIADB[type_]()}')" for _ in range(VALUES))
    mariadb_database.execute(
        f"SET sql_mode = ''; CREATE TABLE t (v {type_}) CHARACTER SET utf8mb4;"
        f"INSERT INTO t VALUES {rows}, (NULL)"
    )
    with mysql_reading.opened(mariadb_database) as connected:
        agree(connected, mysql_reading.selected(mariadb_database, "t"), tmp_path)


def agree(database: sources.Database, selection: Selection, directory: Path) -> None:
    with database.read(selection, UnfitPolicy.FAIL) as reader:
        table = pa.Table.from_batches(list(reader), reader.schema)
    told = database.digest(selection, UnfitPolicy.FAIL)
    assert told["v"].values == VALUES
    assert told == digests_of(table)
    files = [str(staged(table, directory))]
    with duckdb.connect() as connection:
        columns = {"v": table.schema.field("v").type}
        assert staged_digests(connection, files, columns) == told
