"""Which columns may be cursors, as far as catalogues and statistics tell; the best one first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from headrace.sources.cursors import CursorKind
from headrace.tables import CursorCandidate

_CHANGED = frozenset(
    {"updated", "update", "modified", "modification", "changed", "change", "touched", "mtime"}
)
_ADDED = frozenset(
    {"created", "create", "creation", "inserted", "added", "recorded", "logged", "received"}
    | {"ingested", "occurred", "ctime", "timestamp", "ts"}
)
# Texts that grow with time: 26 characters of a ULID, 27 of a KSUID.
_ORDERED = re.compile(r"(?i)ulid|ksuid")
_ORDERED_TYPE = re.compile(r"char(acter varying)?\(26\)")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

UNIQUE = "It is unique."
_DELETES = "Deletes: the rows stay in the destination."
_LATE = "Rows with a lower value that are committed later"


class Role(IntEnum):
    """What a column's values say of a row; the lower, the better as a cursor."""

    CHANGED = 0  # when it was last changed, as the database sees to itself
    SAID_CHANGED = 1  # the same, by the column's name alone
    ADDED = 2  # when it was added
    COUNTED = 3  # that it was added after those with lower numbers
    ORDERED = 4  # the same, of texts
    UNKNOWN = 5

    @property
    def sees_updates(self) -> bool:
        return self <= Role.SAID_CHANGED


@dataclass(frozen=True)
class Traits:
    """What catalogues and statistics tell of a column whose type a cursor may have.

    `set_on_insert`, `set_on_update` and `counted` are sentences that say why it is so.
    """

    name: str
    kind: CursorKind
    source_type: str
    nullable: bool
    index: str | None = None
    """An index over all rows that begins with the column, and in which its windows are found."""
    null_fraction: float | None = None
    set_on_insert: str | None = None
    set_on_update: str | None = None
    counted: str | None = None
    remarks: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        return self.null_fraction == 1


@dataclass(frozen=True)
class Ranked:
    """A candidate, and what its values say."""

    candidate: CursorCandidate
    role: Role
    usable: bool
    """Whether any row has a value, so far as is known."""

    @property
    def trusted(self) -> bool:
        return self.usable and self.role is not Role.UNKNOWN


def ranked(columns: Sequence[Traits], keys: Sequence[tuple[str, ...]]) -> Sequence[Ranked]:
    """`keys` are what tells rows apart, the primary key first."""
    judged = [(_role(column), column) for column in columns if _may_be(column, keys)]
    judged.sort(key=lambda pair: _rank(*pair))
    singles = [_single(role, column, keys) for role, column in judged]
    return [*_combined(judged), *singles]


def _may_be(column: Traits, keys: Sequence[tuple[str, ...]]) -> bool:
    if column.kind.lags:
        return True
    if column.kind is CursorKind.TEXT:
        return _role(column) is Role.ORDERED
    return column.counted is not None or (column.name,) in keys


def _role(column: Traits) -> Role:
    words = {word.lower() for word in _WORD.findall(column.name)}
    if column.kind is CursorKind.TEXT:
        grows = _ORDERED.search(column.name) or _ORDERED_TYPE.search(column.source_type)
        return Role.ORDERED if grows else Role.UNKNOWN
    if not column.kind.lags:
        return Role.COUNTED if column.counted else Role.UNKNOWN
    if column.set_on_update:
        return Role.CHANGED
    if words & _CHANGED:
        return Role.SAID_CHANGED
    return Role.ADDED if column.set_on_insert or words & _ADDED else Role.UNKNOWN


def _rank(role: Role, column: Traits) -> tuple[object, ...]:
    """The table's own order decides what nothing else does."""
    return (
        column.empty,
        role,
        column.index is None,
        column.kind is CursorKind.DATE,
        column.kind is not CursorKind.INSTANT,
        column.null_fraction or 0,
    )


def _single(role: Role, column: Traits, keys: Sequence[tuple[str, ...]]) -> Ranked:
    candidate = CursorCandidate(
        cursor=(column.name,),
        evidence=_evidence(role, column, keys),
        misses=(*_missed(role, column), *_nulls(column), _DELETES),
        sees_updates=role.sees_updates,
        scans=column.index is None,
        null_fraction=column.null_fraction,
    )
    return Ranked(candidate, role, usable=not column.empty)


def _combined(judged: Sequence[tuple[Role, Traits]]) -> list[Ranked]:
    """The time of the last change, or of a row that was never changed that of its beginning."""
    changed = [(role, column) for role, column in judged if role.sees_updates][:1]
    if not changed or not changed[0][1].nullable or changed[0][1].null_fraction == 0:
        return []
    ((role, first),) = changed
    added = [c for r, c in judged if r is Role.ADDED and c.kind is first.kind and not c.empty]
    if not added:
        return []
    second = added[0]
    candidate = CursorCandidate(
        cursor=(first.name, second.name),
        evidence=(
            *_evidence(role, first, ()),
            f"Where {first.name} is NULL, {second.name} tells when the row was added.",
        ),
        misses=(*_missed(role, first), *_nulls(second), _DELETES),
        sees_updates=True,
        scans=True,
        null_fraction=second.null_fraction if second.nullable else 0.0,
    )
    return [Ranked(candidate, role, usable=True)]


def _evidence(role: Role, column: Traits, keys: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    said: list[str | None] = [f"Its type is {column.source_type}."]
    said += [column.set_on_update, column.set_on_insert, column.counted]
    if role is Role.SAID_CHANGED:
        said.append("Its name says that it is set when a row is changed.")
    if role is Role.ADDED and not column.set_on_insert:
        said.append("Its name says that it is set when a row is added.")
    if role is Role.ORDERED:
        said.append("It looks like an identifier that begins with the time.")
    if (column.name,) in keys:
        said.append(UNIQUE)
    if column.index:
        said.append(f"Index {column.index} begins with it.")
    return tuple(sentence for sentence in [*said, *column.remarks] if sentence)


def _missed(role: Role, column: Traits) -> list[str]:
    said = {
        Role.SAID_CHANGED: ["Updates by whoever does not set it: the database does not."],
        Role.ADDED: ["Updates: it is set when a row is added."],
        Role.COUNTED: [
            "Updates: it is set when a row is added.",
            f"{_LATE}, unless a look-back finds them.",
        ],
        Role.ORDERED: ["Updates: it is set when a row is added.", f"{_LATE}."],
        Role.UNKNOWN: [
            "Rows that are added or updated with a value that is not higher than those before: "
            "nothing says that it grows."
        ],
    }.get(role, [])
    if column.kind is CursorKind.DATE:
        said.append("Rows of a day that is not over: they are taken when it is.")
    if column.kind is CursorKind.WALL_TIME:
        said.append("Rows written in another time zone than the server's: it has none of its own.")
    return said


def _nulls(column: Traits) -> list[str]:
    if not column.nullable:
        return []
    if column.empty:
        return ["All rows: by the statistics it is NULL in each."]
    if column.null_fraction is None:
        return ["Rows in which it is NULL, if there are any."]
    if column.null_fraction == 0:
        return ["Rows in which it is NULL; the statistics know of none."]
    share = f"{column.null_fraction:.1%}" if column.null_fraction >= 0.001 else "less than 0.1%"
    return [f"Rows in which it is NULL: {share} by the statistics."]
