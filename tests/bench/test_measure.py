"""The harness sees a process and its children, and says why one failed."""

import os
import sys
from pathlib import Path

from bench.measure import Measurement, measure

GRANDCHILD = """
import subprocess, sys
code = "import time; x = bytearray(b'x' * 200_000_000); time.sleep(.5)"
subprocess.run([sys.executable, "-c", code])
"""


def run(code: str, directory: Path, limit: float = 60) -> Measurement:
    return measure(
        [sys.executable, "-c", code], environment=os.environ, directory=directory, limit=limit
    )


def test_memory_of_a_child_counts(tmp_path: Path) -> None:
    assert run(GRANDCHILD, tmp_path).peak > 200_000_000
    assert run("import time; time.sleep(.5)", tmp_path).peak < 100_000_000


def test_processor_time_of_a_child_counts(tmp_path: Path) -> None:
    code = "import os\nif os.fork(): os.wait()\nelse:\n    while sum(os.times()[:2]) < .5: pass"
    assert run(code, tmp_path).cpu >= 0.5


def test_the_end_of_the_output_tells_why(tmp_path: Path) -> None:
    assert run("raise SystemExit('no such table')", tmp_path).failure == "no such table\n"
    assert run("", tmp_path).failure is None


def test_a_process_that_hangs_is_ended(tmp_path: Path) -> None:
    failure = run("import time; time.sleep(600)", tmp_path, limit=0.5).failure
    assert failure == "exit -9"
