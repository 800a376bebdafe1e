"""`python -m tests.diagnosis.measured ARGUMENTS`: `headrace ARGUMENTS`, and what it took.

The last line on standard error is the peak of the process's resident memory in kB.
"""

from __future__ import annotations

import sys

from headrace.cli import main
from tests.peak import peak_kilobytes

if __name__ == "__main__":
    try:
        main()
    finally:
        print(peak_kilobytes(), file=sys.stderr)
