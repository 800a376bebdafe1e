"""The Dockerfile does what the tested script does, and no more."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from fnmatch import fnmatch

import pytest

from tests.image.environment import ROOT

TEXT = (ROOT / "Dockerfile").read_text()
HADOLINT = ROOT / ".cache/image/lint/bin/hadolint"


def instructions() -> list[tuple[str, str]]:
    """Each instruction with its arguments, without comments and line ends."""
    bare = re.sub(r"^#.*\n", "", TEXT, flags=re.MULTILINE).replace("\\\n", "")
    return [
        (word, rest.strip()) for word, _, rest in (s.partition(" ") for s in bare.splitlines() if s)
    ]


def of(kind: str, stage: int) -> list[str]:
    """The arguments of the instructions of a kind in a stage, from 0 on."""
    seen = -1
    found = []
    for word, rest in instructions():
        seen += word == "FROM"
        if word == kind and seen == stage:
            found.append(rest)
    return found


def copied() -> set[str]:
    """What is copied out of the repository."""
    copies = [shlex.split(rest) for stage in (0, 1) for rest in of("COPY", stage)]
    return {source for copy in copies if not copy[0].startswith("--from") for source in copy[:-1]}


def test_hadolint_has_no_complaint() -> None:
    done = subprocess.run(
        [HADOLINT, "--format", "json", ROOT / "Dockerfile"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(done.stdout) == []
    assert done.returncode == 0


def test_what_is_built_is_what_the_script_makes() -> None:
    *_, build = of("RUN", 0)
    assert build == "image/build.sh /opt/headrace"
    assert of("COPY", 1) == [
        "image/compile.sh /usr/local/bin/compile",
        "--from=build /opt/headrace /opt/headrace",
    ]


def test_it_serves_a_function_and_the_job_finds_python() -> None:
    assert of("CMD", 1) == ['["serve"]']
    assert not of("ENTRYPOINT", 1), "the job has a command of its own"
    (variables,) = of("ENV", 1)
    assert shlex.split(variables) == [
        "PATH=/opt/headrace/bin:$PATH", "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1",
    ]  # fmt: skip
    job = (ROOT / "terraform/job.tf").read_text()
    assert 'command = ["python", "-m", "headrace.extraction.job"]' in job


def test_nobody_is_root_in_it() -> None:
    *_, last, _ = [word for word, _ in instructions()]
    assert last == "USER"
    assert of("USER", 1) == ["10001"]
    assert not of("COPY", 1)[-1].startswith("--chown"), "it can't change its own code"


def test_both_stages_have_the_same_python_which_is_given_by_digest() -> None:
    assert of("FROM", 0) == ["${PYTHON_IMAGE} AS build"]
    assert of("FROM", 1) == ["${PYTHON_IMAGE}"]
    arguments = [rest for word, rest in instructions() if word == "ARG"]
    assert arguments == ["PYTHON_IMAGE=python:3.11-slim-bookworm", "PYTHON_IMAGE"]
    pipeline = (ROOT / "cloudbuild.yaml").read_text()
    assert 'PYTHON_IMAGE="$(cat /workspace/python-image)"' in pipeline


def test_it_has_no_secret() -> None:
    assert not re.search(r"(?i)password|secret|token|credential|--mount", TEXT)


@pytest.mark.parametrize("name", ["src/headrace/cli/__init__.py", "image/build.sh", "LICENSE"])
def test_what_is_copied_reaches_docker(name: str) -> None:
    assert sent(name)


@pytest.mark.parametrize(
    "name",
    [".git/config", ".venv/bin/python", "terraform/terraform.tfvars", "web/index.html", ".env",
     "src/headrace/__pycache__/x.pyc", "src/headrace/sources/wire/columns.cpython-311.so"],
)  # fmt: skip
def test_nothing_else_reaches_docker(name: str) -> None:
    assert not sent(name)


def test_what_is_sent_is_what_is_copied() -> None:
    kept = {line[1:] for line in ignore_lines() if line.startswith("!")}
    assert kept == {path.removesuffix("/compile.sh") for path in copied()}
    assert all((ROOT / name).exists() for name in kept)


def ignore_lines() -> list[str]:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def sent(name: str) -> bool:
    """Whether Docker gets a file, by .dockerignore: the last line that matches it decides."""
    parts = name.split("/")
    above = ["/".join(parts[: end + 1]) for end in range(len(parts))]
    decided = True
    for line in ignore_lines():
        pattern = line.removeprefix("!")
        if pattern.startswith("**/"):
            matches = any(fnmatch(part, pattern.removeprefix("**/")) for part in parts)
        else:
            matches = any(fnmatch(path, pattern) for path in above)
        if matches:
            decided = line.startswith("!")
    return decided
