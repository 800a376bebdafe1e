"""A person at a terminal is asked for the password, and it is not echoed."""

from __future__ import annotations

import os
import pty
import subprocess

from tests.cli.conftest import HEADRACE
from tests.cli.test_test import without_password
from tests.conftest import Database


def test_prompt_does_not_echo(environment: dict[str, str], database: Database) -> None:
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [HEADRACE, "test", without_password(database)],
        env={**environment, "NO_COLOR": "1"}, stdin=terminal, stdout=terminal, stderr=terminal,
        start_new_session=True,
    )  # fmt: skip
    os.close(terminal)
    shown = b""
    # The space comes last, when the terminal has stopped to echo; what is typed sooner is dropped.
    while b"Password of postgres at 127.0.0.1: " not in shown:
        shown += os.read(controller, 1024)
    os.write(controller, database.server.password.encode() + b"\n")
    try:
        while chunk := os.read(controller, 1024):
            shown += chunk
    except OSError:  # the other end of the terminal is closed
        pass
    os.close(controller)
    assert process.wait(30) == 0, shown
    assert "✓ login" in shown.decode()
    assert database.server.password.encode() not in shown
