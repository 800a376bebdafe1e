"""How a table is cut: how large the chunks are, what the server does for one, and who may."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from itertools import product

import pytest

from headrace import sources
from headrace.chunks import MOST_CHUNKS, TOO_LARGE, WHOLE, Chunk
from headrace.errors import PERMISSION_DENIED, TABLE_CHANGED, TABLE_NOT_FOUND, HeadraceError
from headrace.model import Selection, Window
from headrace.sources.postgres import chunks as postgres_chunks
from headrace.sources.postgres.database import PostgresDatabase
from headrace.sources.postgres.key_order import KeyColumn, compared, within
from headrace.tables import Mode
from tests.conftest import LOCAL, Database, both_ends
from tests.sources.reading import opened, selected, user_without_rights
from tests.sources.test_chunks import filled, rows_of

ORDERED = filled("id int PRIMARY KEY, v text", "n, n::text", 50_000)
SHUFFLED = filled("id int PRIMARY KEY, v text", "n * 7919 % 50021, n::text", 50_000)
BY_KEY = Chunk(columns=("id",))
BY_PAGES = Chunk(columns=("ctid",), physical=True)
# A read of the whole table for each chunk.
ALL_OF_IT = "Seq Scan"


def plans(database: Database, selection: Selection, rows: int) -> list[str]:
    """What the server does for each chunk."""
    told = []
    with opened(database) as connected:
        assert isinstance(connected, PostgresDatabase)
        for chunk in connected.chunks(selection, rows):
            condition = postgres_chunks.condition(connected._session, selection, chunk)
            told.append(database.execute(f"EXPLAIN SELECT * FROM t WHERE {condition}"))
    return told


def sizes(connected: sources.Database, chunks: Sequence[Chunk]) -> list[int]:
    return [rows_of(connected, selected("t"), chunk).total() for chunk in chunks]


@both_ends
@pytest.mark.parametrize(
    "made",
    [
        ORDERED,
        filled("a int, b int, v text, PRIMARY KEY (a, b)", "n / 100, n, n::text", 50_000),
        filled('k text COLLATE "C" PRIMARY KEY, v int', "to_char(n, 'FM0000000'), n", 50_000),
        filled("id int PRIMARY KEY, v text", "n, n::text", 50_000, analysed=False),
    ],
    ids=["integers", "two columns", "texts", "never analysed"],
)
def test_a_range_of_a_key_is_found_by_the_index(database: Database, made: str) -> None:
    database.execute(made)
    told = plans(database, selected("t"), 5000)
    assert len(told) > 5
    for plan in told:
        assert "Index Cond" in plan
        assert ALL_OF_IT not in plan


@both_ends
@pytest.mark.parametrize("first", ["1", "n / 30000", "n / 20"])
def test_a_part_of_a_range_is_found_by_the_index(database: Database, first: str) -> None:
    database.execute(filled("a int, b int, v text, PRIMARY KEY (a, b)", f"{first}, n, 'v'", 50_000))
    whole = Chunk(columns=("a", "b"))
    with opened(database) as connected:
        assert isinstance(connected, PostgresDatabase)
        parts = connected.split(selected("t"), whole, 4000)
        assert sizes(connected, parts) == [4000] * 12 + [2000]
        for chunk in parts:
            condition = postgres_chunks.condition(connected._session, selected("t"), chunk)
            plan = database.execute(f"EXPLAIN SELECT * FROM t WHERE {condition}")
            assert "Index Cond: (" in plan
            assert ALL_OF_IT not in plan


def test_a_range_of_pages_is_read_alone(database: Database) -> None:
    database.execute(SHUFFLED)
    told = plans(database, selected("t"), 5000)
    assert len(told) == 10
    for plan in told:
        assert "Tid Range Scan" in plan
        assert ALL_OF_IT not in plan


@pytest.mark.parametrize("made", [ORDERED, SHUFFLED], ids=["key", "pages"])
def test_chunks_are_about_as_large_as_was_wished(database: Database, made: str) -> None:
    database.execute(made)
    with opened(database) as connected:
        chunks = connected.chunks(selected("t"), 5000)
        found = sizes(connected, chunks)
    assert len(found) == 10
    assert min(found) > 4000
    assert max(found) < 6000
    for chunk, size in zip(chunks, found, strict=True):
        assert chunk.estimated_rows
        assert 0.8 < chunk.estimated_rows / size < 1.25


@pytest.mark.parametrize("made", [ORDERED, SHUFFLED], ids=["key", "pages"])
def test_there_are_never_more_chunks_than_that(database: Database, made: str) -> None:
    database.execute(made)
    with opened(database) as connected:
        chunks = connected.chunks(selected("t"), 1)
    assert 200 < len(chunks) <= MOST_CHUNKS


def test_a_histogram_of_wide_steps_is_cut_between_them(database: Database) -> None:
    database.execute("SET default_statistics_target = 1;" + ORDERED)
    with opened(database) as connected:
        found = sizes(connected, connected.chunks(selected("t"), 1000))
    assert 45 <= len(found) <= 50
    assert max(found) < 1500


@both_ends
def test_a_chunk_of_a_key_is_split_if_it_is_too_large(database: Database) -> None:
    database.execute(filled("id int PRIMARY KEY", "n * n", 30 * 100))
    with opened(database) as connected:
        parts = connected.split(selected("t"), BY_KEY, 100)
        assert sizes(connected, parts) == [100] * 30
        for part in parts:
            assert connected.split(selected("t"), part, 100) == (part,)


@pytest.mark.parametrize(("rows", "number"), [(TOO_LARGE * 20, 1), (TOO_LARGE * 20 + 1, 11)])
def test_what_is_too_large(database: Database, rows: int, number: int) -> None:
    database.execute(filled("id int PRIMARY KEY", "n", rows))
    with opened(database) as connected:
        parts = connected.split(selected("t"), BY_KEY, 20)
        assert len(parts) == number
        assert sum(sizes(connected, parts)) == rows


def test_numbers_that_are_there_more_than_once(database: Database) -> None:
    """The first column of a key, whose second one is of a type that is not compared."""
    database.execute(
        "CREATE TYPE e AS ENUM ('a', 'b', 'c');"
        + filled("a int, b e, PRIMARY KEY (a, b)", "n / 3, (ARRAY['a', 'b', 'c']::e[])[1 + n % 3]")
    )
    chunk = Chunk(columns=("a",), after=("0",), upto=("200",))
    with opened(database) as connected:
        assert connected.split(selected("t"), chunk, 60) == (chunk,)
        assert len(connected.split(selected("t"), chunk, 20)) > 10
        assert len(connected.split(selected("t"), chunk, 59)) > 10


def test_rows_that_no_statistics_know_are_split_off(database: Database) -> None:
    database.execute(
        filled("id int PRIMARY KEY", "n", 3000)
        + "; INSERT INTO t SELECT 1000000 + n FROM generate_series(1, 1900) n"
    )
    with opened(database) as connected:
        chunks = connected.chunks(selected("t"), 500)
        *first, last = chunks
        assert last.after
        assert sizes(connected, [last])[0] >= 1900
        assert [connected.split(selected("t"), chunk, 100) for chunk in first] == [
            (chunk,) for chunk in first
        ]
        parts = connected.split(selected("t"), last, 100)
        assert max(sizes(connected, parts)) <= 100
        assert sum(sizes(connected, [*first, *parts])) == 4900


def test_a_chunk_of_pages_is_split_if_it_is_too_large(database: Database) -> None:
    """After pages of large rows come some of small ones, of which many more lie on each."""
    database.execute(
        filled("v text", "repeat('x', 1900)", 400)
        + "; INSERT INTO t SELECT '' FROM generate_series(1, 20000)"
    )
    with opened(database) as connected:
        parts = connected.split(selected("t"), BY_PAGES, 1000)
        assert len(parts) > 10
        found = sizes(connected, parts)
        assert sum(found) == 20_400
        assert sizes(connected, parts[:2]) == found[:2]
        assert max(found) < TOO_LARGE * 1000
        for part in parts:
            assert connected.split(selected("t"), part, 1000) == (part,)


def test_a_table_that_is_far_larger_than_it_seems_is_split(database: Database) -> None:
    """When it was analysed few rows were on a page."""
    database.execute(SHUFFLED + "; UPDATE pg_class SET reltuples = relpages WHERE relname = 't'")
    with opened(database) as connected:
        (whole,) = connected.chunks(selected("t"), 1000)
        parts = connected.split(selected("t"), whole, 1000)
        found = sizes(connected, parts)
    assert whole.whole
    assert len(parts) > 10
    assert sum(found) == 50_000
    assert max(found) < TOO_LARGE * 1000


def test_a_chunk_of_few_rows_on_many_pages_is_not_split(database: Database) -> None:
    database.execute(filled("v text", "repeat('x', 1900)", 400))
    with opened(database) as connected:
        assert connected.split(selected("t"), BY_PAGES, 100) == (BY_PAGES,)


def test_a_whole_table_is_not_split(database: Database) -> None:
    database.execute(ORDERED)
    with opened(database) as connected:
        assert connected.split(selected("t"), WHOLE, 10) == (WHOLE,)


def test_rows_that_move_meanwhile_are_read_once(database: Database) -> None:
    """Each chunk by a connection of its own, which shares the snapshot."""
    database.execute(SHUFFLED)
    seen = []
    with opened(database) as first:
        name = first.snapshot()
        chunks = first.chunks(selected("t"), 10_000)
        assert all(chunk.physical for chunk in chunks)
        for turn, chunk in enumerate(chunks):
            database.execute(
                f"UPDATE t SET v = 'changed' WHERE id % 5 = {turn};"
                f"DELETE FROM t WHERE id % 7 = {turn};"
                "INSERT INTO t SELECT max(id) + 1, 'new' FROM t"
            )
            database.execute("VACUUM t")
            with closing(
                sources.connect(database.connection, database.credentials, LOCAL, name)
            ) as connected:
                assert connected.snapshot() == name
                seen += list(rows_of(connected, selected("t"), chunk).elements())
        assert len(seen) == len(set(seen)) == 50_000
        assert not any("changed" in row or "new" in row for row in seen)


@pytest.mark.parametrize("made", [ORDERED, SHUFFLED], ids=["key", "pages"])
def test_a_window_and_a_chunk_together(database: Database, made: str) -> None:
    database.execute(made + "; ALTER TABLE t ADD at int; UPDATE t SET at = id % 100; ANALYZE t")
    selection = Selection(
        schema_name="public", table_name="t", mode=Mode.APPEND, cursor=("at",), columns=("id",)
    )
    window = Window(cursor=("at",), after="9", read_after="9", upto="19")
    with opened(database) as connected:
        chunks = connected.chunks(selection, 10_000)
        assert len(chunks) > 3
        found = [rows_of(connected, selection, chunk, window) for chunk in chunks]
        wanted = rows_of(connected, selection, window=window)
        assert 4900 < wanted.total() < 5100
        assert sum(map(bool, found)) > 2
        assert sum(found, type(wanted)()) == wanted


def test_a_key_that_may_not_be_read_cuts_nothing(database: Database) -> None:
    """And places may be looked at by those alone who may read all columns."""
    database.execute(ORDERED)
    selection = selected("t", ["v"])
    with user_without_rights(database) as (connection, credentials):
        database.execute(f"GRANT SELECT (v) ON t TO {connection.user}")
        with closing(sources.connect(connection, credentials, LOCAL)) as connected:
            assert connected.chunks(selection, 5000) == (WHOLE,)
            assert rows_of(connected, selection).total() == 50_000
            with pytest.raises(HeadraceError) as caught:
                rows_of(
                    connected, selection, Chunk(columns=("ctid",), after=("(1,0)",), physical=True)
                )
            assert caught.value.kind is PERMISSION_DENIED


def test_a_table_of_which_a_policy_hides_rows_is_not_cut(database: Database) -> None:
    database.execute(
        ORDERED + "; ALTER TABLE t ENABLE ROW LEVEL SECURITY;"
        "CREATE POLICY p ON t USING (id % 2 = 0); GRANT SELECT ON t TO PUBLIC"
    )
    with opened(database) as connected:
        assert len(connected.chunks(selected("t"), 5000)) == 10
    with (
        user_without_rights(database) as (connection, credentials),
        closing(sources.connect(connection, credentials, LOCAL)) as connected,
    ):
        assert connected.chunks(selected("t"), 5000) == (WHOLE,)


def test_the_chosen_key_cuts_where_there_is_no_primary_one(database: Database) -> None:
    database.execute(filled("a int NOT NULL UNIQUE, b int NOT NULL UNIQUE, v int", "n, n, n", 5000))
    chosen = Selection(
        schema_name="public", table_name="t", mode=Mode.MERGE, cursor=("v",), key=("b",)
    )
    with opened(database) as connected:
        assert {chunk.columns for chunk in connected.chunks(chosen, 500)} == {("b",)}
        assert {chunk.columns for chunk in connected.chunks(selected("t"), 500)} == {("a",)}
    database.execute("ALTER TABLE t ADD id serial PRIMARY KEY; ANALYZE t")
    with opened(database) as connected:
        assert {chunk.columns for chunk in connected.chunks(chosen, 500)} == {("id",)}


def test_what_is_said_to_the_planner_changes_nothing(database: Database) -> None:
    """For bounds of any length, of values that may be equal though they are written otherwise."""
    database.execute(
        "CREATE TABLE t (a numeric, b int, c int); INSERT INTO t SELECT a, b, c"
        " FROM generate_series(0, 3) a, generate_series(0, 3) b, generate_series(0, 3) c"
    )
    key = [KeyColumn("a", "numeric"), KeyColumn("b", "int4"), KeyColumn("c", "int4")]
    bounds = [None, *(bound for size in (1, 2, 3) for bound in product("12", repeat=size))]
    chunks = [
        Chunk(columns=("a", "b", "c"), after=after, upto=upto)
        for after, upto in product(bounds, [*bounds, ("2.0", "1"), ("1.0", "2", "1")])
    ]
    differing = " UNION ALL ".join(
        f"SELECT 1 FROM t WHERE ({within(key, chunk)}) <> ({compared(key, chunk)})"
        for chunk in chunks
    )
    assert len(chunks) == 15 * 17
    assert database.execute(f"SELECT count(*) FROM ({differing}) AS differing") == "0"


def test_an_absent_table(database: Database) -> None:
    with opened(database) as connected, pytest.raises(HeadraceError) as caught:
        connected.chunks(selected("t"), 500)
    assert caught.value.kind is TABLE_NOT_FOUND


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE t DROP CONSTRAINT t_pkey; ALTER TABLE t ALTER id DROP NOT NULL",
        "ALTER TABLE t RENAME id TO other",
    ],
)
def test_a_key_that_is_none_any_more(database: Database, change: str) -> None:
    database.execute(ORDERED)
    with opened(database) as connected:
        chunks = connected.chunks(selected("t"), 5000)
    database.execute(change)
    with opened(database) as connected, pytest.raises(HeadraceError) as caught:
        rows_of(connected, selected("t"), chunks[0])
    assert caught.value.kind is TABLE_CHANGED
