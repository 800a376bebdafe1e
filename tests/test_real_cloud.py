"""What `make test-cloud` leads to, as far as it can be seen without a cloud."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from headrace.google_calls import place
from tests.real_cloud import RealCloud

ROOT = Path(__file__).parents[1]
ASKED = {"HEADRACE_TEST_PROJECT": "my-project", "HEADRACE_TEST_RUN": "run1"}


def made(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What make would do; nothing is run."""
    command = ["make", "--dry-run", "--no-print-directory", "test-cloud", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_nobody_gets_there_who_does_not_ask() -> None:
    assert RealCloud.asked({}) is None
    assert RealCloud.asked({"HEADRACE_TEST_PROJECT": ""}) is None


def test_where_the_suites_run() -> None:
    cloud = RealCloud.asked(ASKED)
    assert cloud is not None

    assert cloud.documents == "firestore://my-project/headrace-test"
    assert cloud.vault == "secretmanager://my-project"
    assert cloud.secret_name == "model-testrun1-source-s-credentials"
    where = place(cloud.destination("x1"), "staging", "location")
    assert (where.project, where.path) == ("my-project", "headrace_test_run1_x1")
    assert where.options == {
        "staging": "gs://my-project-headrace-test/run1/x1",
        "location": "EU",
    }
    # Google's own: nothing leads to an emulator.
    assert where.emulator is None
    assert "emulator" not in cloud.documents + cloud.vault
    # The suites' tests begin with nothing: each of them gets a dataset of its own.
    assert cloud.destination("x2") != cloud.destination("x1")


def test_everything_can_be_said() -> None:
    said = {"DATABASE": "headrace-test-2", "BUCKET": "b", "LOCATION": "us-east1"}
    cloud = RealCloud.asked({**ASKED, **{f"HEADRACE_TEST_{k}": v for k, v in said.items()}})
    assert cloud is not None

    assert cloud.documents.endswith("/headrace-test-2")
    assert cloud.destination("x").endswith("?staging=gs://b/run1/x&location=us-east1")


@pytest.mark.parametrize(
    "wrong",
    [
        {"HEADRACE_TEST_DATABASE": "(default)"},
        {"HEADRACE_TEST_DATABASE": "production"},
        {"HEADRACE_TEST_RUN": ""},
        {"HEADRACE_TEST_RUN": "../x"},
    ],
)
def test_a_database_is_emptied_only_if_its_name_says_so(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="HEADRACE_TEST_"):
        RealCloud.asked({**ASKED, **wrong})


def test_the_target_says_where_and_what() -> None:
    done = made("PROJECT=my-project", "LOCATION=us-east1")

    assert done.returncode == 0, done.stderr
    assert "HEADRACE_TEST_PROJECT=my-project" in done.stdout
    assert "HEADRACE_TEST_LOCATION=us-east1" in done.stdout
    assert "HEADRACE_TEST_RUN=" in done.stdout
    for suite in ("documents", "vaults", "destinations"):
        assert f"tests/{suite}" in done.stdout


def test_the_target_needs_a_project() -> None:
    done = made()

    assert done.returncode != 0
    assert "PROJECT=" in done.stderr
