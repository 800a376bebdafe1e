"""What the image holds is whole and compiled, and does what it is there for."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest

from devservers.google.firestore import FirestoreServer
from tests.image.environment import ENVIRONMENT, PACKAGES, PYTHON, ROOT, differing

# A laptop's alone: the extra `local`.
LOCAL_PACKAGES = {"duckdb", "psutil", "rich", "typer", "waitress"}
IMPORT_ALL = """
import headrace, importlib, pkgutil
for module in pkgutil.walk_packages(headrace.__path__, "headrace."):
    if not module.name.endswith("__main__"):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            print(error.name)
"""


def test_it_holds_the_code_as_it_is_now() -> None:
    assert not [str(here) for _, here in differing()], "run: make image"


def test_everything_is_compiled() -> None:
    directories = (PACKAGES, ENVIRONMENT / "functions")
    sources = [path for directory in directories for path in directory.rglob("*.py")]
    assert len(sources) > 2000
    for path in sources:
        compiled = Path(importlib.util.cache_from_source(str(path)))
        # Bit 0: a hash of the source stands here; bit 1: it is looked at.
        assert compiled.read_bytes()[4:8] == b"\x01\0\0\0", path


def test_it_holds_nothing_to_install_or_to_test_with() -> None:
    names = {path.name for path in PACKAGES.iterdir()}
    assert not names & {"pip", "setuptools", "wheel", "Cython", "pytest", *LOCAL_PACKAGES}
    assert not (PACKAGES / "headrace/web").exists()
    assert not [path for path in PACKAGES.rglob("tests") if path.is_dir()]


def test_the_decoders_are_compiled() -> None:
    wire = PACKAGES / "headrace/sources/wire"
    assert {path.name.partition(".")[0] for path in wire.glob("*.so")} == {
        path.stem for path in (ROOT / "src/headrace/sources/wire").glob("*.pyx")
    }


def test_every_module_finds_what_it_imports_but_those_of_a_laptop() -> None:
    missing = set(run("-c", IMPORT_ALL).stdout.split())
    assert missing <= LOCAL_PACKAGES


def test_each_function_is_served_and_the_job_starts() -> None:
    done = run(str(ROOT / "image/try.py"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == "9 functions answer, and the job starts.\n"


def test_a_container_without_a_function_says_what_is_missing() -> None:
    done = subprocess.run(
        [ENVIRONMENT / "bin/serve"], env={}, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "FUNCTION_TARGET: It has to name a function." in done.stderr


def test_the_job_looks_for_its_run_where_the_settings_say(
    firestore_server: FirestoreServer,
) -> None:
    project = f"p{uuid4().hex}"
    documents = f"firestore://{project}/headrace?emulator={firestore_server.address}"
    done = run("-m", "headrace.extraction.job", "m1", "s1", "r1", HEADRACE_DOCUMENTS=documents)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert json.loads(line)["message"].startswith("run_not_found: ")
    (request,) = firestore_server.requests["BatchGetDocuments"]
    assert request.documents[0].endswith(f"{project}/databases/headrace/documents/"
                                         "models/m1/sources/s1/runs/r1")  # fmt: skip


def test_as_many_requests_are_answered_at_once_as_cloud_run_sends() -> None:
    serve = (ROOT / "image/serve.sh").read_text()
    rights = (ROOT / "terraform/rights.tf").read_text()
    (threads,) = re.findall(r'THREADS="\$\{THREADS:-(\d+)\}"', serve)
    concurrency = [int(found) for found in re.findall(r"concurrency = (\d+)", rights)]
    assert len(concurrency) == 9
    assert max(concurrency) <= int(threads)


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the environment's Python, away from the repository and its settings."""
    return subprocess.run(
        [PYTHON, *command],
        cwd=ENVIRONMENT, env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _made() -> None:
    assert PYTHON.exists(), "run: make image"
