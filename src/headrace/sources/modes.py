"""Which modes can be relied on for a table, and why; the one to choose first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headrace.sources.candidates import Ranked, Role
from headrace.tables import Mode, ModeAdvice, TableKind, TableSummary

_WITHOUT_KEY = {
    TableKind.VIEW: "A view has no key, so its rows can't be told apart.",
    TableKind.FOREIGN: "A foreign table has no key here, so its rows can't be told apart.",
}
_NO_KEY = "No primary key and no unique index without NULLs tells its rows apart."
_NO_CURSOR = "No column tells which rows are new."


@dataclass(frozen=True)
class Activity:
    """How many rows were added, updated and deleted since the server began to count."""

    added: int
    updated: int
    deleted: int


@dataclass(frozen=True)
class Circumstances:
    """What the advice depends on; `keys` are what tells rows apart, the primary key first."""

    table: TableSummary
    keys: Sequence[tuple[str, ...]]
    cursors: Sequence[Ranked]
    activity: Activity | None = None

    @property
    def updated(self) -> int:
        return self.activity.updated if self.activity else 0

    @property
    def deleted(self) -> int:
        return self.activity.deleted if self.activity else 0

    @property
    def only_added_to(self) -> bool:
        """Whether the server has counted since the first row, and counted nothing else."""
        counted, rows = self.activity, self.table.estimated_rows
        if counted is None or not rows or counted.updated or counted.deleted:
            return False
        return counted.added >= rows


def advised(given: Circumstances) -> tuple[ModeAdvice, ...]:
    full = _full(given)
    merge = _merge(given).model_copy(update={"possible": bool(given.keys and given.cursors)})
    append = _append(given).model_copy(update={"possible": bool(given.cursors)})
    best = given.cursors[0] if given.cursors else None
    if merge.sound and best and best.role.sees_updates and not given.deleted:
        order = [merge, full, append]
    elif append.sound and given.only_added_to:
        order = [append, full, merge]
    else:
        order = [full, merge, append]
    return tuple(sorted(order, key=lambda advice: not advice.sound))


def _full(given: Circumstances) -> ModeAdvice:
    reason = "All of it is read each time, so updates and deletes are seen."
    if given.table.kind is TableKind.VIEW:
        reason += " A view's rows may change whenever its tables do."
    return ModeAdvice(mode=Mode.FULL, sound=True, reason=reason)


def _merge(given: Circumstances) -> ModeAdvice:
    def no(reason: str) -> ModeAdvice:
        return ModeAdvice(mode=Mode.MERGE, sound=False, reason=reason)

    if not given.keys:
        return no(_WITHOUT_KEY.get(given.table.kind, _NO_KEY))
    found = next((cursor for cursor in given.cursors if cursor.trusted), None)
    if found is None:
        return no(_NO_CURSOR)
    cursor, key = found.candidate.cursor, given.keys[0]
    by = ", ".join(cursor)
    if found.role.sees_updates:
        reason = (
            f"Rows that are new or changed by {by} take the place of those with the same "
            f"{', '.join(key)}. Deletes are not seen{_counted(given.deleted)}, unless they are "
            "looked for (detect_deletes)."
        )
    elif given.updated:
        return no(f"Rows are updated{_counted(given.updated)}, and {by} does not tell which.")
    else:
        reason = f"Right as long as rows are only added: {by} tells of no update and no delete."
    # What the primary key is need not be said.
    named = () if key == given.table.primary_key else key
    return ModeAdvice(mode=Mode.MERGE, sound=True, reason=reason, cursor=cursor, key=named)


def _append(given: Circumstances) -> ModeAdvice:
    def no(reason: str) -> ModeAdvice:
        return ModeAdvice(mode=Mode.APPEND, sound=False, reason=reason)

    trusted = [cursor for cursor in given.cursors if cursor.trusted]
    added = [cursor for cursor in trusted if not cursor.role.sees_updates]
    if not trusted:
        return no(_NO_CURSOR)
    if not added:
        by = ", ".join(trusted[0].candidate.cursor)
        return no(f"By {by} a row that is updated comes once more, beside what it was.")
    if changed := given.updated + given.deleted:
        return no(f"Rows are updated or deleted{_counted(changed)}, which it does not see.")
    reason = "Right as long as rows are only added: it sees no update and no delete."
    if given.only_added_to:
        reason += " None was counted since the first row."
    if added[0].role in (Role.COUNTED, Role.ORDERED):
        reason += " Rows that are committed late may be missed."
    return ModeAdvice(mode=Mode.APPEND, sound=True, reason=reason, cursor=added[0].candidate.cursor)


def _counted(number: int) -> str:
    return f" ({number:,} counted)" if number else ""
