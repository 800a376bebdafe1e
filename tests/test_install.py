"""Installing Headrace: where no compiler is, and from a source distribution."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from headrace import page

ROOT = Path(__file__).parents[1]
NEEDED = ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE")
WIRE = Path("src/headrace/sources/wire")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As much of Headrace as has to be compiled, and nothing that has been."""
    project = tmp_path_factory.mktemp("install") / "headrace"
    shutil.copytree(ROOT / WIRE, project / WIRE, ignore=shutil.ignore_patterns("*.so"))
    for package in (WIRE.parent, WIRE.parents[1]):
        (project / package / "__init__.py").touch()
    for name in NEEDED:
        shutil.copy(ROOT / name, project)
    shutil.copytree(ROOT / "web", project / "web")
    return project


def test_without_a_compiler_the_error_says_what_to_install(project: Path, tmp_path: Path) -> None:
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


def test_a_source_distribution_has_what_is_compiled(project: Path, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "setup.py", "--quiet", "sdist", f"--dist-dir={tmp_path}"],
        cwd=project, capture_output=True, check=True, timeout=250,
    )  # fmt: skip
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        names = {Path(name).name for name in packed.getnames()}
    assert {path.name for path in (ROOT / WIRE).glob("*.p*")} <= names
    assert {Path(name).name for name in page.files()} <= names


def test_an_installation_has_the_page(project: Path, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "setup.py", "--quiet", "build_py", f"--build-lib={tmp_path}"],
        cwd=project, capture_output=True, check=True, timeout=250,
    )  # fmt: skip
    packed = tmp_path / "headrace" / "web"
    for name, path in page.files().items():
        assert (packed / name).read_bytes() == path.read_bytes()
    assert not list(packed.rglob("*.py"))
