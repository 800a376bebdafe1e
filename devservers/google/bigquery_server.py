"""An emulator of BigQuery, its REST and its Storage API, which `make bigquery-emulator` sets up.

docs/testing.md says where it differs from Google's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Self

from devservers.ports import free_port
from devservers.server import Server

_PLACE = Path(__file__).parents[2] / ".cache/bigquery-emulator"
_RUN = "from local_bigquery.cli import main; main()"


class BigqueryServer(Server):
    """A server on free ports, which remembers nothing when it is stopped.

    What is loaded from `gs://` it reads from the server for Cloud Storage at `storage`. Any project
    and any credentials are taken; datasets have to be made.
    """

    def __init__(self, storage: str = "") -> None:
        self.storage = storage
        self.address = ""
        self.grpc_address = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._directory = Path(tempfile.mkdtemp(prefix="headrace-bigquery-"))

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def start(self) -> Self:
        for _ in range(3):  # someone else may take a free port first
            if self._run(free_port(), free_port()):
                return self
        log = (self._directory / "log").read_text()
        self.stop()
        raise RuntimeError(f"the emulator of BigQuery did not start:\n{log[-2000:]}")

    def stop(self) -> None:
        self._end()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _run(self, port: int, grpc_port: int) -> bool:
        self.address, self.grpc_address = f"127.0.0.1:{port}", f"127.0.0.1:{grpc_port}"
        data = Path(tempfile.mkdtemp(dir=self._directory))
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    _python(), "-c", _RUN, "--host", "127.0.0.1", "--port", str(port),
                    "--grpc-port", str(grpc_port), "--data-dir", data,
                ],
                # At home are the extensions of DuckDB that it would fetch otherwise.
                env=os.environ | {
                    "HOME": str(_PLACE / "home"),
                    "STORAGE_EMULATOR_HOST": f"http://{self.storage}" if self.storage else "",
                },
                cwd=data, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with urllib.request.urlopen(
                    f"{self.url}/bigquery/v2/projects/p/datasets", timeout=30
                ):
                    return True
            except urllib.error.URLError:
                time.sleep(0.05)
        self._end()
        return False

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _python() -> Path:
    if not (_PLACE / ".installed").exists():
        raise RuntimeError("BigQuery's emulator is not installed; run 'make bigquery-emulator'")
    return _PLACE / "bin/python"
