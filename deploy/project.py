"""Whether the project can take the deployment: what each of Google's services says of it.

Nothing is made or changed.
"""

from __future__ import annotations

from collections.abc import Iterator

from deploy import plan
from deploy.asking import Answer, Asking
from deploy.findings import Finding, fails, fits, unknown, warns
from deploy.plan import Chosen

# Without these Terraform can't ask for anything; the rest it turns on itself.
FIRST = ("cloudresourcemanager.googleapis.com", "serviceusage.googleapis.com")
# Without these we can't look.
FOR_US = ("cloudbilling.googleapis.com", "orgpolicy.googleapis.com")

_RESOURCES = "cloudresourcemanager.googleapis.com"
_REGIONAL = {
    "Cloud Run": "run.googleapis.com",
    "Firestore": "firestore.googleapis.com",
    "Cloud Scheduler": "cloudscheduler.googleapis.com",
    "Artifact Registry": "artifactregistry.googleapis.com",
}
_MOST_ACCOUNTS = 100  # of a project, unless more were granted

# What an organisation may forbid, and what of ours that hits.
_CONSTRAINTS = {
    "storage.publicAccessPrevention": "the page's bucket is public",
    "iam.allowedPolicyMemberDomains": "the page's bucket is public",
    "run.managed.requireInvokerIam": "the functions check their callers themselves",
}


def look(asking: Asking, chosen: Chosen) -> Iterator[Finding]:
    """All that can be looked at; if the project can't be seen, that alone."""
    seen = _project(asking, chosen)
    yield seen
    if seen.step:
        return
    yield _billing(asking, chosen)
    yield _apis(asking, chosen)
    yield _rights(asking, chosen)
    yield from _regions(asking, chosen)
    yield from _policies(asking, chosen)
    yield _state(asking, chosen)
    yield _accounts(asking, chosen)


def _project(asking: Asking, chosen: Chosen) -> Finding:
    answer = asking.get(_RESOURCES, f"v3/projects/{chosen.project}")
    if answer.good and answer.body.get("state") == "ACTIVE":
        return fits("project", f"Project '{chosen.project}' is there.")
    if answer.good:
        return fails(
            "project",
            f"Project '{chosen.project}' is being deleted.",
            f"Choose another, or: gcloud projects undelete {chosen.project}",
        )
    if answer.api_off:
        return fails(
            "project",
            "The Resource Manager's API is off, without which Terraform can't see the project.",
            _turn_on(chosen, FIRST),
        )
    if answer.status in (403, 404):
        return fails(
            "project",
            f"There is no project '{chosen.project}', or you may not see it.",
            f"Make it (gcloud projects create {chosen.project}), or ask for the role Owner on it.",
        )
    return _not_asked("project", "the project", answer)


def _billing(asking: Asking, chosen: Chosen) -> Finding:
    host = "cloudbilling.googleapis.com"
    answer = asking.get(host, f"v1/projects/{chosen.project}/billingInfo")
    if not answer.good:
        return _not_seen(
            "billing", "Whether the project is billed is not known", answer, chosen, host
        )
    if answer.body.get("billingEnabled"):
        return fits("billing", "The project has a billing account.")
    return fails(
        "billing",
        "The project has no billing account, or a closed one.",
        f"gcloud billing projects link {chosen.project} --billing-account=…, one of: "
        "gcloud billing accounts list",
    )


def _apis(asking: Asking, chosen: Chosen) -> Finding:
    host, wanted = "serviceusage.googleapis.com", [*FIRST, *plan.apis()]
    on: set[str] = set()
    query = {"filter": "state:ENABLED", "pageSize": "200"}
    while True:
        answer = asking.get(host, f"v1/projects/{chosen.project}/services", query)
        if answer.api_off:
            found = "The Service Usage API is off, by which Terraform turns on the others."
            return fails("APIs", found, _turn_on(chosen, FIRST))
        if not answer.good:
            return _not_seen("APIs", "Which APIs are on is not known", answer, chosen, host)
        on |= {service["name"].rpartition("/")[2] for service in answer.body.get("services", [])}
        if not answer.body.get("nextPageToken"):
            break
        query["pageToken"] = answer.body["nextPageToken"]
    if missing := [api for api in FIRST if api not in on]:
        step = _turn_on(chosen, missing)
        return fails("APIs", f"Terraform needs {', '.join(missing)}, which are off.", step)
    already = len(on.intersection(wanted))
    return fits("APIs", f"{already} of {len(wanted)} are on; Terraform turns on the rest.")


def _rights(asking: Asking, chosen: Chosen) -> Finding:
    wanted = sorted({*plan.PERMISSIONS.values(), *plan.ALSO})
    path = f"v3/projects/{chosen.project}:testIamPermissions"
    answer = asking.post(_RESOURCES, path, {"permissions": wanted})
    if not answer.good:
        return _not_asked("rights", "your rights", answer)
    missing = [right for right in wanted if right not in answer.body.get("permissions", [])]
    if not missing:
        return fits("rights", f"You have all {len(wanted)} rights that applying takes.")
    shown = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if missing[3:] else "")
    return fails(
        "rights",
        f"You lack {shown}.",
        f"Ask for the role Owner on '{chosen.project}'; less is enough only if it holds them all.",
    )


def _regions(asking: Asking, chosen: Chosen) -> Iterator[Finding]:
    absent, unseen = [], []
    for name, host in _REGIONAL.items():
        answer = asking.get(host, f"v1/projects/{chosen.project}/locations", {"pageSize": "300"})
        places = [place.get("locationId") for place in answer.body.get("locations", [])]
        if not answer.good:
            unseen.append((name, answer))
        elif chosen.region not in places:
            absent.append(name)
    if absent:
        yield fails(
            "region",
            f"{' and '.join(absent)} can't be had in '{chosen.region}'.",
            "Choose another region: gcloud run regions list",
        )
    elif not unseen:
        yield fits("region", f"'{chosen.region}' has all services that have a place.")
    if unseen:
        told = ", ".join(f"{name} ({answer.reason})" for name, answer in unseen)
        yield unknown("region", f"Whether '{chosen.region}' has these is seen by applying: {told}.")


def _policies(asking: Asking, chosen: Chosen) -> Iterator[Finding]:
    """What the organisation forbids; a project without one is forbidden nothing."""
    host = "orgpolicy.googleapis.com"
    forbidden = False
    for constraint, ours in _CONSTRAINTS.items():
        path = f"v2/projects/{chosen.project}/policies/{constraint}:getEffectivePolicy"
        answer = asking.get(host, path)
        if not answer.good:
            what = "What the organisation forbids is not known"
            yield _not_seen("policies", what, answer, chosen, host)
            return
        if _forbids(answer):
            forbidden = True
            yield fails(
                "policies",
                f"The organisation's policy {constraint} is in force, and {ours}.",
                "Ask whoever keeps the policies for an exception for this project.",
            )
    if not forbidden:
        yield fits("policies", "The organisation forbids nothing that is needed.")


def _forbids(answer: Answer) -> bool:
    rules = answer.body.get("spec", {}).get("rules", [])
    return any(rule.get("enforce") or rule.get("denyAll") or "values" in rule for rule in rules)


def _state(asking: Asking, chosen: Chosen) -> Finding:
    answer = asking.get("storage.googleapis.com", f"storage/v1/b/{chosen.state}")
    if answer.status == 404:
        return fails(
            "state",
            f"There is no bucket '{chosen.state}' for Terraform's state.",
            f"gcloud storage buckets create gs://{chosen.state} --location={chosen.region} "
            "--uniform-bucket-level-access --public-access-prevention",
        )
    if answer.status == 403:
        return fails(
            "state",
            f"The bucket '{chosen.state}' is somebody else's.",
            "Choose another name: make deploy-check STATE=…",
        )
    if not answer.good:
        return _not_asked("state", "the bucket of the state", answer)
    if not answer.body.get("versioning", {}).get("enabled"):
        return warns(
            "state",
            f"The bucket '{chosen.state}' keeps no earlier versions of the state.",
            f"gcloud storage buckets update gs://{chosen.state} --versioning",
        )
    return fits("state", f"The bucket '{chosen.state}' is there, and keeps earlier versions.")


def _accounts(asking: Asking, chosen: Chosen) -> Finding:
    host = "iam.googleapis.com"
    path = f"v1/projects/{chosen.project}/serviceAccounts"
    answer = asking.get(host, path, {"pageSize": "100"})
    if not answer.good:
        what = "How many service accounts there are is not known"
        return _not_seen("accounts", what, answer, chosen, host)
    there, more = len(answer.body.get("accounts", [])), plan.service_accounts()
    if there + more > _MOST_ACCOUNTS:
        return warns(
            "accounts",
            f"There are {there} service accounts or more; {more} are made, and {_MOST_ACCOUNTS} "
            "are allowed at first.",
            "Raise the quota 'Service Account Count' of the IAM API, or take another project.",
        )
    return fits("accounts", f"There are {there} service accounts; {more} more are allowed.")


def _not_seen(what: str, unclear: str, answer: Answer, chosen: Chosen, host: str) -> Finding:
    step = _turn_on(chosen, [host]) if answer.api_off else ""
    return unknown(what, f"{unclear}: {answer.reason}.", step)


def _not_asked(what: str, whom: str, answer: Answer) -> Finding:
    return fails(
        what,
        f"Could not ask about {whom}: {answer.reason}.",
        "Log in again (gcloud auth application-default login) and look at the network.",
    )


def _turn_on(chosen: Chosen, apis: tuple[str, ...] | list[str]) -> str:
    return f"gcloud services enable {' '.join(apis)} --project={chosen.project}"
