"""What a reader's files lost: their types and values beside those that PostgreSQL wrote out.

One block of rows in sixteen is compared, value by value; the number of rows is compared in full.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

KEYS = {"lineitem": ("l_orderkey", "l_linenumber"), "wide": ("id",)}
COLUMNS = {
    "lineitem": {
        "l_orderkey": "BIGINT",
        "l_partkey": "BIGINT",
        "l_suppkey": "BIGINT",
        "l_linenumber": "INTEGER",
        "l_quantity": "DECIMAL(15,2)",
        "l_extendedprice": "DECIMAL(15,2)",
        "l_discount": "DECIMAL(15,2)",
        "l_tax": "DECIMAL(15,2)",
        "l_returnflag": "VARCHAR",
        "l_linestatus": "VARCHAR",
        "l_shipdate": "DATE",
        "l_commitdate": "DATE",
        "l_receiptdate": "DATE",
        "l_shipinstruct": "VARCHAR",
        "l_shipmode": "VARCHAR",
        "l_comment": "VARCHAR",
    },
    "wide": {
        "id": "BIGINT",
        "ts_tz": "TIMESTAMP WITH TIME ZONE",
        "ts": "TIMESTAMP",
        "flag": "BOOLEAN",
        "score": "DOUBLE",
        "amount": "DECIMAL(38,9)",
        "uid": "UUID",
        "doc": "VARCHAR",
        "body": "VARCHAR",
        "tags": "VARCHAR[]",
        "raw": "BLOB",
        "note": "VARCHAR",
        "cnt": "INTEGER",
        "d": "DATE",
    },
}

# Types that hold a column as well as the one above.
_AS_GOOD = {
    "INTEGER": {"BIGINT"},
    "BOOLEAN": {"TINYINT", "SMALLINT", "INTEGER", "BIGINT"},
    "UUID": {"VARCHAR"},
    "VARCHAR": {"JSON", "ENUM"},
}

# How a column's value may be written where its own type is not used: expressions over the truth.
_AS_TEXT = {"tags": "t.tags_text", "raw": "'\\x' || lower(hex(t.raw))"}


@dataclass(frozen=True)
class Findings:
    rows: int
    bytes: int
    losses: tuple[str, ...]


def examine(files: list[Path], truth: Path, table: str, dropped: frozenset[str]) -> Findings:
    """Compare a reader's Parquet files with the truth; `dropped` columns are not in the source.

    A source that trims what char(n) pads names it by "padding" among the dropped.
    """
    names = [str(file) for file in files]
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        _load(connection, truth, table, dropped)
        key = KEYS[table][0]
        connection.execute(
            "CREATE TABLE given AS SELECT * FROM read_parquet($names)"
            f" WHERE {key}::BIGINT // 100 % 16 = 0",
            {"names": names},
        )
        (rows,) = _one(connection, f"SELECT count(*) FROM read_parquet({names})")
        given = {
            name.lower(): str(kind)
            for name, kind, *_ in connection.execute("DESCRIBE given").fetchall()
        }
        columns: dict[str, list[str]] = {}
        for column, wanted in COLUMNS[table].items():
            if column not in dropped:
                loss = _loss(connection, table, column, (wanted, given.get(column)))
                columns.setdefault(loss, []).append(column)
        losses = [f"{', '.join(which)} {loss}" for loss, which in columns.items() if loss]
        losses += _compression(connection, names) + _missing(connection, table)
    return Findings(rows, sum(file.stat().st_size for file in files), tuple(losses))


def _load(
    connection: duckdb.DuckDBPyConnection, path: Path, table: str, dropped: frozenset[str]
) -> None:
    columns = dict.fromkeys(COLUMNS[table], "VARCHAR")
    if table == "wide":
        names = list(columns)
        names.insert(names.index("tags") + 1, "tags_text")
        columns = dict.fromkeys(names, "VARCHAR")
    casts = [_typed(name, COLUMNS[table].get(name, "VARCHAR"), dropped) for name in columns]
    connection.execute(
        f"CREATE TABLE truth AS SELECT {', '.join(casts)} FROM read_csv($file, header = true,"
        " columns = $columns, allow_quoted_nulls = false, strict_mode = false)",
        {"file": str(path), "columns": columns},
    )


def _typed(name: str, kind: str, dropped: frozenset[str]) -> str:
    expression = {"VARCHAR[]": f"{name}::JSON::VARCHAR[]", "BLOB": f"from_hex({name})"}.get(
        kind, f"{name}::{kind}"
    )
    if "padding" in dropped and name in ("l_shipinstruct", "l_shipmode"):
        expression = f"rtrim({name}, ' ')"
    return f"{expression} AS {name}"


def _loss(
    connection: duckdb.DuckDBPyConnection, table: str, column: str, types: tuple[str, str | None]
) -> str:
    """What became of a column, to be read after its name; empty if it is as it was."""
    wanted, given = types
    if given is None:
        return "left out"
    left, right = f"t.{column}", f"g.{column}"
    if (wanted, given) == ("UUID", "BLOB"):
        left, right = f"replace({left}::VARCHAR, '-', '')", f"lower(hex({right}))"
    elif given == "VARCHAR" and column in _AS_TEXT:
        left = _AS_TEXT[column]
    elif given != wanted:
        right = f"TRY_CAST({right} AS {wanted})"
    differing, untrimmed, compared = _one(
        connection,
        f"SELECT count(*) FILTER ({left} IS DISTINCT FROM {right}),"
        f" count(*) FILTER (rtrim({left}::VARCHAR) IS DISTINCT FROM rtrim({right}::VARCHAR)),"
        f" count(*) FROM truth t JOIN given g USING ({', '.join(KEYS[table])})",
    )
    parts = [] if given == wanted or given in _AS_GOOD.get(wanted, ()) else [f"as {_plain(given)}"]
    if differing and not untrimmed:
        parts.append("without trailing spaces")
    elif differing:
        parts.append(f"({differing / compared:.0%} of the values differ)")
    return " ".join(parts)


def _plain(kind: str) -> str:
    names = {"VARCHAR": "text", "TIMESTAMP": "timestamp without zone", "BLOB": "bytes"}
    return names.get(kind, kind.lower())


def _missing(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    (unmatched,) = _one(
        connection,
        "SELECT count(*) FILTER (t.rowid IS NULL OR g.rowid IS NULL)"
        f" FROM truth t FULL JOIN given g USING ({', '.join(KEYS[table])})",
    )
    return [f"{unmatched} rows of those compared are missing or made up"] if unmatched else []


def _compression(connection: duckdb.DuckDBPyConnection, names: list[str]) -> list[str]:
    rows = connection.execute(
        "SELECT DISTINCT compression FROM parquet_metadata($names)", {"names": names}
    ).fetchall()
    return [f"{codec.lower()} instead of zstd" for (codec,) in rows if codec != "ZSTD"]


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[int, ...]:
    row = connection.execute(sql).fetchone()
    assert row is not None
    return tuple(row)
