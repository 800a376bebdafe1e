"""From BigQuery into DuckDB: in full, then what is new, then what has changed or is gone."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest

from headrace import destinations, sources
from headrace.connections import Credentials
from headrace.extraction.adhoc import adhoc_source, extract_once
from headrace.model import DetectDeletes, Source, TableRun, Verification
from headrace.services import open_port
from headrace.settings import LocalSettings
from headrace.tables import Mode
from tests.sources.bigquery.warehouse import Warehouse

ORDERS = """
CREATE TABLE orders (
    id INT64 NOT NULL, at TIMESTAMP, amount NUMERIC, big BIGNUMERIC, note STRING, data BYTES,
    day DATE, tags ARRAY<STRING>, about STRUCT<x INT64>, PRIMARY KEY (id) NOT ENFORCED
)
"""
FIRST = """
INSERT INTO orders VALUES
(1, TIMESTAMP '2020-01-01 00:00:00.000001+00', 1.5, BIGNUMERIC '0.5', 'é', b'a',
    DATE '2020-01-01', ['a', 'b'], STRUCT(1)),
(2, TIMESTAMP '2020-01-02 00:00:00+00', NULL, NULL, NULL, NULL, NULL, [], NULL),
(3, NULL, -2, BIGNUMERIC '7', '', b'', DATE '1999-12-31', NULL, STRUCT(NULL))
"""
HERE = """
SELECT id, UNIX_MICROS(at), amount, big, note, data, day, tags, about.x FROM {} ORDER BY id
"""
THERE = """
SELECT id, epoch_us("at"), amount, big::decimal(38, 18), note, data, day, tags,
    (about->>'x')::bigint
FROM shop.{} ORDER BY id
"""


class Copy:
    """A warehouse's tables in a DuckDB file of the test's own."""

    def __init__(self, warehouse: Warehouse, directory: Path) -> None:
        self.warehouse = warehouse
        self.file = directory / "copy.duckdb"
        self._directory = directory

    def bring(self, *tables: str, verify: Verification, **selected: Any) -> Mapping[str, TableRun]:
        connection, network = self.warehouse.connection, self.warehouse.network
        connect = partial(sources.connect, connection, Credentials.none(), network)
        source = self._source(tables, selected).model_copy(update={"verify": verify})
        settings = LocalSettings.read(data=self._directory)
        opened = open_port("--to", f"duckdb://{self.file}", destinations.SCHEMES, settings)
        with closing(opened) as destination:
            done = extract_once(source, connect, destination, lambda *_: None)
        return {table.table_name: table for table in done}

    def _source(self, tables: tuple[str, ...], selected: Mapping[str, Any]) -> Source:
        source = adhoc_source(self.warehouse.connection, tables, "shop")
        chosen = [
            type(one).model_validate({**one.model_dump(), **selected}) for one in source.selection
        ]
        return source.model_copy(update={"selection": tuple(chosen)})

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(self.file, read_only=True) as copy:
            copy.execute("LOAD json")
            found: list[tuple[Any, ...]] = copy.execute(THERE.format(table)).fetchall()
            return found


@pytest.fixture
def copy(warehouse: Warehouse, tmp_path: Path) -> Copy:
    warehouse.execute(ORDERS)
    warehouse.execute(FIRST)
    warehouse.execute("CREATE VIEW recent AS SELECT * FROM orders WHERE id > 1")
    return Copy(warehouse, tmp_path)


def test_tables_and_views_arrive_whole(copy: Copy) -> None:
    done = copy.bring("orders", "shop.recent", verify=Verification.DIGEST)
    for table, rows in (("orders", 3), ("recent", 2)):
        assert done[table].rows == rows
        assert copy.rows(table) == copy.warehouse.execute(HERE.format(table))
    copy.warehouse.execute("DELETE FROM orders WHERE id = 2")
    assert copy.bring("orders", verify=Verification.COUNTS)["orders"].rows == 2
    assert copy.rows("orders") == copy.warehouse.execute(HERE.format("orders"))


def test_what_is_new_is_appended(copy: Copy) -> None:
    by_id = {"mode": Mode.APPEND, "cursor": ("id",)}
    first = copy.bring("orders", verify=Verification.COUNTS, **by_id)["orders"]
    copy.warehouse.execute("INSERT INTO orders (id, tags) VALUES (4, []), (5, ['x'])")
    second = copy.bring("orders", verify=Verification.DIGEST, **by_id)["orders"]
    third = copy.bring("orders", verify=Verification.COUNTS, **by_id)["orders"]

    assert (first.rows, second.rows, third.rows) == (3, 2, 0)
    assert copy.rows("orders") == copy.warehouse.execute(HERE.format("orders"))


def test_what_has_changed_is_merged_and_what_is_gone_is_deleted(copy: Copy) -> None:
    by_time = {
        **{"mode": Mode.MERGE, "cursor": ("at",), "lag_seconds": 0},
        "detect_deletes": DetectDeletes.HARD,
    }
    copy.warehouse.execute("UPDATE orders SET at = TIMESTAMP '2019-01-01 00:00:00+00' WHERE id = 3")
    first = copy.bring("orders", verify=Verification.COUNTS, **by_time)["orders"]
    copy.warehouse.execute("DELETE FROM orders WHERE id = 3")
    copy.warehouse.execute(
        "UPDATE orders SET note = 'changed', at = TIMESTAMP '2020-01-03 00:00:00+00' WHERE id = 1"
    )
    second = copy.bring("orders", verify=Verification.DIGEST, **by_time)["orders"]

    assert first.rows == 3
    assert (second.rows, second.deleted) == (1, 1)
    assert copy.rows("orders") == copy.warehouse.execute(HERE.format("orders"))
    assert copy.rows("orders")[0][4] == "changed"
