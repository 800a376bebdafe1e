"""What `make deploy-check` says, held against a server that speaks for Google's services."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import uuid4

import pytest

from deploy import machine, plan
from deploy import project as project_module
from deploy.asking import Asking
from deploy.check import look
from deploy.findings import Finding, Mark
from deploy.plan import Chosen
from deploy.project import FIRST, FOR_US
from devservers.google.projects import Project, ProjectsServer
from devservers.google.rest import refused
from headrace.api.functions import FUNCTIONS

ROOT = Path(__file__).parents[2]
CLIENT_ID = "123456789012-abc.apps.googleusercontent.com"
SERVICES = ("iam", "run", "firestore", "cloudscheduler", "artifactregistry")
LOOKED_AT = {*FIRST, *FOR_US, *(f"{service}.googleapis.com" for service in SERVICES)}
# Those of resources that are made only if something is chosen that is not by default.
OPTIONAL = {"google_billing_budget", "google_kms_crypto_key_iam_member",
            "google_iap_web_backend_service_iam_member"}  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[ProjectsServer]:
    with ProjectsServer() as server:
        yield server


@pytest.fixture
def project(server: ProjectsServer) -> Project:
    """One to which nothing is missing."""
    name = f"p{uuid4().hex[:20]}"
    state = {f"{name}-terraform": {"versioning": {"enabled": True}}}
    server.projects[name] = Project(name, apis=set(LOOKED_AT), buckets=dict(state))
    server.heal()
    return server.projects[name]


def found(server: ProjectsServer, of: Project, **changed: str) -> list[Finding]:
    """What is said of the values and of the project."""
    values = {"region": "europe-west1", "client_id": CLIENT_ID,
              "state": f"{of.id}-terraform", "project": of.id, **changed}  # fmt: skip
    chosen = Chosen(**values)
    asking = Asking(chosen.project, server.address)
    return [*machine.values(chosen), *project_module.look(asking, chosen)]


def one(findings: Sequence[Finding], what: str) -> Finding:
    (finding,) = (finding for finding in findings if finding.what == what)
    return finding


def test_nothing_is_missing(server: ProjectsServer, project: Project) -> None:
    findings = found(server, project)
    assert {finding.mark for finding in findings} == {Mark.FITS}
    assert [finding.what for finding in findings] == [
        "PROJECT", "REGION", "CLIENT_ID", "project", "billing", "APIs", "rights", "region",
        "policies", "state", "accounts",
    ]  # fmt: skip


def test_a_project_that_is_not_there_is_all_that_is_said(server: ProjectsServer) -> None:
    *_, last = found(server, Project("not-there"))
    assert (last.mark, last.what) == (Mark.FAILS, "project")
    assert last.found == "There is no project 'not-there', or you may not see it."
    assert "gcloud projects create not-there" in last.step


def test_a_project_that_is_being_deleted(server: ProjectsServer, project: Project) -> None:
    project.state = "DELETE_REQUESTED"
    assert one(found(server, project), "project").step.endswith(f"undelete {project.id}")


@pytest.mark.parametrize("api", FIRST)
def test_what_terraform_needs_before_anything_has_to_be_on(
    server: ProjectsServer, project: Project, api: str
) -> None:
    project.apis.remove(api)
    failed = [finding for finding in found(server, project) if finding.mark is Mark.FAILS]
    (finding,) = failed
    assert finding.step.startswith("gcloud services enable ")
    assert api in finding.step


def test_apis_are_counted_over_pages(server: ProjectsServer, project: Project) -> None:
    project.apis |= {f"a{n}.googleapis.com" for n in range(250)}
    told = one(found(server, project), "APIs").found
    on = len(LOOKED_AT.intersection([*FIRST, *plan.apis()]))
    assert told == f"{on} of {len(plan.apis()) + 2} are on; Terraform turns on the rest."
    assert len(server.requests["serviceusage"]) == 2


def test_a_project_that_nobody_pays_for(server: ProjectsServer, project: Project) -> None:
    project.billed = False
    finding = one(found(server, project), "billing")
    assert finding.mark is Mark.FAILS
    assert finding.step.startswith(f"gcloud billing projects link {project.id} ")


def test_rights_that_are_lacking_are_named(server: ProjectsServer, project: Project) -> None:
    project.denied = {"run.jobs.create", "run.services.create", "storage.buckets.create",
                      "iam.serviceAccounts.actAs"}  # fmt: skip
    finding = one(found(server, project), "rights")
    assert finding.found == (
        "You lack iam.serviceAccounts.actAs, run.jobs.create, run.services.create and 1 more."
    )


def test_a_region_without_a_service(server: ProjectsServer, project: Project) -> None:
    finding = one(found(server, project, region="europe-west99"), "region")
    assert (finding.mark, finding.found[:14]) == (Mark.FAILS, "Cloud Run and ")


@pytest.mark.parametrize(
    ("api", "what"),
    [("cloudbilling.googleapis.com", "billing"), ("orgpolicy.googleapis.com", "policies"),
     ("iam.googleapis.com", "accounts"), ("run.googleapis.com", "region")],
)  # fmt: skip
def test_what_can_not_be_seen_is_said_to_be_unknown(
    server: ProjectsServer, project: Project, api: str, what: str
) -> None:
    project.apis.remove(api)
    finding = one(found(server, project), what)
    assert finding.mark is Mark.UNKNOWN
    assert "API is off" in finding.found


@pytest.mark.parametrize(
    ("constraint", "rule"),
    [
        ("storage.publicAccessPrevention", {"enforce": True}),
        ("iam.allowedPolicyMemberDomains", {"values": {"allowedValues": ["C0abc"]}}),
        ("run.managed.requireInvokerIam", {"enforce": True}),
    ],
)
def test_a_policy_that_is_in_the_way(
    server: ProjectsServer, project: Project, constraint: str, rule: dict[str, object]
) -> None:
    project.policies[constraint] = [rule]
    finding = one(found(server, project), "policies")
    assert finding.mark is Mark.FAILS
    assert constraint in finding.found


def test_a_policy_that_allows_all_is_none(server: ProjectsServer, project: Project) -> None:
    project.policies["iam.allowedPolicyMemberDomains"] = [{"allowAll": True}]
    assert one(found(server, project), "policies").mark is Mark.FITS


@pytest.mark.parametrize(
    ("state", "mark", "step"),
    [
        ("nobodys-terraform", Mark.FAILS, "gcloud storage buckets create gs://nobodys-terraform"),
        ("others-terraform", Mark.FAILS, "Choose another name: make deploy-check STATE=…"),
        ("unversioned", Mark.WARNS, "gcloud storage buckets update gs://unversioned --versioning"),
    ],
)
def test_the_bucket_of_the_state(
    server: ProjectsServer, project: Project, state: str, mark: Mark, step: str
) -> None:
    project.buckets["unversioned"] = {}
    finding = one(found(server, project, state=state), "state")
    assert finding.mark is mark
    assert finding.step.startswith(step)


def test_too_many_service_accounts(server: ProjectsServer, project: Project) -> None:
    project.accounts = 100 - plan.service_accounts()
    assert one(found(server, project), "accounts").mark is Mark.FITS
    project.accounts += 1
    assert one(found(server, project), "accounts").mark is Mark.WARNS


def test_an_answer_that_is_none_is_said_without_its_words(
    server: ProjectsServer, project: Project
) -> None:
    server.fail("cloudresourcemanager", refused("INTERNAL"))
    finding = one(found(server, project), "project")
    assert finding.found == "Could not ask about the project: it answered 500."


def test_nobody_answers(project: Project) -> None:
    with ProjectsServer() as gone:
        address = gone.address
    chosen = Chosen(project.id, "europe-west1", CLIENT_ID, "state")
    *_, last = look(chosen, address)
    assert last.found == "Could not ask about the project: nobody answered."


def test_an_emulator_is_on_this_machine() -> None:
    with pytest.raises(ValueError, match="is not on this machine"):
        Asking("my-project", "emulator.example.com:80")


@pytest.mark.parametrize(
    ("what", "value"),
    [("PROJECT", "My_Project"), ("REGION", "Europe"), ("CLIENT_ID", "abc.example.com"),
     ("CLIENT_ID", f"https://{CLIENT_ID}"), ("CLIENT_ID", "")],
)  # fmt: skip
def test_a_value_that_terraform_would_refuse(
    server: ProjectsServer, project: Project, what: str, value: str
) -> None:
    finding = one(found(server, project, **{what.lower(): value}), what)
    assert finding.mark is Mark.FAILS


def test_every_resource_that_is_made_has_its_right() -> None:
    texts = [path.read_text() for path in (ROOT / "terraform").glob("*.tf")]
    made = {name for text in texts for name in re.findall(r'^resource "(\w+)"', text, re.M)}
    made = {name for name in made if not name.startswith("google_compute_")} - OPTIONAL
    assert plan.PERMISSIONS.keys() == made


def test_accounts_are_counted_as_terraform_makes_them() -> None:
    assert plan.service_accounts() == len(FUNCTIONS) + 2
    assert "run.googleapis.com" in plan.apis()
    assert "compute.googleapis.com" not in plan.apis()


@pytest.mark.parametrize(
    ("version", "mark"), [("1.10.9", Mark.FAILS), ("1.11.0", Mark.FITS), ("2.0.0-rc1", Mark.FITS)]
)
def test_the_version_of_terraform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, mark: Mark
) -> None:
    tool = tmp_path / "terraform"
    tool.write_text(f'#!/bin/sh\necho \'{{"terraform_version": "{version}"}}\'\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    chosen = Chosen("", "europe-west1", CLIENT_ID, "")
    assert one(list(look(chosen)), "terraform").mark is mark


def test_the_command_works_without_any_tool(
    server: ProjectsServer, project: Project, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.check", f"--project={project.id}",
         f"--client-id={CLIENT_ID}", f"--emulator={server.address}"],
        cwd=ROOT, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0] == "✗ gcloud       The gcloud CLI is not installed."
    assert "✗ terraform    Terraform is not installed." in lines
    assert "✓ billing      The project has a billing account." in lines
    assert lines[-1] == "2 to be mended before terraform apply."


def test_without_credentials_that_is_what_is_missing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.check", "--project=my-project", f"--client-id={CLIENT_ID}"],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={"PATH": str(tmp_path), "HOME": str(tmp_path), "NO_GCE_CHECK": "true"},
    )  # fmt: skip
    assert "→ gcloud auth application-default login" in done.stdout
    assert done.returncode == 1
