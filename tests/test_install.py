"""Installing Headrace where no compiler is."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
NEEDED = ("pyproject.toml", "setup.py", "README.md", "LICENSE")


def test_without_a_compiler_the_error_says_what_to_install(tmp_path: Path) -> None:
    project = tmp_path / "headrace"
    wire = Path("src/headrace/sources/wire")
    shutil.copytree(ROOT / wire, project / wire, ignore=shutil.ignore_patterns("*.so"))
    for package in (wire.parent, wire.parents[1]):
        (project / package / "__init__.py").touch()
    for name in NEEDED:
        shutil.copy(ROOT / name, project)
    done = subprocess.run(
        [
            sys.executable, "-m", "pip", "install", "--no-deps", "--no-build-isolation",
            "--no-index", "--disable-pip-version-check", f"--target={tmp_path / 'installed'}",
            str(project),
        ],
        env={"PATH": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True, text=True, check=False, timeout=250,
    )  # fmt: skip
    assert done.returncode != 0
    assert "apt-get install gcc python3-dev" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not (tmp_path / "installed").exists()
