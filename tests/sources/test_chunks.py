"""Chunks of a table: each row of it in exactly one, whatever its key and its statistics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from devservers.postgres_releases import OLDEST
from headrace import sources
from headrace.chunks import WHOLE, Chunk
from headrace.model import Selection, UnfitPolicy, Window
from tests.conftest import Database, both_ends
from tests.sources.reading import opened, selected

ROWS = 500
KEY, PAGES, NONE = "by key", "by pages", "not at all"
ALL_PAGES = Chunk(columns=("ctid",), physical=True)


def rows_of(
    connected: sources.Database,
    selection: Selection,
    chunk: Chunk = WHOLE,
    window: Window | None = None,
) -> Counter[str]:
    with connected.read(selection, UnfitPolicy.TEXT, window, chunk) as rows:
        return Counter(str(row) for batch in rows for row in batch.to_pylist())


def way(chunks: Sequence[Chunk]) -> str:
    if tuple(chunks) in ((WHOLE,), (ALL_PAGES,)):
        return NONE
    ways = {PAGES if chunk.physical else KEY for chunk in chunks}
    assert len(ways) == 1
    return ways.pop()


def check(connected: sources.Database, selection: Selection, chunks: Sequence[Chunk]) -> None:
    """Each row lies in one chunk, and in one of the smaller ones that it is split in."""
    found = [rows_of(connected, selection, stored(chunk)) for chunk in chunks]
    assert sum(found, Counter()) == rows_of(connected, selection)
    for chunk, rows in list(zip(chunks, found, strict=True))[:: max(1, len(chunks) - 1)]:
        parts = connected.split(selection, chunk, max(1, rows.total() // 12))
        split = [rows_of(connected, selection, stored(part)) for part in parts]
        assert sum(split, Counter()) == rows


def stored(chunk: Chunk) -> Chunk:
    """As it comes back from a document."""
    return Chunk.model_validate_json(chunk.model_dump_json())


def filled(columns: str, values: str, number: int = 6000, *, analysed: bool = True) -> str:
    return (
        f"CREATE TABLE t ({columns}) WITH (autovacuum_enabled = off);"
        f"INSERT INTO t SELECT {values} FROM generate_series(1, {number}) n;"
        + ("ANALYZE t" if analysed else "")
    )


# Texts that are awkward in SQL, in JSON, in COPY and in collations; different ones for each n.
TEXTS = r"""(ARRAY[
    'a', 'A', 'ä', 'Z', '-', ' ', E'\\', '''', '"', ':x', '{0}', '%s', E'\n', E'\t', '$1', '--',
    'ß', 'ss', '\N', 'e' || U&'\0301', U&'\+01F600', U&'\FFFD', 'İ', 'i'
])[1 + n % 24] || CASE WHEN n > 24 THEN (n * 7919 % 6007)::text ELSE '' END"""


def texts(collation: str) -> str:
    return (
        f'CREATE TABLE t (k varchar(99) COLLATE "{collation}" PRIMARY KEY);'
        f"INSERT INTO t SELECT k FROM (SELECT {TEXTS} AS k FROM generate_series(1, 6000) n) each"
        f' ORDER BY k COLLATE "{collation}"; ANALYZE t'
    )


# What the table is, and the ways in which it is cut by the newest release and by the oldest.
TABLES = {
    "integers with holes": (
        filled("id int PRIMARY KEY, v text", "n * 3 - 30000 + n / 500 * 50000, n::text"),
        KEY,
        KEY,
    ),
    "integers never analysed": (
        filled("id int PRIMARY KEY", "n * 3 - 30000", analysed=False),
        KEY,
        KEY,
    ),
    "integers in no order, never analysed": (
        filled("id int PRIMARY KEY", "n * 7919 % 6007", analysed=False),
        PAGES,
        NONE,
    ),
    "bigints all close but one, never analysed": (
        filled(
            "id int8 PRIMARY KEY",
            "CASE WHEN n < 6000 THEN -n ELSE 9223372036854775807 END",
            analysed=False,
        ),
        PAGES,
        NONE,
    ),
    "bigints skewed": (
        filled("id int8 PRIMARY KEY", "CASE WHEN n < 6000 THEN n ELSE 9223372036854775807 END"),
        KEY,
        KEY,
    ),
    "all bigints there may be": (
        filled(
            "id int8 PRIMARY KEY", "(-9223372036854775808 + n * 3074457345618258::numeric)::int8"
        ),
        KEY,
        KEY,
    ),
    "integers backwards": (filled("id int2 PRIMARY KEY", "3000 - n"), KEY, KEY),
    "integers in no order": (filled("id int PRIMARY KEY", "n * 7919 % 6007"), PAGES, NONE),
    "integers of which many were updated": (
        filled("id int PRIMARY KEY, v int", "n, 0") + "; UPDATE t SET v = 1 WHERE id % 2 = 0",
        PAGES,
        KEY,
    ),
    "tenants in order": (
        filled("tenant int, id int, PRIMARY KEY (tenant, id)", "n / 300, n % 300"),
        KEY,
        KEY,
    ),
    "tenants of very different sizes": (
        filled("tenant int, id text, PRIMARY KEY (tenant, id)", "(n > 100)::int, n::text"),
        PAGES,
        KEY,
    ),
    "one tenant": (
        filled("tenant int, id int, PRIMARY KEY (tenant, id)", "1, n"),
        PAGES,
        KEY,
    ),
    "tenants mixed": (
        filled("tenant int, id int, PRIMARY KEY (tenant, id)", "n % 7, n"),
        PAGES,
        NONE,
    ),
    "a key whose second column has an unknown type": (
        "CREATE TYPE e AS ENUM ('a', 'b');"
        + filled("a int, b e, PRIMARY KEY (a, b)", "n / 2, (ARRAY['a', 'b']::e[])[1 + n % 2]"),
        KEY,
        KEY,
    ),
    "texts": (texts("C"), KEY, KEY),
    "padded texts": (filled("k char(9) PRIMARY KEY", "to_char(n, 'FM00000')"), KEY, KEY),
    "uuids": (filled("id uuid PRIMARY KEY", "md5(n::text)::uuid"), PAGES, NONE),
    "uuids in order": (
        filled("id uuid PRIMARY KEY", "lpad(to_hex(n), 32, '0')::uuid"),
        KEY,
        KEY,
    ),
    "dates": (
        filled("day date, n int, PRIMARY KEY (day, n)", "'0044-03-15 BC'::date + n / 10, n")
        + "; INSERT INTO t VALUES ('infinity', 0)",
        KEY,
        KEY,
    ),
    "timestamps": (
        filled("at timestamp(3) PRIMARY KEY", "'2024-01-01'::timestamp + n * '7 ms'::interval"),
        KEY,
        KEY,
    ),
    "instants": (
        filled("at timestamptz PRIMARY KEY", "'2024-01-01'::timestamptz + n * '1 h'::interval"),
        KEY,
        KEY,
    ),
    "numbers": (
        filled("id numeric PRIMARY KEY", "n / 3.0 - 2000")
        + "; INSERT INTO t VALUES ('NaN'), (1e300), (1e-300)",
        KEY,
        KEY,
    ),
    "fractions": (filled("id float4 PRIMARY KEY", "n * 0.1 - 1000"), KEY, KEY),
    "bytes": (
        filled("id bytea PRIMARY KEY", "decode(lpad(to_hex(n), 8, '0'), 'hex')"),
        KEY,
        KEY,
    ),
    "a domain": (
        "CREATE DOMAIN d AS int CHECK (value > 0);" + filled("id d PRIMARY KEY", "n"),
        KEY,
        KEY,
    ),
    "names in upper and lower case": (
        filled('"Id :""x""" int, "id" int, PRIMARY KEY ("Id :""x""", "id")', "n / 2, n"),
        KEY,
        KEY,
    ),
    "no key": (filled("v int", "n"), PAGES, NONE),
    "no key, never analysed": (filled("v int", "n", analysed=False), PAGES, NONE),
    "a unique key with NULLs": (
        filled("id int UNIQUE", "nullif(n, 7)"),
        PAGES,
        NONE,
    ),
    "a unique key without": (filled("id int NOT NULL UNIQUE", "n"), KEY, KEY),
    "a unique key of some rows": (
        filled("id int NOT NULL", "n") + "; CREATE UNIQUE INDEX ON t (id) WHERE id > 9",
        PAGES,
        NONE,
    ),
    "an index by another order": (
        filled('id text COLLATE "C" NOT NULL', "to_char(n, 'FM00000')")
        + "; CREATE UNIQUE INDEX ON t (id text_pattern_ops)",
        PAGES,
        NONE,
    ),
    "statistics of fewer rows": (
        filled("id int PRIMARY KEY", "n", 1500)
        + "; INSERT INTO t SELECT 1000000 + n FROM generate_series(1, 4500) n",
        PAGES,
        KEY,
    ),
    "statistics of other rows": (
        filled("id int PRIMARY KEY", "n")
        + "; DELETE FROM t; INSERT INTO t SELECT -n FROM generate_series(1, 6000) n",
        PAGES,
        KEY,
    ),
    "deleted rows": (filled("id int PRIMARY KEY", "n") + "; DELETE FROM t", KEY, KEY),
    "partitions": (
        """
        CREATE TABLE t (id int PRIMARY KEY, v int) PARTITION BY RANGE (id);
        CREATE TABLE t_1 (v int, id int NOT NULL);
        ALTER TABLE t ATTACH PARTITION t_1 FOR VALUES FROM (MINVALUE) TO (2000);
        CREATE TABLE t_2 PARTITION OF t FOR VALUES FROM (2000) TO (5000);
        CREATE TABLE t_3 PARTITION OF t DEFAULT;
        INSERT INTO t SELECT n, n FROM generate_series(1, 6000) n;
        ANALYZE t_1; ANALYZE t_2
        """,
        KEY,
        KEY,
    ),
    "partitions of partitions": (
        """
        CREATE TABLE t (id int PRIMARY KEY) PARTITION BY HASH (id);
        CREATE TABLE a PARTITION OF t FOR VALUES WITH (modulus 2, remainder 0);
        CREATE TABLE b PARTITION OF t FOR VALUES WITH (modulus 2, remainder 1)
            PARTITION BY HASH (id);
        CREATE TABLE c PARTITION OF b FOR VALUES WITH (modulus 1, remainder 0);
        INSERT INTO t SELECT n FROM generate_series(1, 6000) n; ANALYZE t
        """,
        KEY,
        KEY,
    ),
    "partitions never analysed": (
        """
        CREATE TABLE t (id int PRIMARY KEY) PARTITION BY HASH (id);
        CREATE TABLE a PARTITION OF t FOR VALUES WITH (modulus 1, remainder 0)
            WITH (autovacuum_enabled = off);
        INSERT INTO t SELECT n FROM generate_series(1, 6000) n
        """,
        NONE,
        NONE,
    ),
    "children": (
        filled("id int PRIMARY KEY", "n")
        + "; CREATE TABLE child () INHERITS (t); INSERT INTO child SELECT * FROM t",
        NONE,
        NONE,
    ),
    "a view": (
        filled("id int PRIMARY KEY", "n") + "; ALTER TABLE t RENAME TO u;"
        "CREATE VIEW t AS SELECT * FROM u",
        NONE,
        NONE,
    ),
    "a materialized view": (
        "CREATE MATERIALIZED VIEW t AS SELECT n FROM generate_series(1, 6000) n;"
        "CREATE UNIQUE INDEX ON t (n)",
        PAGES,
        NONE,
    ),
    "nothing": ("CREATE TABLE t (id int PRIMARY KEY)", NONE, NONE),
    "few rows": (filled("id int PRIMARY KEY", "n", 700), NONE, NONE),
}


# Collations of ICU's, which the newest release here is built without.
BY_LANGUAGE = {
    "texts": (texts("de-x-icu"), KEY, KEY),
    "texts in either case": (
        "CREATE COLLATION either"
        " (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
        + filled(
            "k text COLLATE either, n int, PRIMARY KEY (k, n)", "chr(65 + n / 300 + n % 2 * 32), n"
        ),
        KEY,
        KEY,
    ),
    "texts in either case, never double": (
        "CREATE COLLATION either"
        " (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
        + filled("k text COLLATE either PRIMARY KEY", "chr(97 - n % 2 * 32) || 10000 + n"),
        KEY,
        KEY,
    ),
    "an index by another collation": (
        filled('id text COLLATE "C" NOT NULL', "to_char(n, 'FM00000')")
        + '; CREATE UNIQUE INDEX ON t (id COLLATE "de-x-icu")',
        PAGES,
        NONE,
    ),
}


@both_ends
@pytest.mark.parametrize("kind", TABLES)
def test_each_row_is_in_one_chunk(database: Database, kind: str) -> None:
    check_table(database, TABLES[kind])


@pytest.mark.parametrize("database", ["postgres_with_postgis", "oldest_postgres"], indirect=True)
@pytest.mark.parametrize("kind", BY_LANGUAGE)
def test_each_text_is_in_one_chunk(database: Database, kind: str) -> None:
    check_table(database, BY_LANGUAGE[kind])


def test_a_key_that_is_not_yet_known_to_have_no_null(database: Database) -> None:
    made = filled("id int UNIQUE", "nullif(n, 7)") + "; ALTER TABLE t ADD NOT NULL id NOT VALID"
    check_table(database, (made, PAGES, PAGES))


def test_a_table_that_lies_elsewhere_is_not_cut(database: Database) -> None:
    database.execute(
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;"
        "CREATE FOREIGN TABLE t (id int) SERVER s"
    )
    with opened(database) as connected:
        assert connected.chunks(selected("t"), ROWS) == (WHOLE,)


def check_table(database: Database, table: tuple[str, str, str]) -> None:
    made, newer, oldest = table
    database.execute(made)
    with opened(database) as connected:
        chunks = connected.chunks(selected("t"), ROWS)
        assert way(chunks) == (oldest if database.server.release is OLDEST else newer)
        check(connected, selected("t"), chunks)
