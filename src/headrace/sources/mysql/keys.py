"""A table's key: the columns by which its rows are found in order, and SQL that compares them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from headrace.chunks import Chunk
from headrace.errors import TABLE_CHANGED, HeadraceError
from headrace.model import Selection
from headrace.sources.chosen import chosen
from headrace.sources.mysql.columns import SourceColumn, read_columns
from headrace.sources.mysql.identifiers import qualified, quoted
from headrace.sources.mysql.key_types import KEY_TYPES, KeyType
from headrace.sources.mysql.session import Session
from headrace.sources.mysql.types import ColumnType


@dataclass(frozen=True)
class KeyColumn:
    """A column of a key. Its values are written as its type's `KeyType` writes them."""

    name: str
    column_type: ColumnType
    key_type: KeyType

    @property
    def integer(self) -> bool:
        return self.key_type is KEY_TYPES["bigint"]

    @property
    def text(self) -> str:
        return self.key_type.text.format(quoted(self.name))

    @property
    def usable(self) -> str:
        """What a value fulfils that can be compared; some that do may not be, all the same."""
        return self.key_type.usable.format(quoted(self.name))

    def constant(self, text: str) -> str:
        """Raises ValueError if the text is no value by which rows can be compared."""
        return self.key_type.constant(self.column_type, text)

    def compared(self, operator: str, text: str) -> str:
        return f"{quoted(self.name)} {operator} {self.constant(text)}"

    def takes(self, text: str) -> bool:
        """Whether rows can be compared with the value."""
        try:
            self.constant(text)
        except ValueError:
            return False
        return True

    def spaced(self, first: str, last: str, pieces: int) -> Sequence[str]:
        """See `KeyType`."""
        return self.key_type.spaced(self.column_type, first, last, pieces)


@dataclass(frozen=True)
class Key:
    """The columns with which an index begins, and the table with that index.

    `whole` says that it has no others, so that no two rows have the same values.
    """

    columns: tuple[KeyColumn, ...]
    rows: str
    whole: bool

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def ordered(self, direction: str = "") -> str:
        return ", ".join(f"{quoted(name)} {direction}".strip() for name in self.names)

    @property
    def texts(self) -> str:
        return ", ".join(column.text for column in self.columns)

    def takes(self, texts: Sequence[str]) -> bool:
        """Whether rows can be compared with these values."""
        return all(column.takes(text) for column, text in zip(self.columns, texts, strict=True))


def key_of(session: Session, selection: Selection) -> Key | None:
    """The primary key, else the first unique key without NULLs; None if that can't be compared.

    It is the one by which InnoDB keeps the rows, so a range of it is a range of the table. Of its
    columns those count that come before the first that can't be compared, or may not be read.
    """
    table = selection.ref
    # SHOW alone keeps the order in which the server prefers the indexes.
    sql = f"SHOW INDEX FROM {qualified(table)}"
    found = session.records(f"Looking up the keys of {table}", sql)
    for name, grouped in groupby(found, lambda part: str(part["Key_name"])):
        parts = list(grouped)
        if all(_keeps_apart(part) for part in parts):
            columns = {column.name: column for column in read_columns(session, table)}
            key = tuple(_comparable(parts, columns))
            rows = f"{qualified(table)} FORCE INDEX ({quoted(name)})"
            return Key(key, rows, len(key) == len(parts)) if key else None
    return None


def condition(session: Session, selection: Selection, chunk: Chunk) -> str:
    """What a row fulfils that is in the chunk, which is not the whole table.

    Raises COLUMN_NOT_FOUND and TABLE_CHANGED if the table was altered since it was cut.
    """
    alone = selection.model_copy(
        update={"columns": chunk.columns, "unfit_columns": {}, "decimal_columns": {}}
    )
    columns = chosen(alone, read_columns(session, selection.ref))
    try:
        return within([_key_column(column) for column in columns], chunk)
    except (KeyError, ValueError) as error:
        raise HeadraceError(
            TABLE_CHANGED,
            f"Reading {selection.ref}: the type of its key is not the one by which it was cut.",
        ) from error


def order(session: Session, selection: Selection, names: Sequence[str]) -> str:
    """See `headrace.sources.Database.order`."""
    columns = read_columns(session, selection.ref)
    return json.dumps([(c.name, c.source_type, c.collation) for c in columns if c.name in names])


def within(columns: Sequence[KeyColumn], chunk: Chunk) -> str:
    """What a row fulfils that is in the chunk. Raises ValueError.

    The servers find no range in a comparison of rows, `(a, b) > (1, 2)`, so it is written out.
    """
    conditions = []
    if chunk.after is not None:
        conditions += _compared(columns, chunk.after, (">", ">"))
    if chunk.upto is not None:
        conditions += _compared(columns, chunk.upto, ("<", "<="))
    return " AND ".join(conditions) or "TRUE"


def _compared(
    columns: Sequence[KeyColumn], texts: Sequence[str], operators: tuple[str, str]
) -> list[str]:
    """Compared in order; the second operator is the last column's."""
    strict, last = operators
    compared = ""
    for column, text in reversed(list(zip(columns, texts, strict=True))):
        if not compared:
            compared = column.compared(last, text)
        else:
            equal = f"({column.compared('=', text)} AND {compared})"
            compared = f"({column.compared(strict, text)} OR {equal})"
    if len(columns) == 1:
        return [compared]
    # Says nothing new, but is a range of the first column for whoever sees none in the rest.
    return [columns[0].compared(f"{strict}=", texts[0]), compared]


def _keeps_apart(part: Mapping[str, Any]) -> bool:
    """Whether an index of such parts has each row once, and serves to find rows in order."""
    hidden = part.get("Ignored") == "YES" or part.get("Visible") == "NO"
    unique = not part["Non_unique"] and part["Null"] != "YES"
    return unique and part["Index_type"] == "BTREE" and not hidden


def _comparable(
    parts: Sequence[Mapping[str, Any]], columns: Mapping[str, SourceColumn]
) -> Iterator[KeyColumn]:
    """The columns up to the first part that is none, or goes in another direction."""
    for part in parts:
        column = columns.get(part["Column_name"])
        as_a_whole = part["Sub_part"] is None and part["Collation"] == parts[0]["Collation"]
        if column is None or not column.readable or not as_a_whole:
            return
        if column.type.name not in KEY_TYPES:
            return
        yield _key_column(column)


def _key_column(column: SourceColumn) -> KeyColumn:
    """Raises KeyError if values of its type can't be compared."""
    return KeyColumn(column.name, column.type, KEY_TYPES[column.type.name])
