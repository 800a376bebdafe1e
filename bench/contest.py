"""Who reads what, in turns: each in a fresh process, with the limit among them."""

from __future__ import annotations

import json
import math
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from bench import environments
from bench.measure import busy, measure
from bench.truth import examine

READERS = Path(__file__).parent / "readers"
BOTH = ("postgres", "mariadb")

# Who takes more than so many times as long as the limit is run once: another run would take
# minutes, and tell nothing new.
PATIENCE = 10


@dataclass(frozen=True)
class Reader:
    title: str
    script: str
    databases: tuple[str, ...] = BOTH
    note: str = ""
    limit: bool = False

    @property
    def path(self) -> Path:
        return READERS / f"{self.script}.py"


CONTEST = (
    Reader("limit", "psql", ("postgres",), "psql, COPY (FORMAT binary) to /dev/null", limit=True),
    Reader("limit", "drain", ("mariadb",), "the socket, drained of binary rows", limit=True),
    Reader("Headrace", "headrace"),
    Reader("DuckDB", "duckdb", note="its scanner; all cores"),
    Reader("ConnectorX", "connectorx", note="its stream, written by pyarrow"),
    Reader("ADBC", "adbc", ("postgres",), "written by pyarrow"),
    Reader("rivet", "rivet", note="on MariaDB a copy with one variable's name replaced"),
    Reader("dlt", "dlt", note="through ConnectorX's stream"),
    Reader("ingestr", "ingestr", note="0.15.9, the last of its wheels that runs offline"),
    Reader(
        "Sling",
        "sling",
        note="1.4.11, the last that PyPI holds whole; with DuckDB 1.4.4 in place of 1.3.1; its log "
        "says that all rows were written",
    ),
)


@dataclass(frozen=True)
class Source:
    """A table of a running server."""

    database: str
    server: str  # with its version
    url: str
    schema: str
    table: str
    truth: Path
    dropped: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Result:
    """One reader's run over one table."""

    database: str
    server: str
    table: str
    title: str
    wall: float
    cpu: float
    peak: int
    rows: int = 0
    bytes: int = 0
    losses: tuple[str, ...] = ()
    failure: str | None = None
    busy: float = 0  # the part of the processors that others used just before


@dataclass
class Contest:
    """All results so far, kept in a file so that they can be written up again."""

    scale: float
    rounds: int
    results: list[Result] = field(default_factory=list)

    FILE: ClassVar[Path] = environments.CACHE / "contest.json"

    def save(self) -> None:
        self.FILE.write_text(json.dumps(asdict(self), indent=1))

    @classmethod
    def load(cls) -> Contest:
        document = json.loads(cls.FILE.read_text())
        results = [Result(**result) for result in document.pop("results")]
        return cls(**document, results=results)


def rounds(source: Source, readers: tuple[Reader, ...], number: int) -> Iterator[Result]:
    """Each reader in turn, `number` times; who fails, or tries our PATIENCE, is not asked again.

    The first of all is run once before and not counted, so that the table lies in memory.
    """
    here = [reader for reader in readers if source.database in reader.databases]
    if not here:
        return
    limit = _run(here[0], source).wall if here[0].limit else math.inf
    for _ in range(number):
        for reader in tuple(here):
            result = _run(reader, source)
            yield result
            if result.failure or result.wall > PATIENCE * limit:
                here.remove(reader)


def _run(reader: Reader, source: Source) -> Result:
    python = environments.python(environments.packages(reader.path))
    environments.CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=environments.CACHE, prefix="run-") as directory:
        working, out = Path(directory) / "working", Path(directory) / "out"
        working.mkdir()
        out.mkdir()
        others = busy()
        measured = measure(
            [python, "-P", reader.path, source.table, str(out)],
            environment=_environment(source),
            directory=working,
        )
        result = Result(
            source.database, source.server, source.table, reader.title,
            measured.wall, measured.cpu, measured.peak, busy=others,
        )  # fmt: skip
        if measured.failure:
            return replace(result, failure=_reason(measured.failure, source))
        files = sorted(out.rglob("*.parquet"))
        if reader.limit:
            return result
        if not files:
            return replace(result, failure="it wrote no Parquet file")
        found = examine(files, source.truth, source.table, source.dropped)
    return replace(result, rows=found.rows, bytes=found.bytes, losses=found.losses)


def _environment(source: Source) -> dict[str, str]:
    """Nothing of ours but what programs need to be found and to speak."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {
        "SOURCE_URL": source.url,
        "SOURCE_SCHEMA": source.schema,
    }


def _reason(output: str, source: Source) -> str:
    """The line that says most of why a reader failed, without its colours or the password."""
    output = re.sub(r"\x1b\[[0-9;]*m", "", output)
    output = output.replace(urlsplit(source.url).password or "", "…")
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"error|panicked|failed", line, re.I)]
    return (telling or lines)[-1][:160]
