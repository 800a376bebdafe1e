"""A MariaDB server of our own, from Debian's `mariadb-server`.

It listens on a free port of 127.0.0.1 alone and asks for passwords.
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
from devservers.server import Server
from devservers.unprivileged import as_unprivileged, end_leftover, enterable, give_away

USER = "admin"


class MariadbServer(Server):
    """A server over one data directory, which is made on the first start and kept.

    Options are those of mariadbd, with underscores. A server that an earlier, killed process left
    running over the directory is stopped first.
    """

    def __init__(self, directory: Path, **options: str) -> None:
        self.directory = enterable(directory)
        self.options = {
            "character_set_server": "utf8mb4",
            "innodb_flush_log_at_trx_commit": "0",
            "max_connections": "50",
            **options,
        }
        self.host = "127.0.0.1"
        self.port = 0
        self.log = self.directory / "server.log"
        self._data = self.directory / "data"
        self._temporary = self.directory / "tmp"
        self._pid = self.directory / "server.pid"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def password(self) -> str:
        return (self.directory / "password").read_text()

    def url(self, database: str = "mysql", *, tls: str = "disable") -> str:
        return f"mysql://{USER}:{self.password}@{self.host}:{self.port}/{database}?ssl-mode={tls}"

    def start(self) -> Self:
        self.directory.mkdir(parents=True, exist_ok=True)
        # Of its own: a server that starts removes the others' temporary tables.
        self._temporary.mkdir(exist_ok=True)
        for path in (self.directory, self._temporary):
            give_away(path)
        end_leftover(self._pid, self._data, signal.SIGTERM)
        if not self._data.exists():
            self._initialise()
        for _ in range(3):  # someone else may take the free port first
            self.port = free_port()
            if self._run():
                return self
        raise RuntimeError(f"MariaDB did not start:\n{self.log.read_text()[-2000:]}")

    def stop(self) -> None:
        """Sessions are ended, data is safe."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """The server is gone at once, as in a crash."""
        self._end(signal.SIGKILL)

    def execute(self, sql: str, database: str = "mysql") -> str:
        """Run statements, stopping at the first error; returns values with tabs between them."""
        done = subprocess.run(
            [
                _binary("mariadb"), "--no-defaults", "--batch", "--raw", "--skip-column-names",
                "--default-character-set=utf8mb4", f"--host={self.host}", f"--port={self.port}",
                f"--user={USER}", f"--database={database}",
            ],
            env=os.environ | {"MYSQL_PWD": self.password},
            input=sql.encode(), capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stderr.decode())
        return done.stdout.decode().rstrip("\n")

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _initialise(self) -> None:
        fresh = self.directory / "data.new"  # an interrupted start leaves nothing that is used
        shutil.rmtree(fresh, ignore_errors=True)
        password = self.directory / "password"
        password.write_text(secrets.token_urlsafe(12))
        password.chmod(0o600)
        users = self.directory / "users.sql"
        users.write_text(
            "FLUSH PRIVILEGES;\n"  # without which they are not looked at
            f"CREATE USER {USER}@'%' IDENTIFIED BY '{self.password}';\n"
            f"GRANT ALL ON *.* TO {USER}@'%' WITH GRANT OPTION;\n"
        )
        for path in (password, users):
            give_away(path)
        done = subprocess.run(
            [
                _binary("mariadb-install-db"), "--no-defaults", f"--datadir={fresh}",
                "--skip-name-resolve", "--skip-test-db", f"--extra-file={users}",
                f"--tmpdir={self._temporary}",
            ],
            capture_output=True, text=True, check=False, **as_unprivileged(),
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"MariaDB's tables could not be made:\n{done.stderr[-2000:]}")
        users.unlink()
        fresh.rename(self._data)

    def _run(self) -> bool:
        options = {
            **self.options,
            "datadir": str(self._data),
            "tmpdir": str(self._temporary),
            "port": str(self.port),
            "bind_address": self.host,
            "pid_file": str(self._pid),
            "socket": "server.sock",  # beneath datadir, where its path can't be too long
        }
        arguments = [f"--{name}={value}" for name, value in options.items()]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [_binary("mariadbd"), "--no-defaults", "--skip-name-resolve", *arguments],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
                **as_unprivileged(),
            )  # fmt: skip
        ready = [
            _binary("mariadb-admin"), "--no-defaults", f"--host={self.host}",
            f"--port={self.port}", f"--user={USER}", "ping",
        ]  # fmt: skip
        environment = os.environ | {"MYSQL_PWD": self.password}
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self._process.poll() is None:
            asked = subprocess.run(ready, env=environment, capture_output=True, check=False)
            if asked.returncode == 0:
                return True
            time.sleep(0.05)
        self.kill()
        return False

    def _end(self, signal_number: int) -> None:
        if self._process is not None:
            self._process.send_signal(signal_number)
            self._process.wait(60)
            self._process = None


def temporary_server(**options: str) -> MariadbServer:
    """A server over a new directory; `remove` it at the end."""
    return MariadbServer(Path(tempfile.mkdtemp(prefix="headrace-mariadb-")), **options)


def installed() -> bool:
    return _found("mariadbd") is not None


def _found(name: str) -> str | None:
    # Debian puts mariadbd where only root's PATH looks.
    return shutil.which(
        name, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/usr/local/sbin"
    )


def _binary(name: str) -> str:
    path = _found(name)
    if path is None:
        raise RuntimeError(f"{name} is missing: run 'apt-get install mariadb-server' as root")
    return path
