"""The whole way from a form to rows, for MariaDB: draft, tables, activation, run, DuckDB."""

from __future__ import annotations

import time

import duckdb

from headrace.api.list_tables import ListTables, list_tables
from headrace.api.save_draft import SaveDraft, save_draft
from headrace.api.sources import SourceRef, activate
from headrace.extraction.settle import settle
from headrace.extraction.start import start
from headrace.model import Run, RunState, Selection, Source, UnfitPolicy
from headrace.records import Runs
from headrace.services import Services
from tests.conftest import MariadbDatabase

TABLES = """
SET sql_mode = '';
CREATE TABLE Orders (
    id bigint unsigned PRIMARY KEY, label varchar(99), price decimal(12,3), `when` timestamp NULL,
    due date, flag tinyint(1), raw blob, mask bit(4), mood enum('sad', 'so, so')
);
INSERT INTO Orders
    SELECT 18446744073709550000 + seq, concat('order ', seq, ' é漢🚀'), seq / 8,
        FROM_UNIXTIME(seq * 1000),
        IF(seq = 7, '0000-00-00', date_add('2024-01-01', INTERVAL seq DAY)),
        seq % 3, unhex(hex(seq)), seq % 16, IF(seq % 2, 'sad', 'so, so')
    FROM seq_1_to_1000;
CREATE VIEW `per mood` AS SELECT mood, count(*) AS number FROM Orders GROUP BY mood
"""
COLUMNS = "CAST(id AS char), label, CAST(price AS char), flag, mask, mood"


def saved(services: Services, database: MariadbDatabase) -> Source:
    return save_draft(
        services,
        SaveDraft(
            model_id="m1",
            name="Shop",
            connection=database.connection,
            credentials=database.credentials,
            dataset="shop",
        ),
    )


def finished(services: Services, source: Source) -> Run:
    run = start(services, "m1", source.source_id, None)
    while run.state.live:
        time.sleep(0.05)
        stored = Runs(services.documents).get("m1", source.source_id, run.run_id)
        run = settle(services, stored)
    return run


def test_from_a_draft_to_rows(services: Services, mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(TABLES)
    source = saved(services, mariadb_database)
    request = ListTables(model_id="m1", source_id=source.source_id)
    found = [
        table
        for table in list_tables(services, request)
        if table.schema_name == mariadb_database.name
    ]
    selection = tuple(
        Selection(
            schema_name=table.schema_name,
            table_name=table.table_name,
            unfit_columns={"due": UnfitPolicy.NULL} if table.primary_key else {},
        )
        for table in found
    )
    save_draft(
        services,
        SaveDraft(model_id="m1", source_id=source.source_id, etag=source.etag, selection=selection),
    )
    activate(services, SourceRef(model_id="m1", source_id=source.source_id))

    run = finished(services, source)

    assert run.state is RunState.SUCCEEDED, run
    # The database is the connection's own, so tables are named without it.
    assert {table.destination_table: table.rows for table in run.tables} == {
        "orders": 1000,
        "per_mood": 2,
    }
    (orders,) = (table for table in run.tables if table.destination_table == "orders")
    assert orders.unfit == {"due": 1}
    with duckdb.connect(services.settings.destination.removeprefix("duckdb://")) as there:
        rows = there.sql(f"SELECT {COLUMNS} FROM shop.orders ORDER BY id").fetchall()
        epochs = there.sql('SELECT sum(epoch("when"))::int FROM shop.orders').fetchall()
        nulls = there.sql("SELECT count(*) FROM shop.orders WHERE due IS NULL").fetchall()
    columns = COLUMNS.replace("mask", "mask + 0")
    assert "\n".join("\t".join(map(str, row)) for row in rows) == mariadb_database.execute(
        f"SELECT {columns} FROM Orders ORDER BY id"
    )
    assert epochs == [(sum(range(1, 1001)) * 1000,)]
    assert nulls == [(1,)]
