"""Whether this machine has what the deployment takes, and whether what was chosen looks right."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator

from deploy import plan
from deploy.findings import Finding, fails, fits
from deploy.plan import Chosen

_FORMS = {
    "project": ("PROJECT", "A project's id has 6 to 30 small letters, digits and hyphens."),
    "region": ("REGION", "Write it like europe-west1."),
    "sign_in.client_id": (
        "CLIENT_ID",
        "It ends in .apps.googleusercontent.com; make one by hand: 'The sign-in client' in "
        "docs/deploy.md.",
    ),
}


def tools() -> Iterator[Finding]:
    if shutil.which("gcloud"):
        yield fits("gcloud", "The gcloud CLI is installed.")
    else:
        yield fails(
            "gcloud",
            "The gcloud CLI is not installed.",
            "Install it: https://cloud.google.com/sdk/docs/install",
        )
    yield _terraform()


def _terraform() -> Finding:
    least = plan.least_terraform()
    step = f"Install {least} or newer: https://developer.hashicorp.com/terraform/install"
    if not shutil.which("terraform"):
        return fails("terraform", "Terraform is not installed.", step)
    done = subprocess.run(
        ["terraform", "version", "-json"], capture_output=True, text=True, check=False
    )
    try:
        version = json.loads(done.stdout)["terraform_version"]
    except (ValueError, KeyError):
        return fails("terraform", "Terraform does not say which version it is.", step)
    if _numbers(version) < _numbers(least):
        return fails("terraform", f"Terraform is {version}, which is too old.", step)
    return fits("terraform", f"Terraform {version} is installed.")


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.partition("-")[0].split(".")]


def values(chosen: Chosen) -> Iterator[Finding]:
    """One for each value, in the order of the forms."""
    given = {
        "project": chosen.project,
        "region": chosen.region,
        "sign_in.client_id": chosen.client_id,
    }
    for variable, value in given.items():
        name, step = _FORMS[variable]
        if not value:
            yield fails(
                name, f"{name} is not given.", f"Give it: make deploy-check {name}=… {step}"
            )
        elif plan.form(variable).search(value):
            yield fits(name, f"'{value}' looks right.")
        else:
            yield fails(name, f"'{value}' is none.", step)
