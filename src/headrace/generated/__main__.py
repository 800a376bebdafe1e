"""Writes the generated documents anew."""

from __future__ import annotations

import sys
from pathlib import Path

from headrace.generated import DOCUMENTS

if __name__ == "__main__":
    for name, text in DOCUMENTS.items():
        (Path(sys.argv[1]) / name).write_text(text(), encoding="utf-8")
