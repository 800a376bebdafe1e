"""A virtual environment a peer, made once under `.cache/bench` from pinned versions.

A reader names its packages the way of PEP 723, in a comment at its top. A reader that names none
runs in Headrace's own environment.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

CACHE = Path(__file__).parent.parent / ".cache" / "bench"
_HEADER = re.compile(r"^# /// script\n((?:#.*\n)+?)# ///$", re.MULTILINE)


def packages(script: Path) -> list[str]:
    """The pinned requirements in a script's header."""
    found = _HEADER.search(script.read_text())
    if found is None:
        return []
    header = "".join(line[2:] or "\n" for line in found[1].splitlines(keepends=True))
    dependencies: list[str] = tomllib.loads(header)["dependencies"]
    return dependencies


def python(requirements: list[str]) -> Path:
    """The Python of an environment with these packages, which is made if it is not there."""
    if not requirements:
        return Path(sys.executable)
    name = re.split(r"[=\[]", requirements[0])[0]
    digest = hashlib.sha256("\n".join(requirements).encode()).hexdigest()[:8]
    directory = CACHE / "environments" / f"{name}-{digest}"
    if not (directory / ".complete").exists():
        print(f"installing {', '.join(requirements)}", flush=True)
        shutil.rmtree(directory, ignore_errors=True)
        venv.create(directory, with_pip=True)
        subprocess.run(
            [directory / "bin" / "python", "-m", "pip", "install", "--quiet", *requirements],
            check=True,
        )
        (directory / ".complete").touch()
    return directory / "bin" / "python"
