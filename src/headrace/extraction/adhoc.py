"""A source for one extraction by hand; it is stored nowhere."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from headrace import naming
from headrace.connections import Connection
from headrace.errors import INVALID_INPUT, Field, HeadraceError
from headrace.model import Selection, Source, SourceState, now

# The model that owns what is extracted by hand.
MODEL_ID = "command-line"

_PART = r'"(?:[^"]|"")+"|[^".]+'
_TABLE = re.compile(rf"(?:({_PART})\.)?({_PART})")


def adhoc_source(connection: Connection, tables: Sequence[str], dataset: str | None) -> Source:
    """A source of the named tables: `orders`, `sales.orders`, or quoted as in SQL.

    Its id stands for the dataset: the next extraction by hand into it may replace the tables of
    this one, by whatever name the server was called, and nobody else's. Raises INVALID_INPUT
    naming every wrong table.
    """
    name = dataset or naming.dataset_name(connection.database)
    wrong = [
        Field(table, "is not written like schema.table")
        for table in tables
        if not _TABLE.fullmatch(table)
    ]
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,127}", name):
        wrong.append(Field("dataset", "holds letters, digits and underscores alone"))
    if wrong:
        raise HeadraceError(INVALID_INPUT, "The tables can't be taken.", fields=wrong)
    return Source(
        model_id=MODEL_ID,
        source_id=hashlib.sha256(name.lower().encode()).hexdigest()[:24],
        name=name,
        connection=connection,
        credentials_secret_name="",
        dataset=name,
        selection=tuple(
            {(chosen := _selection(connection, table)).ref: chosen for table in tables}.values()
        ),
        state=SourceState.ACTIVE,
        created_at=now(),
        updated_at=now(),
    )


def _selection(connection: Connection, table: str) -> Selection:
    match = _TABLE.fullmatch(table)
    assert match  # noqa: S101 - checked by the only caller
    schema, name = match.groups()
    return Selection(
        schema_name=_unquoted(schema) if schema else connection.default_schema,
        table_name=_unquoted(name),
    )


def _unquoted(part: str) -> str:
    return part[1:-1].replace('""', '"') if part.startswith('"') else part
