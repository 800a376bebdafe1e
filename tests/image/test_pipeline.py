"""The pipeline of Cloud Build: its steps, in their order, with what they are given."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest
import yaml

from tests.image.environment import ROOT

TEXT = (ROOT / "cloudbuild.yaml").read_text()
PIPELINE: dict[str, Any] = yaml.safe_load(TEXT)
STEPS: dict[str, dict[str, Any]] = {step["id"]: step for step in PIPELINE["steps"]}
# The commands that each builder's image brings, of those that we use.
BRINGS = {
    "gcr.io/cloud-builders/docker": {"bash", "docker", "cat", "tee"},
    "gcr.io/google.com/cloudsdktool/google-cloud-cli:slim": {"bash", "gcloud"},
    "hashicorp/terraform:1.15.5": {"sh", "terraform", "cat"},
    "python:3.11-bookworm": {"bash", "make"},
    "python:3.11-slim-bookworm": {"bash", "python"},
}
SHELL = {"case", "cd", "echo", "exit", "set"}
# At the beginning of a line, and after what joins commands.
COMMAND = re.compile(r"(?:^\s*|\$\(|(?:\|\||;|[^|\w]\|) )([a-z]+) ")
VARIABLE = re.compile(r"\$\{?([A-Z_]+)\}?")
BUILT_IN = {"BUILD_ID", "PROJECT_ID"}


def test_the_steps_are_in_order() -> None:
    assert list(STEPS) == [
        "python", "build", "try", "test", "push", "variables", "plan", "apply", "smoke",
    ]  # fmt: skip
    assert {name: step["waitFor"] for name, step in STEPS.items() if "waitFor" in step} == {
        "test": ["-"],
        "push": ["try", "test"],
    }


def test_substitutions_are_declared_and_used() -> None:
    declared = set(PIPELINE["substitutions"])
    used = {
        name for step in STEPS.values() for text in step["env"] for name in VARIABLE.findall(text)
    }
    used |= {n for text in PIPELINE["substitutions"].values() for n in VARIABLE.findall(text)}
    assert used - BUILT_IN == declared
    assert PIPELINE["options"]["dynamicSubstitutions"], "one of them names another"


@pytest.mark.parametrize("name", STEPS)
def test_a_script_reads_what_it_is_given_and_nothing_else(name: str) -> None:
    step = STEPS[name]
    given = {text.partition("=")[0] for text in step["env"]}
    read = set(VARIABLE.findall(step["script"]))
    assert read <= given
    assert given - read <= {"TF_IN_AUTOMATION", "TF_INPUT"}


@pytest.mark.parametrize("name", STEPS)
def test_a_script_can_be_read_by_its_shell_and_ends_at_the_first_failure(name: str) -> None:
    first, second, *_ = STEPS[name]["script"].splitlines()
    shell = first.removeprefix("#!").removeprefix("/usr/bin/env ")
    assert second == ("set -eu" if shell == "/bin/sh" else "set -euo pipefail")
    subprocess.run([shell, "-n"], input=STEPS[name]["script"], text=True, check=True)


@pytest.mark.parametrize("name", STEPS)
def test_a_builder_brings_the_commands(name: str) -> None:
    step = STEPS[name]
    first, *lines = step["script"].splitlines()
    commands = {first.rpartition("/")[2].split()[-1]}
    commands |= {found for line in lines for found in COMMAND.findall(line)}
    assert commands - SHELL <= BRINGS[step["name"]]
    assert len(commands - SHELL) >= 2


def test_the_image_is_deployed_by_the_digest_that_was_pushed() -> None:
    assert "docker push" in STEPS["push"]["script"]
    assert "{{index .RepoDigests 0}}" in STEPS["push"]["script"]
    assert STEPS["push"]["script"].rstrip().endswith("| tee /workspace/image")
    assert '-var="image=$(cat /workspace/image)"' in STEPS["plan"]["script"]
    assert "terraform apply /workspace/deploy.plan" in STEPS["apply"]["script"]


def test_every_step_means_the_same_image() -> None:
    tags = {text for step in STEPS.values() for text in step["env"] if text.startswith("TAGGED=")}
    assert tags == {"TAGGED=${_REGION}-docker.pkg.dev/${PROJECT_ID}/${_NAME}/headrace:${_TAG}"}
    outputs = (ROOT / "terraform/outputs.tf").read_text()
    assert '.repository_id}/headrace"' in outputs


def test_pythons_and_terraforms_are_those_of_the_tests() -> None:
    python = PIPELINE["substitutions"]["_PYTHON_IMAGE"]
    assert f"ARG PYTHON_IMAGE={python}\n" in (ROOT / "Dockerfile").read_text()
    assert STEPS["smoke"]["name"] == python
    versions = (ROOT / "terraform/versions.tf").read_text()
    (least,) = re.findall(r'required_version = ">= ([\d.]+)"', versions)
    taken = STEPS["plan"]["name"].rpartition(":")[2]
    assert taken == STEPS["apply"]["name"].rpartition(":")[2]
    assert [int(n) for n in taken.split(".")] >= [int(n) for n in least.split(".")]


@pytest.mark.parametrize(
    ("deploy", "runs"),
    [("no", set()), ("plan", {"variables", "plan"}),
     ("apply", {"variables", "plan", "apply", "smoke"})],
)  # fmt: skip
def test_nothing_is_deployed_unless_that_is_wanted(deploy: str, runs: set[str]) -> None:
    asking = {name: step for name, step in STEPS.items() if "exit 0" in step["script"]}
    going_on = set()
    for name in asking.keys() - {"test"}:
        guard = "\n".join(STEPS[name]["script"].splitlines()[1:3]) + "\nexit 7\n"
        done = subprocess.run(["sh", "-c", guard.replace("set -euo pipefail", "set -eu")],
                              env={"DEPLOY": deploy}, check=False)  # fmt: skip
        if done.returncode == 7:
            going_on.add(name)
    assert going_on == runs
    assert PIPELINE["substitutions"]["_DEPLOY"] == "no"


@pytest.mark.parametrize(
    ("tests", "deploy", "taken"),
    [("image", "no", True), ("all", "apply", True), ("image", "yes", False), ("", "no", False)],
)
def test_a_wrong_choice_is_refused_before_anything_is_built(
    tests: str, deploy: str, taken: bool
) -> None:
    asked, _, _ = STEPS["python"]["script"].partition("docker pull")
    done = subprocess.run(
        ["bash", "-c", asked],
        env={"TESTS": tests, "DEPLOY": deploy},
        check=False,
        capture_output=True,
    )
    assert (done.returncode == 0) is taken


def test_it_has_no_secret_and_leaves_the_page_to_terraform() -> None:
    assert "availableSecrets" not in PIPELINE
    assert not re.search(r"(?i)password|token|secretEnv|rsync", TEXT)
    page = (ROOT / "terraform/page.tf").read_text()
    assert page.count('cache_control = "no-cache"') + page.count('cache_control  = "no-cache"') == 3
