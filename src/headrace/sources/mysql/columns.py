"""The columns of a table, as information_schema has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from headrace.errors import TABLE_NOT_FOUND, HeadraceError
from headrace.sources.mysql.identifiers import qualified
from headrace.sources.mysql.session import Session
from headrace.sources.mysql.types import ColumnType
from headrace.tables import TableRef

# The names are compared byte for byte: information_schema's collation takes A for a.
_SQL = """
SELECT c.COLUMN_NAME, c.COLUMN_TYPE, c.IS_NULLABLE = 'YES', c.COLUMN_COMMENT,
    COALESCE(c.GENERATION_EXPRESSION, '') <> '', FIND_IN_SET('select', c.PRIVILEGES) > 0,
    c.DATA_TYPE, c.NUMERIC_PRECISION, c.NUMERIC_SCALE, c.CHARACTER_SET_NAME, c.COLLATION_NAME
FROM information_schema.COLUMNS c
WHERE c.TABLE_SCHEMA = %s AND c.TABLE_NAME = %s
    AND CAST(c.TABLE_SCHEMA AS BINARY) = %s AND CAST(c.TABLE_NAME AS BINARY) = %s
ORDER BY c.ORDINAL_POSITION
"""


@dataclass(frozen=True)
class SourceColumn:
    """A column, with its type as the database writes it. It may be invisible to `SELECT *`."""

    name: str
    source_type: str
    nullable: bool
    comment: str | None
    generated: bool
    readable: bool
    type: ColumnType
    collation: str | None

    @property
    def takes_decimal(self) -> bool:
        return self.type.takes_decimal


def read_columns(session: Session, table: TableRef) -> tuple[SourceColumn, ...]:
    """The table's columns in their order, of which the user has any right.

    Raises TABLE_NOT_FOUND, PERMISSION_DENIED, and what else is wrong with a view. Columns for
    which the user has no right at all are not among them, as the servers hide these.
    """
    names = (table.schema_name, table.table_name)
    what = f"Looking up the columns of {table}"
    rows = session.query(what, _SQL, *names, *names)
    if not rows:
        # Tables that may not be read and views that can't be opened have no columns either; the
        # server says which it is when asked for them.
        session.check(what, f"SELECT * FROM {qualified(table)}")  # noqa: S608 - quoted
        raise HeadraceError(TABLE_NOT_FOUND, f"{what}: there is no such table.")
    return tuple(_column(*row) for row in rows)


def _column(*row: Any) -> SourceColumn:
    name, source_type, nullable, comment, generated, readable, *rest = row
    base, precision, scale, character_set, collation = rest
    source_type = source_type.removesuffix(" /* mariadb-5.3 */")  # the format of a view's dates
    return SourceColumn(
        name=name,
        source_type=source_type,
        nullable=bool(nullable),
        comment=comment or None,
        generated=bool(generated),
        readable=bool(readable),
        type=ColumnType(
            "tinyint(1)" if source_type == "tinyint(1)" else base.lower(),
            "unsigned" in source_type.lower(),
            precision or 0,
            scale or 0,
            character_set,
        ),
        collation=collation,
    )
