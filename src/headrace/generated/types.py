"""docs/types.md: what becomes of each type, asked of the code that decides it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from headrace.destinations.duckdb import DuckDB
from headrace.sources.mysql import types as mysql
from headrace.sources.postgres import types as postgres

_HEAD = """# Types

Generated from the type tables of `src/headrace/sources/`; write it anew with `make docs`.

A value arrives as it left, or the run fails with `value_not_carried`; none is rounded, cut or \
replaced in silence. What can't be held exactly in a type of its own is carried as the text that \
the database itself writes, and `describe_table` says so of each such column.

Where a type has values that its column can't hold (the last column), a policy decides: `fail` \
(default) ends the run and leaves the destination as it was, `null` puts NULL in their place and \
counts them in the run, `text` carries the whole column as text. `unfit` sets it for a source \
(on the command line `headrace extract --unfit`), a selection's `unfit_columns` for a column.

Numbers without precision, and those of more than 38 digits, are carried as text unless a \
selection's `decimal_columns` chooses a decimal type for the column (`headrace extract --decimal \
COLUMN=38,9`). None is rounded to it: a number that does not fit exactly is one of the values of \
which the policy decides.
"""

_DUCKDB = DuckDB(Path("types"))  # nothing is opened to name a type

# What a logical type's text says of how the library holds it.
_INTERNALS = re.compile(r", (is_from|force_set)_converted_type=\w+")

_HEADER = (
    "| type | Arrow | Parquet | DuckDB | remark | does not fit |",
    "|---|---|---|---|---|---|",
)

# The modifier of numeric(p, s) as PostgreSQL packs it.
_POSTGRES: dict[str, postgres.ColumnType] = {
    **{
        written: postgres.ColumnType(name, -1)
        for written, name in {
            "boolean": "bool",
            "smallint": "int2",
            "integer": "int4",
            "bigint": "int8",
            "real": "float4",
            "double precision": "float8",
            "date": "date",
            "time": "time",
            "timestamp": "timestamp",
            "timestamp with time zone": "timestamptz",
            "text": "text",
            "character varying": "varchar",
            "character": "bpchar",
            "name": "name",
            '"char"': "char",
            "bytea": "bytea",
            "uuid": "uuid",
            "json": "json",
            "jsonb": "jsonb",
            "oid": "oid",
        }.items()
    },
    "an enumeration": postgres.ColumnType(None, -1, enum=True),
    "numeric(10, 2), and all up to 38 digits": postgres.ColumnType("numeric", 4 + (10 << 16) + 2),
    "numeric(39, 0), and all of more digits": postgres.ColumnType("numeric", 4 + (39 << 16)),
    "numeric": postgres.ColumnType("numeric", -1),
    "integer[], and of all types above that are not numeric without precision": (
        postgres.ColumnType("_int4", -1, element=postgres.ColumnType("int4", -1))
    ),
    "interval, time with time zone, money, bit, bit varying, xml": postgres.ColumnType(
        "interval", -1
    ),
    "inet, cidr, macaddr, macaddr8, tsvector, tsquery, jsonpath, pg_lsn": postgres.ColumnType(
        "inet", -1
    ),
    "point, line, lseg, box, path, polygon, circle": postgres.ColumnType("point", -1),
    "ranges, multiranges, composite types": postgres.ColumnType("int4range", -1),
    "types of extensions, such as hstore and geometry": postgres.ColumnType(None, -1),
}

_UNSIGNED = ("tinyint", "smallint", "mediumint", "int", "bigint")
_MYSQL: dict[str, mysql.ColumnType] = {
    **{
        name: mysql.ColumnType(name, character_set="utf8mb4")
        for name in (
            *("tinyint", "tinyint(1)", "smallint", "mediumint", "int", "bigint"),
            *("float", "double", "bit", "year", "date", "time", "datetime", "timestamp"),
            *("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set"),
            *("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"),
            *("json", "uuid", "inet4", "inet6", "geometry"),
        )
    },
    **{f"{name} unsigned": mysql.ColumnType(name, unsigned=True) for name in _UNSIGNED},
    "decimal(10, 2), and all up to 38 digits": mysql.ColumnType("decimal", precision=10, scale=2),
    "decimal(39, 0), and all of more digits": mysql.ColumnType("decimal", precision=39),
    "all others, such as vector": mysql.ColumnType("vector"),
}


def types_md() -> str:
    lines = [_HEAD, "## PostgreSQL", "", "A domain is carried as the type beneath it.", ""]
    lines += [*_HEADER, *_postgres_rows(), "", "## MySQL and MariaDB", ""]
    lines += [
        "Text of any character set arrives as UTF-8; a byte that is no character of its set is "
        "reported, not replaced. A geometry is read as well-known binary.",
        "",
    ]
    return "\n".join([*lines, *_HEADER, *_mysql_rows(), ""])


def _postgres_rows() -> Iterator[str]:
    for written, column_type in _POSTGRES.items():
        carried = postgres.carried(column_type)
        yield _row(written, carried.arrow, carried.note, carried.unfit)


def _mysql_rows() -> Iterator[str]:
    for written, column_type in _MYSQL.items():
        carried = mysql.carried(column_type)
        yield _row(written, carried.arrow, carried.note, carried.unfit)


def _row(written: str, arrow: pa.DataType, note: str | None, unfit: str | None) -> str:
    cells = (
        f"`{arrow}`",
        _parquet(arrow),
        f"`{_DUCKDB.type_name(arrow)}`",
        note or "",
        unfit or "",
    )
    return f"| {written} | {' | '.join(cells)} |"


def _parquet(arrow: pa.DataType) -> str:
    """The type that the files have, as the writer itself chooses it."""
    file = io.BytesIO()
    writer = pq.ParquetWriter(file, pa.schema([("c", arrow)]), store_decimal_as_integer=True)
    writer.close()
    column = pq.read_metadata(file).schema.column(0)
    logical = str(column.logical_type)
    kind = column.physical_type if logical == "None" else f"{column.physical_type}, {logical}"
    listed = "list of " if pa.types.is_list(arrow) else ""
    return f"{listed}{_INTERNALS.sub('', kind)}".replace("isAdjustedToUTC=", "UTC=")
