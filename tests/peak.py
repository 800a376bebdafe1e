"""How much memory a process has had at most."""

from __future__ import annotations

import re
from pathlib import Path


def peak_kilobytes() -> int:
    """The peak of this process's resident memory, as the kernel tells it of this program alone.

    `ru_maxrss` does not: that one begins with what the process was before it started the program.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (peak,) = re.findall(r"VmHWM:\s*(\d+) kB", status)
    return int(peak)
