"""PgBouncer, Debian's, in front of a PostgreSQL server of our own."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devservers.ports import free_port
from devservers.postgres import USER, PostgresServer
from devservers.postgres_releases import EMBEDDED
from devservers.unprivileged import as_unprivileged, give_away

_SETTINGS = """
[databases]
* = host={host} port={server_port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
pool_mode = {mode}
"""


@contextmanager
def pgbouncer(server: PostgresServer, mode: str) -> Iterator[int]:
    """The port of a pooler whose mode is `session`, `transaction` or `statement`.

    It lets the server's administrator in, and nobody else.
    """
    binary = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if binary is None:
        raise RuntimeError("PgBouncer is missing: run 'apt-get install pgbouncer' as root")
    directory = Path(tempfile.mkdtemp(prefix="headrace-pgbouncer-"))
    users, settings, port = directory / "users", directory / "settings", free_port()
    users.write_text(f'"{USER}" "{server.password}"\n')
    settings.write_text(
        _SETTINGS.format(
            host=server.host, server_port=server.port, port=port, users=users, mode=mode
        )
    )
    for path in (directory, users, settings):
        give_away(path)
    process = subprocess.Popen(
        [binary, "--quiet", settings], stdin=subprocess.DEVNULL, **as_unprivileged()
    )
    try:
        _wait_until_it_answers(process, port)
        yield port
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(directory)


def _wait_until_it_answers(process: subprocess.Popen[bytes], port: int) -> None:
    ready: list[str | Path] = [
        EMBEDDED.binaries() / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)
    ]  # fmt: skip
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        if subprocess.run(ready, check=False).returncode == 0:
            return
        time.sleep(0.05)
    raise RuntimeError("PgBouncer did not start")
