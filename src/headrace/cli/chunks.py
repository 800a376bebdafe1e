"""What a command says of how tables are read: in which chunks, how many at once, how verified."""

from __future__ import annotations

from typing import Annotated

import typer

from headrace.model import MOST_PARALLEL, Verification

Verify = Annotated[
    Verification,
    typer.Option(
        help="What is held against the source before anything is published: numbers of rows, or "
        "a digest of each column's values too."
    ),
]
Parallel = Annotated[
    int,
    typer.Option(
        metavar="N",
        min=1,
        max=MOST_PARALLEL,
        help="How many chunks are read at once, each over a connection of its own.",
    ),
]
ChunkRows = Annotated[
    int,
    typer.Option(
        metavar="N", min=1, help="About how many rows a chunk has; a smaller table is one chunk."
    ),
]
