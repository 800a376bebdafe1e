"""What a command chooses of a table's columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from headrace.errors import INVALID_INPUT, Field, HeadraceError
from headrace.model import Selection, Source
from headrace.validation import requested

Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column", metavar="COLUMN", help="A column to take, once for each; all by default."
    ),
]
UnfitColumns = Annotated[
    list[str] | None,
    typer.Option("--unfit-column", metavar="COLUMN=POLICY", help="A policy for one column alone."),
]
Decimals = Annotated[
    list[str] | None,
    typer.Option(
        "--decimal",
        metavar="COLUMN=DIGITS,DECIMALS",
        help="Carry numbers without precision, or of more than 38 digits, as decimals of so many "
        "digits, so many of them after the point.",
    ),
]


def of_columns(
    source: Source,
    columns: Sequence[str] | None,
    unfit: Sequence[str] | None,
    decimals: Sequence[str] | None,
) -> Source:
    """The source with what the options choose of its table, if they choose at all.

    They are for a source of one table. Raises INVALID_INPUT.
    """
    if not (columns or unfit or decimals):
        return source
    if len(source.selection) != 1:
        message = "are for one table; none or several are named"
        wrong = [Field("--column, --unfit-column, --decimal", message)]
        raise HeadraceError(
            INVALID_INPUT,
            "The columns can't be chosen.",
            hint="Name one table, and choose its columns; then the next one.",
            fields=wrong,
        )
    (selection,) = source.selection
    chosen = requested(
        Selection,
        **selection.model_dump(exclude={"columns", "unfit_columns", "decimal_columns"}),
        columns=columns or None,
        unfit_columns=_by_column("--unfit-column", unfit or (), str),
        decimal_columns=_by_column("--decimal", decimals or (), _decimal),
    )
    return source.model_copy(update={"selection": (chosen,)})


def _by_column(option: str, given: Sequence[str], read: Callable[[str], Any]) -> dict[str, Any]:
    """What is written as COLUMN=VALUE; a column's name may hold the sign itself."""
    if wrong := [Field(option, f"'{one}' is not COLUMN=…") for one in given if "=" not in one]:
        raise HeadraceError(INVALID_INPUT, "The columns can't be chosen.", fields=wrong)
    parts = (one.rpartition("=") for one in given)
    return {column: read(value) for column, _, value in parts}


def _decimal(written: str) -> dict[str, str]:
    precision, _, scale = written.partition(",")
    return {"precision": precision, "scale": scale or "0"}
