"""A server for Cloud Storage: fake-gcs-server, which `make gcs-server` fetches.

docs/testing.md says where it differs from Google's.
"""

from __future__ import annotations

import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Self

from devservers.ports import free_port
from devservers.server import Server

_PACKAGES = Path(__file__).parents[2] / ".cache/gcs-server"


class GcsServer(Server):
    """A server on a free port, which remembers nothing when it is stopped.

    Any project and any credentials are taken; buckets are made as they are asked for.
    """

    def __init__(self) -> None:
        self.address = ""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def start(self) -> Self:
        for _ in range(3):  # someone else may take the free port first
            if self._run(free_port()):
                return self
        raise RuntimeError("the server for Cloud Storage did not start")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _run(self, port: int) -> bool:
        self.address = f"127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [
                _binary(), "-scheme", "http", "-backend", "memory", "-host", "127.0.0.1",
                "-port", str(port), "-public-host", self.address, "-external-url", self.url,
                "-log-level", "error",
            ],
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/_internal/healthcheck", timeout=5):
                    return True
            except urllib.error.URLError:
                time.sleep(0.05)
        self.stop()
        return False


def _binary() -> Path:
    for binary in _PACKAGES.glob("lib/python*/site-packages/*/vendor/*/bin/fake-gcs-server-*"):
        return binary
    raise RuntimeError("fake-gcs-server is not installed; run 'make gcs-server'")
