"""The selected tables as the catalogue has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headrace.model import Selection
from headrace.sources.mysql.session import Session
from headrace.tables import TableRef
from headrace.values import Value

_AT_ONCE = 50

# One for each table: with names of one table the server does not open all the others.
_ONE = """
SELECT {place} AS place, TABLE_SCHEMA AS schema_name, TABLE_NAME AS table_name, ENGINE AS engine
FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s
"""


class _Mode(Value):
    mode: int


class Found(Value):
    """A table, with its place in the selection; a view has no engine, nor has a broken table."""

    place: int
    schema_name: str
    table_name: str
    engine: str | None

    def __str__(self) -> str:
        return f"{self.schema_name}.{self.table_name}"

    def is_called(self, table: TableRef) -> bool:
        return (self.schema_name, self.table_name) == (table.schema_name, table.table_name)


def look_up(session: Session, what: str, selection: Sequence[Selection]) -> Iterator[Found]:
    """Those of which the user has any right. The letters' case is not looked at."""
    for start in range(0, len(selection), _AT_ONCE):
        some = selection[start : start + _AT_ONCE]
        sql = "UNION ALL".join(_ONE.format(place=start + i) for i in range(len(some)))
        names = [name for one in some for name in (one.schema_name, one.table_name)]
        yield from session.answers(what, sql, Found, *names)


def ignores_case(session: Session, what: str) -> bool:
    """Whether names of tables that differ in case alone are the same name."""
    return session.answer(what, "SELECT @@lower_case_table_names AS mode", _Mode).mode != 0
