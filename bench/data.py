"""The tables that are read: TPC-H's `lineitem`, and `wide`, which holds every awkward type.

All is made once for a scale and kept under `.cache/bench`. Scale 1 is 6.0 M rows of lineitem and
1 M rows of wide. Both databases hold the same values.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import environments
from devservers.mariadb import MariadbServer
from devservers.postgres import PostgresServer

SQL = Path(__file__).parent / "sql"
TABLES = ("lineitem", "wide")
DATABASE = "bench"  # in MariaDB

_GENERATOR = ["tpchgen-cli==4.0.0"]
_WIDE = """\
COPY (
    SELECT id, ts_tz AT TIME ZONE 'UTC', ts, flag::int, score, amount, uid, doc, body,
        encode(raw, 'hex'), note, cnt, d
    FROM wide
) TO STDOUT
"""

# The rows that a reader's file is compared with: a hundred of every 1,600 keys.
_TRUTHS = {
    "lineitem": """\
COPY (SELECT * FROM lineitem WHERE l_orderkey / 100 % 16 = 0) TO STDOUT (FORMAT csv, HEADER)
""",
    "wide": """\
COPY (
    SELECT id, ts_tz, ts, flag, score, amount, uid, doc, body, to_json(tags) AS tags,
        tags::text AS tags_text, encode(raw, 'hex') AS raw, note, cnt, d
    FROM wide
    WHERE id / 100 % 16 = 0
) TO STDOUT (FORMAT csv, HEADER)
""",
}


def directory(scale: float) -> Path:
    return environments.CACHE / f"scale-{scale:g}"


def postgres_server(name: str) -> PostgresServer:
    """A server whose data are kept under that name, and not yet started."""
    directory = environments.CACHE / name / "postgres"
    return PostgresServer(directory, shared_buffers="1GB", max_wal_size="8GB")


@contextmanager
def mariadb_server(name: str) -> Iterator[MariadbServer]:
    """A running server whose data are kept under that name; DATABASE exists."""
    directory = environments.CACHE / name / "mariadb"
    with MariadbServer(directory, innodb_buffer_pool_size="3G") as server:
        server.execute(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
        yield server


@contextmanager
def postgres(scale: float) -> Iterator[PostgresServer]:
    """A running server with both tables."""
    place = directory(scale)
    with postgres_server(place.name) as server:
        if not present(server, "lineitem"):
            print("loading lineitem into PostgreSQL", flush=True)
            load = (SQL / "postgres_lineitem.sql").read_text()
            server.psql(load.replace("'lineitem.csv'", f"'{_lineitem(scale)}'"))
        if not present(server, "wide"):
            print("loading wide into PostgreSQL", flush=True)
            rows = max(1, round(1_000_000 * scale))
            server.psql(f"\\set rows {rows}\n" + (SQL / "postgres_wide.sql").read_text())
        _export(server, _WIDE, place / "wide.txt")
        for table in TABLES:
            _export(server, _TRUTHS[table], truth(scale, table))
        yield server


@contextmanager
def mariadb(scale: float) -> Iterator[MariadbServer]:
    """A running server with both tables."""
    wide = directory(scale) / "wide.txt"
    if not wide.exists():
        with postgres(scale):
            pass
    with mariadb_server(directory(scale).name) as server:
        loaded = server.execute("SHOW TABLES", DATABASE).split()
        if "lineitem" not in loaded:
            _load(server, "lineitem", _lineitem(scale))
        if "wide" not in loaded:
            _load(server, "wide", wide)
        yield server


def truth(scale: float, table: str) -> Path:
    """The rows of a table that readers are compared with, once PostgreSQL has run."""
    return directory(scale) / f"{table}.truth.csv"


def present(server: PostgresServer, table: str) -> bool:
    return server.psql(f"SELECT to_regclass('{table}') IS NOT NULL") == "t"


def _lineitem(scale: float) -> Path:
    path = directory(scale) / "lineitem.csv"
    if not path.exists():
        unfinished = directory(scale) / "unfinished"
        generator = environments.python(_GENERATOR).parent / "tpchgen-cli"
        subprocess.run(
            [generator, "csv", f"-s{scale:g}", "-Tlineitem", f"-o{unfinished}", "-q"], check=True
        )
        (unfinished / "lineitem.csv").rename(path)
        unfinished.rmdir()
    return path


def _export(server: PostgresServer, copy: str, path: Path) -> None:
    if not path.exists():
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_text(server.psql(copy) + "\n")
        unfinished.rename(path)


def _load(server: MariadbServer, table: str, rows: Path) -> None:
    print(f"loading {table} into MariaDB", flush=True)
    file = server.directory / rows.name  # where the server may read it
    shutil.copy(rows, file)
    file.chmod(0o644)
    server.execute((SQL / f"mariadb_{table}.sql").read_text().format(file=file), DATABASE)
    file.unlink()
