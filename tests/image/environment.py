"""The environment that `make image` makes with image/build.sh, kept between runs.

Compiling takes half a minute, so what is Python alone is brought up to date file by file, as a new
wheel would: `python -m tests.image.environment`.
"""

from __future__ import annotations

import os
import py_compile
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENVIRONMENT = ROOT / ".cache/image/environment"
PYTHON = ENVIRONMENT / "bin/python"
PACKAGES = ENVIRONMENT / f"lib/python3.{sys.version_info.minor}/site-packages"
# Where what lies there comes from; what comes of the decoders is made by compiling alone.
PLACES = {
    PACKAGES / "headrace": ROOT / "src/headrace",
    ENVIRONMENT / "functions": ROOT / "functions",
}
PACKED = {".json", ".py", ".typed"}


def differing() -> Iterator[tuple[Path, Path]]:
    """Each file of the environment that is not as in the repository, and that."""
    for there, here in PLACES.items():
        for name in sorted(_files(there) | _files(here)):
            if _content(there / name) != _content(here / name):
                yield there / name, here / name


def bring_up_to_date() -> None:
    for there, here in differing():
        if not here.exists():
            there.unlink()
            continue
        there.parent.mkdir(parents=True, exist_ok=True)
        draft = there.with_suffix(f".{os.getpid()}")
        shutil.copy(here, draft)
        draft.rename(there)
        if there.suffix == ".py":
            mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
            py_compile.compile(str(there), doraise=True, invalidation_mode=mode)


def _files(directory: Path) -> set[Path]:
    return {path.relative_to(directory) for path in directory.rglob("*") if path.suffix in PACKED}


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


if __name__ == "__main__":
    bring_up_to_date()
