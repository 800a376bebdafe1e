"""A short run of the fuzzer; `make fuzz` runs it for longer."""

from __future__ import annotations

import subprocess
import sys


def test_decoders_and_oracles_agree() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.wire.fuzz", "200"],
        capture_output=True, text=True, check=False, timeout=250,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    for decoder in ("CopyBinary", "BinaryRows"):
        assert f"{decoder} and oracle agree" in done.stdout
