"""Google's own emulator of Firestore, from the Google Cloud SDK, where that is installed.

It is in no package index, so that the suite runs without it: `make firestore-emulator` holds the
contract against it as well.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

from devservers.ports import free_port

_JAR = "platform/cloud-firestore-emulator/cloud-firestore-emulator.jar"
_MAIN = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"


class FirestoreEmulator:
    """An emulator on a free port, which remembers nothing when it is stopped."""

    def __init__(self) -> None:
        self.address = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._directory = Path(tempfile.mkdtemp(prefix="headrace-firestore-"))

    def start(self) -> Self:
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        log = self._directory / "log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [
                    "java", "-Xmx512m", "-cp", _jar(), _MAIN,
                    "--host=127.0.0.1", f"--port={port}",
                ],
                cwd=self._directory, stdout=output, stderr=output, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return self
            time.sleep(0.1)
        text = log.read_text()
        self.stop()
        raise RuntimeError(f"the Firestore emulator did not start:\n{text[-2000:]}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None
        shutil.rmtree(self._directory, ignore_errors=True)


def _jar() -> Path:
    gcloud = shutil.which("gcloud")
    places = [os.environ.get("CLOUDSDK_ROOT_DIR", ""), "/usr/lib/google-cloud-sdk"]
    if gcloud:
        places.append(str(Path(gcloud).resolve().parents[1]))
    for place in filter(None, places):
        if (Path(place) / _JAR).exists():
            return Path(place) / _JAR
    raise RuntimeError("The Firestore emulator is missing; see docs/testing.md")
