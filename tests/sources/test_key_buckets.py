"""The buckets of keys that a source tells are those of `headrace.buckets`, by its words."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import pytest

from headrace import sources
from headrace.buckets import ALL, HASH_BITS, MODULUS, Buckets, Spans, differing
from headrace.errors import TABLE_CHANGED, HeadraceError
from headrace.model import Selection, UnfitPolicy
from tests.conftest import Database, MariadbDatabase, both_ends
from tests.sources import reading
from tests.sources.mysql import reading as mysql_reading

PARTS = ["a,1", "N", "", "'; --", 'quo"ted', "é中🙂", "x" * 13, "x" * 14, "long " * 20]
TEXTS = {f"{len(part.encode())}:{part},{len(str(n))}:{n}" for part in PARTS for n in (-7, 10)}


def fill(database: Database | MariadbDatabase) -> None:
    rows = ", ".join(
        "('{}', {})".format(part.replace("'", "''"), n) for part in PARTS for n in (-7, 10)
    )
    database.execute(
        "CREATE TABLE t (other int, n int, part varchar(200), PRIMARY KEY (part, n));"
        f"INSERT INTO t (part, n) VALUES {rows}"
    )


@both_ends
def test_postgres(database: Database) -> None:
    fill(database)
    with reading.opened(database) as connected:
        holds(connected, reading.selected("t", ["part", "n"]))


def test_mariadb(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute("ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
    fill(mariadb_database)
    with mysql_reading.opened(mariadb_database) as connected:
        holds(connected, mysql_reading.selected(mariadb_database, "t", ["part", "n"]))


def test_a_table_that_was_emptied_does_not_look_empty(database: Database) -> None:
    """To a snapshot from before, a table that was truncated has no rows, though then it had."""
    fill(database)
    keys = reading.selected("t", ["part", "n"])
    with reading.opened(database) as connected:
        assert list(connected.list_tables())
        database.execute("TRUNCATE t")
        with pytest.raises(HeadraceError) as raised:
            connected.key_names(keys, UnfitPolicy.FAIL, ALL)
    assert raised.value.kind is TABLE_CHANGED


def holds(database: sources.Database, keys: Selection) -> None:
    some = Buckets(3, tuple(sorted({hashed(text) >> HASH_BITS - 3 for text in TEXTS})[::2]))
    for within in (ALL, Buckets(2), some):
        inside = {text for text in TEXTS if is_in(text, within)}
        assert inside
        with database.key_names(keys, UnfitPolicy.FAIL, within) as reader:
            found = [name for batch in reader for name in batch.column("name").to_pylist()]
        assert sorted(found) == sorted(map(named, inside))
        assert reader.rows_sent == len(inside)
        for bits in (3, 8, 11):
            with database.key_digests(keys, UnfitPolicy.FAIL, within, bits) as reader:
                rows = [row for batch in reader for row in batch.to_pylist()]
            told = {row["span"]: row["entries"] for row in rows}
            assert unpacked(told) == sums(inside, bits)


def hashed(text: str) -> int:
    return int(hashlib.md5(text.encode()).hexdigest()[:15], 16)


def named(text: str) -> bytes:
    plain = text.encode()
    return plain if len(plain) < 16 else hashlib.md5(plain).digest()


def is_in(text: str, within: Buckets) -> bool:
    return within.numbers is None or hashed(text) >> HASH_BITS - within.bits in within.numbers


def sums(texts: Iterable[str], bits: int) -> dict[int, int]:
    found: dict[int, int] = {}
    for text in texts:
        bucket = hashed(text) >> HASH_BITS - bits
        found[bucket] = (found.get(bucket, 0) + hashed(text)) % MODULUS
    return found


def unpacked(spans: Spans) -> dict[int, int]:
    return {
        span * 256 + entries[at]: int.from_bytes(entries[at + 1 : at + 9])
        for span, entries in spans.items()
        for at in range(0, len(entries), 9)
    }


@pytest.mark.parametrize(
    ("one", "other", "numbers"),
    [
        ({}, {}, ()),
        ({0: b"\1abcdefgh\2ijklmnop"}, {0: b"\2ijklmnop\1abcdefgh"}, ()),
        ({0: b"\1abcdefgh\2ijklmnop"}, {0: b"\2ijklmnoP"}, (1, 2)),
        ({3: b"\xffabcdefgh"}, {0: b"\0abcdefgh"}, (0, 3 * 256 + 255)),
    ],
)
def test_buckets_that_differ(one: Spans, other: Spans, numbers: tuple[int, ...]) -> None:
    assert differing(one, other) == differing(other, one) == numbers
