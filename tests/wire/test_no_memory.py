"""Every allocation of taking a batch fails in turn: none of the columns' memory is freed twice."""

from __future__ import annotations

import subprocess
import sys

# The interpreter's own test module makes its n-th allocation from now on fail. A process of its
# own, since memory that is freed twice ends it.
PROGRAM = """
import _testcapi
from headrace.sources.wire.columns import Kind
from headrace.sources.wire.copy_binary import CopyBinary
from tests.wire.test_copy_binary import array, int4, stream

columns = [
    (Kind.BITS32, 0, 0, False), (Kind.TEXT, 0, 0, False), (Kind.LIST, 0, 0, False, Kind.TEXT)
]
data = stream([int4(1), b"x", array(b"y", None)])
failed = 0
for number in range(1000):
    decoder = CopyBinary(columns, 10, 1000)
    decoder.feed(data, 0, len(data))
    taken = None
    _testcapi.set_nomemory(number, number + 1)
    try:
        taken = decoder.take()
    except MemoryError:
        failed += 1
    finally:
        _testcapi.remove_mem_hooks()
    if taken:
        break
    del decoder
print("failed", failed, "times")
"""


def test_every_allocation_fails_in_turn() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[1]) > 5
