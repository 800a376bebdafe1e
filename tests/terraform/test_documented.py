"""The variables that docs/deploy.md shows are enough."""

from __future__ import annotations

import re
from pathlib import Path

from tests.terraform.workspace import ROOT, Workspace

TEXT = (ROOT / "docs/deploy.md").read_text()


def test_the_example_can_be_planned(tmp_path: Path, schema: Path) -> None:
    (example,) = re.findall(r"^```hcl\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    workspace = Workspace(tmp_path, schema)
    (workspace.directory / "terraform.tfvars").write_text(example)
    planned = workspace.plan({})
    services = [
        change
        for change in planned["resource_changes"]
        if change["type"] == "google_cloud_run_v2_service"
    ]
    assert len(services) == 9
    workspace.succeed("fmt", "-check", "-diff", "terraform.tfvars")


def test_the_first_step_is_one_repository_and_what_it_needs(tmp_path: Path, schema: Path) -> None:
    (example,) = re.findall(r"^```hcl\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    (target,) = re.findall(r"apply (-target=\S+)", TEXT)
    workspace = Workspace(tmp_path, schema)
    (workspace.directory / "terraform.tfvars").write_text(example)
    workspace.succeed("init", "-input=false")
    shown = workspace.succeed("plan", "-input=false", "-refresh=false", target)
    made = set(re.findall(r"# (\w+)\.\S+ will be created", shown))
    assert made == {"google_artifact_registry_repository", "google_project_service"}
