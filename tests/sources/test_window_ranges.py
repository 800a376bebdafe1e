"""What is new in a table is cut by its cursor, where an index finds that in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from headrace import sources
from headrace.chunks import WHOLE, Chunk
from headrace.model import Selection, UnfitPolicy, Window
from headrace.tables import Mode
from tests.conftest import Database, MariadbDatabase, both_ends
from tests.sources.mysql import reading as mysql
from tests.sources.reading import opened
from tests.sources.test_chunks import stored

ROWS = 1000
# By name: the cursor's type, and its value by the row's number `n`. The first hundred are not new.
CURSORS = {
    "timestamptz": ("timestamptz", "'2026-01-01 00:00+00'::timestamptz + n * interval '1.000001s'"),
    "timestamp": ("timestamp", "'2026-01-01'::timestamp + n * interval '1s'"),
    "date": ("date", "'2020-01-01'::date + n"),
    "integer": ("int", "n * 3 - 100"),
    "bigint": ("bigint", "n * 9007199254740993"),
    "ties": ("int", "n / 7"),
    "one value": ("int", "(n > 100)::int"),
}
MADE = """
CREATE TABLE t (id int PRIMARY KEY, at {type}) WITH (autovacuum_enabled = off);
INSERT INTO t SELECT n, {value} FROM generate_series(1, {rows}) n ORDER BY n * 7919 % 1009;
CREATE INDEX ON t {index};
ANALYZE t
"""


def made(cursor: str, index: str = "(at)") -> str:
    type_, value = CURSORS[cursor]
    return MADE.format(type=type_, value=value, index=index, rows=ROWS)


def merged(*cursor: str) -> Selection:
    return Selection(
        schema_name="public", table_name="t", mode=Mode.MERGE, cursor=cursor, lag_seconds=0
    )


def new_in(connected: sources.Database, database: Database, selection: Selection) -> Window:
    after = database.execute("SET TimeZone TO 'UTC'; SELECT at FROM t WHERE id = 100")
    return connected.window(selection, after.removeprefix("SET\n"))


def rows_of(
    connected: sources.Database, selection: Selection, window: Window, chunks: Sequence[Chunk]
) -> list[Counter[int]]:
    found = []
    for chunk in chunks:
        with connected.read(selection, UnfitPolicy.FAIL, window, stored(chunk)) as reader:
            found.append(Counter(n for batch in reader for n in batch.column(0).to_pylist()))
    return found


@both_ends
@pytest.mark.parametrize("cursor", CURSORS)
def test_each_new_row_is_in_one_chunk(database: Database, cursor: str) -> None:
    database.execute(made(cursor))
    selection = merged("at")
    with opened(database) as connected:
        window = new_in(connected, database, selection)
        chunks = connected.chunks(selection, 50, window)
        found = rows_of(connected, selection, window, chunks)
        (all_of_it,) = rows_of(connected, selection, window, [WHOLE])
        for chunk in chunks:
            assert connected.split(selection, chunk, 1) == (chunk,)

    assert sum(found, Counter()) == all_of_it
    assert max(all_of_it.values()) == 1
    assert len(all_of_it) >= 890
    assert (chunks[0].after, chunks[-1].upto) == (None, None)
    assert all(chunk.by_cursor and chunk.of_one_snapshot for chunk in chunks)
    if cursor == "one value":
        assert len(chunks) == 1
    else:
        assert 15 <= len(chunks) <= 18
        assert max(map(len, found)) <= 57


def test_few_new_rows_are_one_chunk(database: Database) -> None:
    database.execute(made("integer"))
    selection = merged("at")
    with opened(database) as connected:
        window = new_in(connected, database, selection)
        assert connected.chunks(selection, 600, window) == (WHOLE,)
        assert len(connected.chunks(selection, 599, window)) == 2


@pytest.mark.parametrize(
    ("index", "cursor"),
    [
        ("(id, at)", ("at",)),
        ("(at) WHERE id > 5", ("at",)),
        ("USING hash (at)", ("at",)),
        ("(abs(at))", ("at",)),
        ("(at)", ("at", "id")),
    ],
)
def test_without_an_index_it_is_one_chunk(
    database: Database, index: str, cursor: tuple[str, ...]
) -> None:
    database.execute(made("integer", index))
    selection = merged(*cursor)
    with opened(database) as connected:
        assert connected.chunks(selection, 50, connected.window(selection, "5")) == (WHOLE,)


def test_text_is_not_cut(database: Database) -> None:
    """Its index may be ordered by a language, and a window is by bytes."""
    database.execute(
        "CREATE TABLE t (id int PRIMARY KEY, at text UNIQUE);"
        "INSERT INTO t SELECT n, 'a' || n FROM generate_series(1, 1000) n"
    )
    selection = merged("at")
    with opened(database) as connected:
        assert connected.chunks(selection, 50, connected.window(selection, "a1")) == (WHOLE,)


def test_in_mariadb_it_is_one_chunk(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT seq FROM seq_1_to_1000"
    )
    selection = mysql.selected(mariadb_database, "t").model_copy(
        update={"mode": Mode.MERGE, "cursor": ("id",)}
    )
    with mysql.opened(mariadb_database) as connected:
        assert connected.chunks(selection, 50, connected.window(selection, "5")) == (WHOLE,)
