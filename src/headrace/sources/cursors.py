"""What a cursor may be, and the SQL of its windows, as far as databases agree on it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from headrace.errors import (
    CURSOR_NOT_USABLE,
    INVALID_INPUT,
    KEY_NOT_USABLE,
    Field,
    HeadraceError,
)
from headrace.filters import digest
from headrace.model import Selection, Window
from headrace.tables import Index


class CursorKind(StrEnum):
    """What is compared; all columns of a cursor are of one kind."""

    INSTANT = "instant"  # with a time zone
    WALL_TIME = "wall time"  # without one
    DATE = "date"
    NUMBER = "number"
    TEXT = "text"  # compared byte by byte

    @property
    def lags(self) -> bool:
        """Whether a window ends some time before now."""
        return self in (CursorKind.INSTANT, CursorKind.WALL_TIME, CursorKind.DATE)


@dataclass(frozen=True)
class Cursor:
    """A cursor in SQL.

    `expression` is its value in a row, `constant` writes a value as the database wrote it, and
    `tick` is the microseconds from one value of a time to the next.
    """

    kind: CursorKind
    expression: str
    tick: int
    constant: Callable[[str], str]

    def beyond(self, value: str) -> str:
        """What a row fulfils whose value is greater."""
        return f"{self.expression} > {self.constant(value)}"

    def up_to(self, value: str) -> str:
        """What a row fulfils whose value is not greater."""
        return f"{self.expression} <= {self.constant(value)}"

    def within(self, taken: Window) -> str:
        """What a row fulfils that lies in the window."""
        if taken.upto is None:
            return "FALSE"
        bounds = [self.up_to(taken.upto)]
        if taken.read_after is not None:
            bounds.append(self.beyond(taken.read_after))
        return " AND ".join(bounds)


# The fields of the bounds of a past window, in their order.
BOUNDS = ("after", "upto")


def past(selection: Selection, position: str, bounds: Sequence[str]) -> Window:
    """The window of the past between the bounds, as the database writes them."""
    after, upto = bounds
    return Window(
        cursor=selection.cursor,
        after=position,
        read_after=after,
        upto=upto,
        past=True,
        filter=digest(selection.filter),
    )


def wrong_range(selection: Selection, wrong: Sequence[Field]) -> HeadraceError:
    what = f"Taking a past range of {selection.ref} by {', '.join(selection.cursor)}"
    told = "; ".join(f"'{field.path}' {field.message}" for field in wrong)
    return HeadraceError(INVALID_INPUT, f"{what}: {told}.", fields=wrong)


def no_values(selection: Selection, names: Sequence[str]) -> HeadraceError:
    """Of bounds that the database does not take for values of the cursor."""
    return wrong_range(
        selection, [Field(name, "is no value of the cursor's type") for name in names]
    )


def check_range(selection: Selection, position: str, *, rises: bool, ends_in_time: bool) -> None:
    """Raises INVALID_INPUT for a range that is empty, or that ends beyond the position."""
    wrong = []
    if not rises:
        wrong.append(Field("after", "is not below 'upto', so that the range is empty"))
    if not ends_in_time:
        beyond = f"is beyond the checkpoint, {position}: what lies there comes with the next run"
        wrong.append(Field("upto", beyond))
    if wrong:
        raise wrong_range(selection, wrong)


def cursor_alone(selection: Selection) -> Selection:
    """The selection of nothing but the cursor's columns, in their order."""
    return selection.model_copy(
        update={"columns": selection.cursor, "unfit_columns": {}, "decimal_columns": {}}
    )


def kind_of(selection: Selection, kinds: Sequence[CursorKind | None]) -> CursorKind:
    """The one kind of the cursor's columns, given each column's. Raises CURSOR_NOT_USABLE."""
    what = f"Reading {selection.ref} by {', '.join(selection.cursor)}"
    for name, kind in zip(selection.cursor, kinds, strict=True):
        if kind is None:
            raise HeadraceError(
                CURSOR_NOT_USABLE,
                f"{what}: column '{name}' is no time, date, whole number or text.",
            )
    first, *others = (kind for kind in kinds if kind is not None)
    if any(kind is not first for kind in others):
        raise HeadraceError(CURSOR_NOT_USABLE, f"{what}: the columns are not of one kind.")
    if selection.look_back and first is CursorKind.TEXT:
        raise HeadraceError(
            CURSOR_NOT_USABLE,
            f"{what}: there is no look-back in text.",
            hint="Set look_back to 0, or choose a cursor that is a time, a date or a number.",
        )
    return first


def keys_of(
    primary_key: tuple[str, ...], indexes: Iterable[Index], never_null: Collection[str]
) -> Sequence[tuple[str, ...]]:
    """What keeps all rows apart, the primary key first.

    An index of some rows alone does not, nor does one of columns that may be NULL: unique indexes
    take NULLs as often as they come.
    """
    unique = (index.columns for index in indexes if index.unique and not index.partial)
    others = [columns for columns in unique if set(columns) <= set(never_null)]
    return list(dict.fromkeys([primary_key, *others] if primary_key else others))


def key_of(
    selection: Selection, primary_key: tuple[str, ...], keys: Iterable[tuple[str, ...]]
) -> tuple[str, ...]:
    """The columns that tell rows apart; `keys` are those of `keys_of`. Raises KEY_NOT_USABLE."""
    what = f"Merging {selection.ref}"
    if not selection.key:
        if not primary_key:
            raise HeadraceError(KEY_NOT_USABLE, f"{what}: it has no primary key.")
        return primary_key
    if not any(set(key) <= set(selection.key) for key in keys):
        listed = ", ".join(selection.key)
        raise HeadraceError(
            KEY_NOT_USABLE,
            f"{what}: no unique index, of all rows and without NULLs, is of {listed}.",
        )
    return selection.key
