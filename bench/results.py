"""Writes the results up: RESULTS.md and results.svg. `python -m bench.results` does it again."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import environments
from bench.contest import CONTEST, PATIENCE, Contest, Result
from bench.memory import Extraction, recorded
from bench.plot import plot

HEAD = Path(__file__).parent / "head.md"
TABLES = {
    ("postgres", "lineitem"): "TPC-H: 16 columns of integers, decimals, dates and short text",
    ("postgres", "wide"): "14 columns with NULLs: timestamps, numeric(38,9), uuid, jsonb, long text"
    " with unicode, text[], bytea",
    ("mariadb", "lineitem"): "The same rows",
    ("mariadb", "wide"): "The same rows without the array",
}


@dataclass(frozen=True)
class Standing:
    """A reader's medians over one table."""

    title: str
    wall: float
    cpu: float
    peak: float
    ratio: float  # to the limit; 0 where there is none
    result: Result  # one of them

    @property
    def failed(self) -> bool:
        return self.result.failure is not None


def standings(results: list[Result], database: str, table: str) -> list[Standing]:
    """The limit first, then by wall time, then those that failed."""
    of_table = [r for r in results if (r.database, r.table) == (database, table)]
    limits = [r.wall for r in of_table if r.title == "limit"]
    limit = median(limits) if limits else 0
    found = []
    for title in dict.fromkeys(r.title for r in of_table):
        runs = [r for r in of_table if r.title == title]
        wall = median(r.wall for r in runs)
        cpu, peak = median(r.cpu for r in runs), median(r.peak for r in runs)
        ratio = wall / limit if limit else 0
        found.append(Standing(title, wall, cpu, peak, ratio, runs[-1]))
    return sorted(found, key=lambda s: (s.title != "limit", s.failed, s.wall))


def write(directory: Path) -> tuple[Path, Path]:
    contest = Contest.load()
    panels = {
        (database, table): standings(contest.results, database, table)
        for database, table in dict.fromkeys((r.database, r.table) for r in contest.results)
    }
    picture = directory / "results.svg"
    picture.write_text(plot({_heading(s): s for s in panels.values()}))
    text = directory / "RESULTS.md"
    parts = [
        _head(contest),
        *(_table(standing) for standing in panels.values()),
        _memory(recorded()),
        _how(contest),
    ]
    text.write_text("\n".join(parts))
    return text, picture


def _heading(standing: list[Standing]) -> str:
    first = standing[0].result
    return f"{first.server.split()[0]} {first.table}"


def _head(contest: Contest) -> str:
    return HEAD.read_text().format(
        rounds=contest.rounds,
        patience=PATIENCE,
        cores=os.cpu_count(),
        model=_cpu_model(),
        memory=round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30),
        kernel=platform.release().split("-")[0],
        servers=", ".join(dict.fromkeys(result.server for result in contest.results)),
        scale=contest.scale,
        usual=median(result.busy for result in contest.results),
        most=max(result.busy for result in contest.results),
    )


def _table(standing: list[Standing]) -> str:
    first = standing[0].result
    rows = max(s.result.rows for s in standing)
    lines = [
        f"## {_heading(standing)}",
        f"{rows:,} rows. {TABLES[first.database, first.table]}.",
        "",
        "| reader | wall s | × limit | CPU s | peak MB | file MB | what it wrote instead |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    lines += [_row(s) for s in standing]
    return "\n".join(lines) + "\n"


def _row(s: Standing) -> str:
    name = f"**{s.title}**" if s.title == "Headrace" else s.title
    if s.failed:
        reason = (s.result.failure or "").replace("|", "¦")
        return f"| {name} | failed | | | | | `{reason}` |"
    ratio = f"{s.ratio:.2f}" if s.ratio else ""
    size = f"{s.result.bytes / 1e6:,.0f}" if s.result.bytes else ""
    said = "" if s.title == "limit" else "; ".join(s.result.losses) or "nothing"
    return (
        f"| {name} | {s.wall:,.2f} | {ratio} | {s.cpu:,.2f} | {s.peak / 1e6:,.0f} | {size} |"
        f" {said} |"
    )


def _memory(extractions: list[Extraction]) -> str:
    if not extractions:
        return ""
    lines = [
        "## Memory of an extraction, end to end",
        "From the login to the published table, by the size of the table.",
        "",
        "| source | destination | rows | peak MB | wall s | rows/s |",
        "|---|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {e.source} | {e.destination} | {e.rows:,} | {e.peak / 1e6:,.0f} | {e.wall:.1f} |"
        f" {e.rows / e.wall:,.0f} |"
        for e in extractions
    ]
    return "\n".join(lines) + "\n"


def _how(contest: Contest) -> str:
    shown = {r.title for r in contest.results}
    lines = [
        "## How each was run",
        "`python -P bench/readers/READER.py TABLE DIRECTORY`, in an environment of its own with "
        "these packages; the scripts hold every option.",
        "",
        "| reader | script | packages | remarks |",
        "|---|---|---|---|",
    ]
    for reader in CONTEST:
        if reader.title in shown:
            packages = environments.packages(reader.path) or ["Headrace's own environment"]
            lines.append(
                f"| {reader.title} | [{reader.script}.py](readers/{reader.script}.py) |"
                f" {', '.join(packages)} | {reader.note} |"
            )
    lines.append("")
    lines.append(f"Python {sys.version.split()[0]} for all of them.")
    return "\n".join(lines) + "\n"


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else environments.CACHE)
