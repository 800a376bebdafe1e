"""`python -m tests.diagnosis.measured ARGUMENTS`: `headrace ARGUMENTS`, and what it took.

The last line on standard error is the peak of the process's resident memory in kB. It is the
kernel's own figure for this program alone, which `ru_maxrss` is not: that one begins with what
the process was before it started this program.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from headrace.cli import main

if __name__ == "__main__":
    try:
        main()
    finally:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        peak = re.search(r"VmHWM:\s*(\d+) kB", status)
        print(peak[1] if peak else "", file=sys.stderr)
