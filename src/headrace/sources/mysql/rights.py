"""Whether the selected tables and columns are there, and may be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from headrace.connections import MysqlConnection
from headrace.errors import (
    COLUMN_NOT_FOUND,
    DATABASE_NOT_FOUND,
    DATABASE_NOT_PERMITTED,
    PERMISSION_DENIED,
    TABLE_NOT_FOUND,
    Field,
    HeadraceError,
    Kind,
)
from headrace.model import Selection
from headrace.sources import READER, Finding
from headrace.sources.mysql import privileges, readable, roles
from headrace.sources.mysql.grants import grants, reading
from headrace.sources.mysql.identifiers import qualified, quoted
from headrace.sources.mysql.privileges import Account
from headrace.sources.mysql.readable import WHAT
from headrace.sources.mysql.selected import Found, ignores_case, look_up
from headrace.sources.mysql.session import Session
from headrace.sources.near import listed, near, shown
from headrace.values import Value

# Each takes a few statements to explain, and a person mends the first before the last.
_EXPLAINED = 30
_SAID = 20
_FIRST = (TABLE_NOT_FOUND, COLUMN_NOT_FOUND, PERMISSION_DENIED)

_TABLES = """
SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s LIMIT 1000
"""
_COLUMNS = """
SELECT COLUMN_NAME AS name, FIND_IN_SET('select', PRIVILEGES) > 0 AS readable
FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s
"""


class _Table(Value):
    name: str


class _Column(Value):
    name: str
    readable: bool


@dataclass(frozen=True)
class _Right:
    """The right to read a table, or columns of it."""

    table: Selection
    columns: Sequence[str] | None


@dataclass(frozen=True)
class _Wrong:
    """What stands in the way of reading a table, and the right that is lacking, if one is."""

    kind: Kind
    words: str
    field: Field
    lacks: _Right | None = None


def of_selection(
    session: Session, connection: MysqlConnection, selection: Sequence[Selection]
) -> Finding:
    """Whether each selected table and column is there and may be read.

    With an error in it (`Finding.error`) if one is not: TABLE_NOT_FOUND, COLUMN_NOT_FOUND or
    PERMISSION_DENIED, in this order, since nobody can grant rights to what is not there; or else
    what is wrong with the first.
    """
    account = privileges.current_account(session)
    facts = tuple(privileges.facts(session, account))
    readable.patient_for_a_moment(session)
    refused = list(islice(readable.refused(session, selection), _EXPLAINED))
    wrong = [
        found
        for place, error in refused
        for found in _explained(session, f"selection.{place}", selection[place], error)
    ]
    wrong += _misspelt(session, selection)
    error = _error(wrong, account, unfinished=len(refused) == _EXPLAINED) if wrong else None
    if error is not None and error.kind is PERMISSION_DENIED:
        error = _by_role(session, account, selection, error) or error
    number = len(selection)
    tables = "the selected table" if number == 1 else f"all {number:,} selected tables"
    return Finding(
        f"The user may read {tables}.",
        facts=facts,
        grants=grants(connection, selection, READER),
        error=error,
    )


def _explained(
    session: Session, path: str, one: Selection, error: HeadraceError
) -> Iterator[_Wrong]:
    """A server's refusal of a table in words, with the help of what the user may see."""
    if explain := _EXPLAIN.get(error.kind):
        yield from explain(session, path, one)
        return
    reason = error.detail.removeprefix(f"{WHAT}: ").rstrip(".")
    field = Field(f"{path}.table_name", error.kind.title)
    yield _Wrong(error.kind, f"{shown(str(one))}: {reason}", field)


def _no_database(_: Session, path: str, one: Selection) -> Iterator[_Wrong]:
    yield _absent(f"{path}.schema_name", "database", one.schema_name, None)


def _no_table(session: Session, path: str, one: Selection) -> Iterator[_Wrong]:
    meant = near(one.table_name, _tables(session, one))
    where = f" in {shown(one.schema_name)}"
    yield _absent(f"{path}.table_name", "table", one.table_name, meant, where)


def _no_column(session: Session, path: str, one: Selection) -> Iterator[_Wrong]:
    seen = [column.name for column in _columns(session, one)]
    for name in one.columns or ():
        # The catalogue hides columns to which the user has no right; a statement does not.
        if name in seen or not _lacks_column(session, one, name):
            continue
        where = f" in {shown(str(one))}"
        yield _absent(f"{path}.columns", "column", name, near(name, seen), where)


def _no_right(session: Session, path: str, one: Selection) -> Iterator[_Wrong]:
    columns = _columns(session, one)
    may = [column.name for column in columns if column.readable]
    name = shown(str(one))
    if not may:
        unsure = "" if columns else ", or is not there: the server does not tell which"
        meant = None if columns else near(one.table_name, _tables(session, one))
        asked = f" (did you mean '{meant}'?)" if meant else ""
        yield _denied(
            Field(f"{path}.table_name", "may not be read by this user", meant),
            f"{name} may not be read{unsure}{asked}",
            _Right(one, one.columns),
        )
    elif not one.columns:
        words = f"no more than these may be read: {listed(may)}"
        yield _denied(
            Field(f"{path}.columns", words), f"of the columns of {name} {words}", _Right(one, None)
        )
    else:
        lacking = [name for name in one.columns if name not in may]
        hidden = set(lacking).difference(column.name for column in columns)
        unsure = ", or are not there: the server does not tell which" if hidden else ""
        meant = near(min(hidden), may) if hidden else None
        yield _denied(
            Field(f"{path}.columns", f"may not be read by this user: {listed(lacking)}", meant),
            f"columns of {name} may not be read{unsure}: {listed(lacking)}",
            _Right(one, lacking),
        )


_EXPLAIN: dict[Kind, Callable[[Session, str, Selection], Iterator[_Wrong]]] = {
    DATABASE_NOT_FOUND: _no_database,
    DATABASE_NOT_PERMITTED: _no_right,
    TABLE_NOT_FOUND: _no_table,
    COLUMN_NOT_FOUND: _no_column,
    PERMISSION_DENIED: _no_right,
}


def _misspelt(session: Session, selection: Sequence[Selection]) -> Iterator[_Wrong]:
    """Tables that the server finds by other letters' case; their names are compared as they are."""
    if not ignores_case(session, WHAT):
        return
    for found in look_up(session, WHAT, selection):
        one = selection[found.place]
        if not found.is_called(one):
            yield _misspelt_as(f"selection.{found.place}", one, found)


def _misspelt_as(path: str, one: Selection, found: Found) -> _Wrong:
    if found.schema_name != one.schema_name:
        where, name, meant = "schema_name", one.schema_name, found.schema_name
    else:
        where, name, meant = "table_name", one.table_name, found.table_name
    return _absent(f"{path}.{where}", where.removesuffix("_name"), name, near(name, [meant]))


def _absent(path: str, what: str, name: str, meant: str | None, where: str = "") -> _Wrong:
    kind = COLUMN_NOT_FOUND if what == "column" else TABLE_NOT_FOUND
    message = f"there is no {what} '{shown(name)}'"
    asked = f" (did you mean '{meant}'?)" if meant else ""
    return _Wrong(kind, f"{message}{where}{asked}", Field(path, message, meant))


def _denied(field: Field, words: str, lacks: _Right) -> _Wrong:
    return _Wrong(PERMISSION_DENIED, words, field, lacks)


def _tables(session: Session, one: Selection) -> list[str]:
    return [table.name for table in session.answers(WHAT, _TABLES, _Table, one.schema_name)]


def _columns(session: Session, one: Selection) -> tuple[_Column, ...]:
    return session.answers(WHAT, _COLUMNS, _Column, one.schema_name, one.table_name)


def _lacks_column(session: Session, one: Selection, column: str) -> bool:
    sql = f"SELECT {quoted(column)} FROM {qualified(one)}"  # noqa: S608 - quoted
    error = readable.reason(session, sql)
    return error is not None and error.kind is COLUMN_NOT_FOUND


def _error(wrong: Sequence[_Wrong], account: Account, *, unfinished: bool) -> HeadraceError:
    kinds = [one.kind for one in wrong]
    kind = next((kind for kind in _FIRST if kind in kinds), kinds[0])
    rights = [one.lacks for one in wrong if one.lacks]
    statements = [reading(right.table, account.quoted, right.columns) for right in rights]
    words = [one.words for one in wrong]
    more = f"; and {len(words) - _SAID} more" if len(words) > _SAID else ""
    more += "; the others were not looked at" if unfinished else ""
    hint = kind.hint if kind is not PERMISSION_DENIED else None
    if statements:
        run = "Have an administrator run these statements."
        hint = f"{hint} {run}" if hint else run
    return HeadraceError(
        kind,
        f"{WHAT}: {'; '.join(words[:_SAID])}{more}.",
        hint=hint,
        copy="\n".join(dict.fromkeys(statements)) or None,
        fields=[one.field for one in wrong],
    )


def _by_role(
    session: Session, account: Account, selection: Sequence[Selection], error: HeadraceError
) -> HeadraceError | None:
    """The error's next step if it is to make a role active that the user has already."""

    def reads_all() -> bool:
        return next(readable.refused(session, selection), None) is None

    role = roles.that_would_do(session, account, reads_all)
    if role is None:
        return None
    name, statement = role
    return HeadraceError(
        error.kind,
        f"{error.detail} The rights come by the role {name}, which is not active after the login.",
        hint="Have an administrator run this statement, so that it is.",
        copy=statement,
        fields=error.fields,
    )
