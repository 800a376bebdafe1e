"""The order of a key: which rows come after others, in SQL that an index serves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from headrace.chunks import Chunk
from headrace.errors import TABLE_CHANGED, HeadraceError
from headrace.model import Selection
from headrace.sources.postgres.columns import SourceColumn, read_columns
from headrace.sources.postgres.identifiers import literal, quoted
from headrace.sources.postgres.session import Session
from headrace.values import Value

_INTEGERS = frozenset({"int2", "int4", "int8"})
# Whose operators are found without a search_path, and whose texts mean the same in each session.
_ORDERED = _INTEGERS | {
    *("numeric", "float4", "float8", "text", "varchar", "bpchar", "bytea", "uuid"),
    *("date", "timestamp", "timestamptz"),
}


# A collation is what it was made of, and how the library that sorts by it does so by now.
_ORDER = """
SELECT json_build_object('order', coalesce(json_agg(json_build_array(
    a.attname, format_type(a.atttypid, a.atttypmod), to_jsonb(o) - 'oid' - 'collowner',
    pg_collation_actual_version(o.oid)
) ORDER BY a.attnum), '[]')::text)::text
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_collation o ON o.oid = a.attcollation
WHERE n.nspname::text = :schema::text AND c.relname::text = :table::text
    AND a.attname::text IN ({names})
"""


class _Order(Value):
    order: str


@dataclass(frozen=True)
class KeyColumn:
    """A column of a key, by the type beneath all domains.

    It is compared by its own collation, since a constant has none that would count.
    """

    name: str
    type: str

    @property
    def integer(self) -> bool:
        return self.type in _INTEGERS

    @property
    def written(self) -> str:
        return f"{quoted(self.name)}::pg_catalog.{self.type}::pg_catalog.text"

    def constant(self, text: str) -> str:
        # Without the column's length or precision, to which the bound would be cut.
        return f"{literal(text)}::pg_catalog.{self.type}"


def key_columns(names: Iterable[str], columns: Mapping[str, SourceColumn]) -> tuple[KeyColumn, ...]:
    """As many of the columns, from the first on, as can be compared and may be read."""
    key = []
    for name in names:
        column = columns[name]
        if not column.readable or column.type.name not in _ORDERED:
            break
        key.append(KeyColumn(name, column.type.name))
    return tuple(key)


def key_of(session: Session, selection: Selection, chunk: Chunk) -> tuple[KeyColumn, ...]:
    """The columns of a chunk. Raises TABLE_CHANGED if they tell its rows apart no more."""
    columns = {column.name: column for column in read_columns(session, selection.ref)}
    known = [name for name in chunk.columns if name in columns and not columns[name].nullable]
    key = key_columns(known, columns)
    if len(key) < len(chunk.columns):
        listed = ", ".join(chunk.columns)
        raise HeadraceError(
            TABLE_CHANGED, f"Reading {selection.ref}: it can't be read by {listed} any more."
        )
    return key


def order(session: Session, selection: Selection, columns: Iterable[str]) -> str:
    """See `headrace.sources.Database.order`."""
    table = selection.ref
    found = session.ask(
        f"Looking up the order of {table}",
        _ORDER.format(names=", ".join(literal(name) for name in columns)),
        _Order,
        schema=table.schema_name,
        table=table.table_name,
    )
    return found.order


def compared(key: Sequence[KeyColumn], chunk: Chunk) -> str:
    """What a row fulfils that is in the chunk."""
    bounds = []
    if chunk.after is not None:
        bounds.append(_compared(key, ">", chunk.after))
    if chunk.upto is not None:
        bounds.append(_compared(key, "<=", chunk.upto))
    return " AND ".join(bounds) or "TRUE"


def within(key: Sequence[KeyColumn], chunk: Chunk) -> str:
    """The same, as an index finds it: if several columns are compared, by what follows from it.

    Of rows that are compared the planner looks at the first column alone: where that has few
    values it takes a small chunk for much of the table, and reads all of it.
    """
    after, upto = chunk.after or (), chunk.upto or ()
    if len(after) <= 1 and len(upto) <= 1:
        return compared(key, chunk)
    conditions = [f"({compared(key, chunk)}) IS TRUE"]
    while len(after) > 1 and len(upto) > 1 and after[0] == upto[0]:
        conditions.append(_compared(key, "=", after[:1]))
        key, after, upto = key[1:], after[1:], upto[1:]
    return " AND ".join([*conditions, _following(key, after, upto)])


def _following(key: Sequence[KeyColumn], after: Sequence[str], upto: Sequence[str]) -> str:
    """A row is between the first values of the bounds, or has one of them, which may be equal."""
    between, on_a_bound = [], []
    for bound, strictly, operator in ((after, ">", ">"), (upto, "<", "<=")):
        if len(bound) == 1:
            between.append(_compared(key, operator, bound))
        elif bound:
            between.append(_compared(key, strictly, bound[:1]))
            rest = _compared(key[1:], operator, bound[1:])
            on_a_bound.append(f"{_compared(key, '=', bound[:1])} AND {rest}")
    return "(" + " OR ".join(f"({way})" for way in (" AND ".join(between), *on_a_bound)) + ")"


def _compared(key: Sequence[KeyColumn], operator: str, bound: Sequence[str]) -> str:
    """A bound of fewer values than the key has columns holds for all rows that begin with them."""
    pairs = list(zip(key, bound, strict=False))
    names = ", ".join(quoted(column.name) for column, _ in pairs)
    constants = ", ".join(column.constant(text) for column, text in pairs)
    return f"({names}) {operator} ({constants})"
