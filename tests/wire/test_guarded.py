"""The guard is one: a step beyond the bytes ends the process."""

from __future__ import annotations

import signal
import subprocess
import sys

PROGRAM = """
import ctypes
from tests.wire.guarded import Guarded
placed = Guarded().place(b"abc")
assert bytes(placed) == b"abc"
address = ctypes.addressof(ctypes.c_ubyte.from_buffer(placed))
print(ctypes.string_at(address, 3), flush=True)
ctypes.string_at(address, 4)
"""


def test_reading_beyond_ends_the_process() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=False)
    assert done.stdout == b"b'abc'\n"
    assert done.returncode == -signal.SIGSEGV
