"""Tells what is missing before anything is created: `make deploy-check PROJECT=… CLIENT_ID=…`.

Exit codes: 0 nothing that is known is missing; 1 something is.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from deploy import machine, project
from deploy.asking import Asking, NoCredentialsError
from deploy.findings import Finding, Mark, fails, unknown
from deploy.plan import Chosen


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.check", description=__doc__)
    parser.add_argument("--project", default="")
    parser.add_argument("--region", default="europe-west1")
    parser.add_argument("--client-id", default="", help="of the sign-in client")
    parser.add_argument("--state", help="the bucket of Terraform's state")
    parser.add_argument("--emulator", help="what stands for all of Google's services")
    given = parser.parse_args()
    state = given.state or f"{given.project}-terraform"
    chosen = Chosen(given.project, given.region, given.client_id, state)
    missing = 0
    for finding in look(chosen, given.emulator):
        print(finding, flush=True)
        missing += finding.mark is Mark.FAILS
    if missing:
        print(f"\n{missing} to be mended before terraform apply.")
    else:
        print("\nNothing that could be looked at is missing. Next: terraform init.")
    return 1 if missing else 0


def look(chosen: Chosen, emulator: str | None = None) -> Iterator[Finding]:
    yield from machine.tools()
    values = list(machine.values(chosen))
    yield from values
    if any(finding.mark is Mark.FAILS for finding in values[:2]):
        yield unknown("project", "Not looked at: it takes a project and a region.")
        return
    try:
        asking = Asking(chosen.project, emulator)
    except NoCredentialsError:
        yield fails(
            "credentials",
            "There are none of Google Cloud on this machine, by which Terraform works.",
            "gcloud auth application-default login",
        )
        return
    yield from project.look(asking, chosen)


if __name__ == "__main__":
    sys.exit(main())
