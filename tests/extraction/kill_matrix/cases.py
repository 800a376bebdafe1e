"""What is brought where by how many processes, and what is done at each of the points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from headrace.tables import Mode

PROCESSES = 3
# Of what is done again and again in the same way, such as writing a piece of a file, so many.
_MOST_OF_A_KIND = 16


@dataclass(frozen=True)
class Case:
    """What is brought where, and which run is killed.

    `first` says that each run finds no destination yet, so that append and merge bring all rows,
    too. `resumed` says that the run goes on with another one that was killed in its midst. With a
    `victim` the run has several processes, and the one of that number is killed.
    """

    mode: Mode
    scheme: str
    first: bool = False
    resumed: bool = False
    victim: int | None = None

    def __str__(self) -> str:
        parts = (
            f"{self.scheme}, {self.mode}",
            "first run" if self.first else "",
            "resumed run" if self.resumed else "",
            "" if self.victim is None else f"process {self.victim} of {PROCESSES}",
        )
        return ", ".join(filter(None, parts))

    @property
    def tasks(self) -> int:
        return 1 if self.victim is None else PROCESSES

    @property
    def from_the_start(self) -> bool:
        """Whether all rows are brought, in chunks."""
        return self.first or self.mode is Mode.FULL


_WHOLE = (
    Case(Mode.FULL, "duckdb"),
    Case(Mode.MERGE, "duckdb", first=True),
    Case(Mode.APPEND, "duckdb", first=True),
    Case(Mode.FULL, "parquet"),
    Case(Mode.APPEND, "parquet", first=True),
)
_SEVERAL = (_WHOLE[0], _WHOLE[1], _WHOLE[4])

CASES = (
    Case(Mode.MERGE, "duckdb"),
    Case(Mode.APPEND, "duckdb"),
    Case(Mode.APPEND, "parquet"),
    *_WHOLE,
    *(Case(case.mode, case.scheme, case.first, resumed=True) for case in _SEVERAL),
    *(
        Case(case.mode, case.scheme, case.first, victim=victim)
        for victim in (0, 1)
        for case in _SEVERAL
    ),
)


@dataclass(frozen=True)
class Attempt:
    """A run is killed at the point, and then it is resumed if it can be, or another is started.

    `looked_at` says whether somebody asks for the killed run before that.
    """

    point: str
    resume: bool
    looked_at: bool

    def __str__(self) -> str:
        looked = ", looked at" if self.looked_at else ""
        return f"{self.point}{looked}, {'resumed' if self.resume else 'started anew'}"


def attempts(case: Case, points: Sequence[str]) -> list[Attempt]:
    """All points with each of them alternating, so that each kind of point meets either way.

    A kind that there is once is tried both ways, and of one that there is often a share is tried.
    """
    return [attempt for kind in _kinds(points) for attempt in _of_kind(case, *kind)]


def _kinds(points: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    kinds: dict[str, list[str]] = {}
    for point in points:
        kinds.setdefault(point.rpartition(" (")[0], []).append(point)
    return enumerate(kinds.values())


def _of_kind(case: Case, number: int, points: list[str]) -> Iterator[Attempt]:
    turns = count(number + CASES.index(case))
    if len(points) == 1 and case.victim != 1:
        points = points * 2
    points = points[:: -(-len(points) // _MOST_OF_A_KIND)]
    for point, turn in zip(points, turns, strict=False):
        yield Attempt(point, resume=turn % 2 == 0, looked_at=turn // 2 % 2 == 0)
