"""A PostgreSQL server of our own, of a release of `devservers.postgres_releases`.

It listens on a free port of 127.0.0.1 alone and asks for passwords (SCRAM).
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

from devservers.ports import free_port
from devservers.postgres_releases import EMBEDDED, Release
from devservers.server import Server
from devservers.unprivileged import as_unprivileged, end_leftover, enterable, give_away

USER = "postgres"


class PostgresServer(Server):
    """A server over one data directory, which is made on the first start and kept.

    A server that an earlier, killed process left running over the directory is stopped first.
    """

    def __init__(self, directory: Path, release: Release = EMBEDDED, **options: str) -> None:
        self.directory = enterable(directory)
        self.release = release
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
        raise RuntimeError(f"{self.release.name} did not start:\n{self.log.read_text()[-2000:]}")

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
                EMBEDDED.binaries() / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", self.host,
                "-p", str(self.port), "-U", USER, "-d", database,
            ],
            input=sql, capture_output=True, text=True, check=False,
            env={**os.environ, "PGPASSWORD": self.password, "PGSSLMODE": "disable"},
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout.rstrip("\n")

    def reload(self) -> None:
        """Have new sessions see the files of its configuration as they are now."""
        before = self.psql("SELECT pg_conf_load_time()")
        self.psql("SELECT pg_reload_conf()")
        while self.psql("SELECT pg_conf_load_time()") == before:
            time.sleep(0.01)

    @property
    def pg_hba(self) -> Path:
        return self._data / "pg_hba.conf"

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

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
                self.release.binaries() / "initdb", "-D", fresh, "-U", USER, "--auth=scram-sha-256",
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
                [self.release.binaries() / "postgres", "-D", self._data, *arguments],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
                **as_unprivileged(),
            )  # fmt: skip
        ready: list[str | Path] = [
            EMBEDDED.binaries() / "pg_isready", "-q", "-h", self.host, "-p", str(self.port)
        ]  # fmt: skip
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self._process.poll() is None:
            if subprocess.run(ready, check=False).returncode == 0:
                return True
            time.sleep(0.05)
        if self._process.poll() is None:
            self.kill()
        return False


def temporary_server(release: Release = EMBEDDED, **options: str) -> PostgresServer:
    """A server over a new directory; `remove` it at the end."""
    return PostgresServer(Path(tempfile.mkdtemp(prefix="headrace-postgres-")), release, **options)
