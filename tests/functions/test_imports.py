"""Each function imports what it needs and no more: that is its cold start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from headrace.api.functions import FUNCTIONS

DIRECTORY = Path(__file__).parents[2] / "functions"
# Implementations of ports are loaded when they are first used, the local ones only locally.
NOT_NEEDED = {
    "cryptography",
    "duckdb",
    "grpc",
    "headrace.destinations.duckdb",
    "headrace.documents.firestore",
    "headrace.documents.sqlite",
    "headrace.launchers.cloudrun",
    "headrace.local",
    "headrace.vaults.encrypted_file",
    "headrace.vaults.secret_manager",
    "waitress",
}


def test_there_is_a_directory_for_each_function_and_no_other() -> None:
    assert {path.parent.name for path in DIRECTORY.glob("*/main.py")} == set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_short(name: str) -> None:
    assert len((DIRECTORY / name / "main.py").read_text().splitlines()) <= 20


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_imports_no_implementation_of_a_port(name: str) -> None:
    program = f"import sys, runpy; runpy.run_path('{DIRECTORY / name / 'main.py'}'); "
    program += "print('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={}
    )
    modules = done.stdout.splitlines()
    assert not NOT_NEEDED & set(modules)
    assert not [module for module in modules if module.startswith("google.cloud.")]
