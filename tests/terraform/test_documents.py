"""What docs/deploy.md shows can be applied, and names what there is."""

from __future__ import annotations

import re

from headrace.api.functions import FUNCTIONS
from tests.terraform.workspace import ROOT, Workspace

PAGE = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
VARIABLES = (ROOT / "terraform/variables.tf").read_text()
OUTPUTS = (ROOT / "terraform/outputs.tf").read_text()
ROW = re.compile(r"^\| (`[^|]*) \|", re.MULTILINE)


def test_the_variables_that_it_shows_are_taken(workspace: Workspace) -> None:
    (shown,) = re.findall(r"^```hcl\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (workspace.directory / "terraform.tfvars").write_text(shown)
    workspace.succeed("init", "-input=false")
    assert "0 to destroy" in workspace.succeed("plan", "-input=false")


def test_every_variable_is_named() -> None:
    table = PAGE.partition("| variable | what it chooses |")[2].partition("\n\n")[0]
    told = {name for row in ROW.findall(table) for name in re.findall(r"`(\w+)`", row)}
    shown = {"project", "region", "image", "sign_in"}
    assert told | shown == set(re.findall(r'^variable "(\w+)"', VARIABLES, re.MULTILINE))


def test_outputs_and_functions_that_are_named_are_there() -> None:
    named = set(re.findall(r"terraform output (?:-raw )?(\w+)", PAGE))
    assert named >= {"page", "egress_addresses"}
    assert named <= set(re.findall(r'^output "(\w+)"', OUTPUTS, re.MULTILINE))
    table = PAGE.partition("| who | may |")[2].partition("\n\n")[0]
    assert {name for row in ROW.findall(table) for name in re.findall(r"`(\w+)`", row)} == (
        FUNCTIONS.keys()
    )
