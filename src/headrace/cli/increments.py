"""What a command says of how runs take what is new."""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from headrace.model import DetectDeletes, DriftPolicy, Selection, Source
from headrace.tables import Mode, ModeAdvice
from headrace.validation import requested

Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="CONDITION",
        help="Only rows that fulfil it, such as 'amount >= 10', 'state in open, paid' or 'note is "
        "not null'; again for more that have to hold, too.",
    ),
]
TableMode = Annotated[
    Mode,
    typer.Option("--mode", help="All of the tables, or the rows that are new, added or merged."),
]
Cursor = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN[,COLUMN]",
        help="The column by which rows are newer; of several the first that is not NULL.",
    ),
]
Key = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN[,COLUMN]",
        help="What tells rows apart, for merge; the primary key by default.",
    ),
]
Lag = Annotated[
    int | None,
    typer.Option(
        metavar="SECONDS", help="How long before now a window by time ends; 60 by default."
    ),
]
LookBack = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="How far before the checkpoint merge begins to read: seconds, days of dates, or a "
        "difference of numbers.",
    ),
]
Deletes = Annotated[
    DetectDeletes | None,
    typer.Option(
        "--detect-deletes",
        help="What becomes of rows that are deleted in the source, for merge: they stay, are "
        "marked in the column _headrace_deleted_at, or are deleted; off by default.",
    ),
]
Drift = Annotated[
    DriftPolicy, typer.Option(help="What becomes of columns that are other ones than before.")
]


def in_windows(source: Source, mode: Mode, **given: Any) -> Source:
    """The source, all of whose tables are taken in this mode; what is None is left as it is.

    Raises INVALID_INPUT.
    """
    chosen = {"mode": mode, **{name: value for name, value in given.items() if value is not None}}
    return source.model_copy(
        update={"selection": tuple(_changed(table, chosen) for table in source.selection)}
    )


def names(written: str | None) -> list[str] | None:
    """Columns with commas between them; one with a comma in it stands in double quotes."""
    return next(csv.reader([written]), []) if written is not None else None


def options(advice: ModeAdvice) -> str:
    """The options that choose what is advised."""
    written = [("--mode", advice.mode.value)]
    written += [("--cursor", _written(advice.cursor))] if advice.cursor else []
    written += [("--key", _written(advice.key))] if advice.key else []
    return " ".join(f"{option} {shlex.quote(value)}" for option, value in written)


def _written(columns: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(columns)
    return line.getvalue()


def _changed(selection: Selection, chosen: Mapping[str, object]) -> Selection:
    return requested(Selection, **{**selection.model_dump(), **chosen})
