"""A copy of `terraform/` in which Terraform runs, without registry, state bucket and cloud."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".cache/terraform/bin/python"
# What Terraform's files refer to.
_BESIDE = ("terraform", "src/headrace/documents/firestore.indexes.json")
_PAGE = ("web",)
# A hundred files of the page make it slow; one test looks at them all.
_FEW_OF_THE_PAGE = ("web/index.html", "web/app.js", "web/app.css", "web/parts")
_LOCAL_STATE = 'terraform {\n  backend "local" {}\n}\n'


@dataclass(frozen=True)
class Deployment:
    """What stands once everything is applied: the plan that follows, and the file of the state."""

    plan: Mapping[str, Any]
    state: str

    def of_type(self, *types: str) -> dict[str, dict[str, Any]]:
        """The values of the resources of these types, by their addresses."""
        return {
            resource["address"]: resource["values"]
            for resource in self.plan["planned_values"]["root_module"]["resources"]
            if resource["type"] in types
        }

    @property
    def all(self) -> dict[str, dict[str, Any]]:
        return {
            resource["address"]: resource["values"]
            for resource in self.plan["planned_values"]["root_module"]["resources"]
        }

    @property
    def grants(self) -> list[dict[str, Any]]:
        """Every binding of a role to somebody, with its `address`."""
        return [
            {"address": address, **values}
            for address, values in self.all.items()
            if "_iam_member." in address
        ]

    @property
    def services(self) -> dict[str, dict[str, Any]]:
        """The services' values, by the functions that they serve."""
        return {
            environment(_container(service))["FUNCTION_TARGET"]: service
            for service in self.of_type("google_cloud_run_v2_service").values()
        }

    @property
    def job(self) -> dict[str, Any]:
        (job,) = self.of_type("google_cloud_run_v2_job").values()
        template: dict[str, Any] = job["template"][0]["template"][0]
        return template

    @property
    def accounts(self) -> dict[str, str]:
        """Who runs each function, and the job, as bindings name him."""
        found = {
            name: service["template"][0]["service_account"]
            for name, service in self.services.items()
        }
        found["job"] = self.job["service_account"]
        return {name: f"serviceAccount:{account}" for name, account in found.items()}

    def granted_to(self, member: str) -> list[dict[str, Any]]:
        return [grant for grant in self.grants if grant["member"] == member]

    def environments(self) -> dict[str, dict[str, str]]:
        """The variables of each function, and of the job."""
        containers = {name: _container(service) for name, service in self.services.items()}
        containers["job"] = self.job["containers"][0]
        return {name: environment(container) for name, container in containers.items()}


class Workspace:
    """One working directory. `schema` is the file of the provider's schema."""

    def __init__(self, directory: Path, schema: Path, *, whole_page: bool = False) -> None:
        self.directory = directory / "terraform"
        self._schema = schema
        for name in (*_BESIDE, *(_PAGE if whole_page else _FEW_OF_THE_PAGE)):
            source, target = ROOT / name, directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns(".terraform*"))
            else:
                shutil.copy(source, target)
        (self.directory / "backend_override.tf").write_text(_LOCAL_STATE)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run Terraform, however it ends."""
        return subprocess.run(
            [PYTHON, "-m", "tests.terraform.offline", self._schema, *command],
            cwd=self.directory,
            env={
                "PYTHONPATH": str(ROOT), "HOME": str(self.directory), "CHECKPOINT_DISABLE": "1",
                "TF_IN_AUTOMATION": "1", "TF_CLI_ARGS": "-no-color",
            },
            capture_output=True, text=True, check=False, timeout=250,
        )  # fmt: skip

    def succeed(self, *command: str) -> str:
        """Run Terraform, which has to succeed; returns what it says."""
        done = self.run(*command)
        assert done.returncode == 0, f"terraform {' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def plan(self, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """What Terraform would do, from whatever stands."""
        self._choose(variables)
        self.succeed("plan", "-input=false", "-refresh=false", "-out=next.plan")
        plan: Mapping[str, Any] = json.loads(self.succeed("show", "-json", "next.plan"))
        return plan

    def apply(self, variables: Mapping[str, Any]) -> Deployment:
        """Apply it all, and plan anew."""
        self._choose(variables)
        self.succeed("apply", "-input=false", "-auto-approve")
        state = (self.directory / "terraform.tfstate").read_text()
        return Deployment(self.plan(variables), state)

    def _choose(self, variables: Mapping[str, Any]) -> None:
        (self.directory / "terraform.tfvars.json").write_text(json.dumps(variables))
        self.succeed("init", "-input=false")


def environment(container: Mapping[str, Any]) -> dict[str, str]:
    return {variable["name"]: variable["value"] for variable in container["env"]}


def roles(grants: Iterable[Mapping[str, Any]]) -> set[str]:
    return {grant["role"] for grant in grants}


def _container(service: Mapping[str, Any]) -> dict[str, Any]:
    container: dict[str, Any] = service["template"][0]["containers"][0]
    return container
