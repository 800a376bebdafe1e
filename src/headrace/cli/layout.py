"""What a command says of how a table lies in its destination."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from headrace.errors import INVALID_INPUT, Field, HeadraceError
from headrace.layout import Granularity, Partitioning
from headrace.validation import requested

PartitionBy = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN=SPAN",
        help="Part the table, where the destination can: by the hour, day, month or year of a date "
        "or time (created_at=day), or by ranges of whole numbers, FROM,TO,EACH "
        "(id=0,1000000,1000).",
    ),
]
ClusterBy = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN[,COLUMN]",
        help="Sort the table's rows by up to four columns, where the destination can.",
    ),
]

_WRITTEN = re.compile(
    r"(?P<column>.+)=(?:(?P<span>[a-z]+)|(?P<start>-?\d+),(?P<end>-?\d+),(?P<interval>\d+))"
)


def partitioning(written: str | None) -> Partitioning | None:
    """What `created_at=day` or `id=0,1000000,1000` says. Raises INVALID_INPUT."""
    if written is None:
        return None
    found = _WRITTEN.fullmatch(written)
    spans = list(Granularity)
    if found is None or (found["span"] and found["span"] not in spans):
        wrong = Field(
            "--partition-by",
            f"'{written}' is not COLUMN=hour, day, month or year, nor COLUMN=FROM,TO,EACH",
        )
        raise HeadraceError(INVALID_INPUT, "The table can't be parted.", fields=[wrong])
    if found["span"]:
        return requested(Partitioning, column=found["column"], granularity=found["span"])
    numbers = {name: found[name] for name in ("start", "end", "interval")}
    return requested(Partitioning, column=found["column"], range=numbers)
