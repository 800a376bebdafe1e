"""Terraform takes the configuration, and would make the same of it twice."""

from __future__ import annotations

import re

import pytest

from tests.terraform.workspace import ROOT, Deployment, Workspace

FILES = sorted((ROOT / "terraform").glob("*.tf"))
BLOCK = re.compile(r'^(variable|output) "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
RESOURCE = re.compile(r'^resource "(\w+)" "(\w+)"', re.MULTILINE)
EDGE = re.compile(r'"([\w.]+)" -> "([\w.]+)"')


def test_it_is_formatted(workspace: Workspace) -> None:
    assert workspace.succeed("fmt", "-check", "-diff", "-recursive") == ""


def test_it_is_valid(workspace: Workspace) -> None:
    workspace.succeed("init", "-input=false")
    assert "The configuration is valid" in workspace.succeed("validate")


@pytest.mark.parametrize(
    ("file", "right", "wrong", "told"),
    [
        ("job.tf", "max_retries ", "max_retry ", 'An argument named "max_retry" is not expected'),
        ("images.tf", '"DOCKER"', "[]", "Inappropriate value for attribute"),
        ("heartbeat.tf", "  schedule ", "  region2 ", "region2"),
        ("documents.tf", '"FIRESTORE_NATIVE"', '"NATIVE"', "FIRESTORE_NATIVE, DATASTORE_MODE"),
        ("project.tf", "google_project_service", "google_project_servis", "google_project_servis"),
    ],
)
def test_what_is_wrong_is_found(
    workspace: Workspace, file: str, right: str, wrong: str, told: str
) -> None:
    text = (workspace.directory / file).read_text()
    assert right in text
    (workspace.directory / file).write_text(text.replace(right, wrong))
    workspace.run("init", "-input=false")
    done = workspace.run("validate")
    assert done.returncode == 1
    assert told in re.sub(r"\s+", " ", done.stderr)


def test_its_own_tests_pass(workspace: Workspace) -> None:
    workspace.succeed("init", "-input=false")
    assert "0 failed" in workspace.succeed("test")


def test_what_was_applied_stays_as_it_is(deployment: Deployment) -> None:
    changed = [
        change["address"]
        for change in deployment.plan["resource_changes"]
        if change["change"]["actions"] not in (["no-op"], ["read"])
    ]
    assert changed == []
    assert len(deployment.all) > 100


def test_variables_and_outputs_are_described() -> None:
    blocks = [block for file in FILES for block in BLOCK.findall(file.read_text())]
    assert {"project", "page"} <= {name for _, name, _ in blocks}
    assert [name for _, name, body in blocks if "  description = " not in body] == []


def test_nothing_is_made_before_its_api_is_there(workspace: Workspace) -> None:
    workspace.succeed("init", "-input=false")
    edges = EDGE.findall(workspace.succeed("graph"))
    made = {name for file in FILES for name in RESOURCE.findall(file.read_text())}
    waits = {"google_project_service.this"}
    while more := {later for later, before in edges if before in waits} - waits:
        waits |= more
    assert {f"{type_name}.{name}" for type_name, name in made} - waits == set()
