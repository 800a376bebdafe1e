"""As much of Google's services as is asked about a project before anything is deployed to it.

All hosts are answered for at one address, each below its name: Resource Manager v3, Cloud Billing
v1, Service Usage v1, IAM v1, Organization Policy v2, Cloud Storage v1, and the lists of locations.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from devservers.google.rest import Call, Json, RestError, RestServer, Route

_LOCATED = ("run", "firestore", "cloudscheduler", "artifactregistry")


@dataclass
class Project:
    """How a project is found. `policies` are the rules of those constraints that are set."""

    id: str
    billed: bool = True
    state: str = "ACTIVE"
    apis: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    regions: set[str] = field(default_factory=lambda: {"europe-west1", "us-central1"})
    policies: dict[str, list[Json]] = field(default_factory=dict)
    accounts: int = 2
    buckets: dict[str, Json] = field(default_factory=dict)


class ProjectsServer(RestServer):
    """A server for any number of projects."""

    def __init__(self) -> None:
        self.projects: dict[str, Project] = {}
        here = "projects/(?P<project>[^/:]+)"
        super().__init__(
            [
                self._route("GET", "cloudresourcemanager", f"v3/{here}", self._get),
                self._route(
                    "POST", "cloudresourcemanager", f"v3/{here}:testIamPermissions", self._test
                ),
                self._route("GET", "cloudbilling", f"v1/{here}/billingInfo", self._billing),
                self._route("GET", "serviceusage", f"v1/{here}/services", self._services),
                self._route("GET", "iam", f"v1/{here}/serviceAccounts", self._accounts),
                self._route(
                    "GET",
                    "orgpolicy",
                    f"v2/{here}/policies/(?P<constraint>[^/:]+):getEffectivePolicy",
                    self._policy,
                ),
                *(
                    self._route("GET", service, f"v1/{here}/locations", self._locations)
                    for service in _LOCATED
                ),
                Route(
                    "storage", "GET",
                    re.compile(r"/storage[.]googleapis[.]com/storage/v1/b/(?P<bucket>[^/]+)"),
                    self._bucket,
                ),
            ]
        )  # fmt: skip

    def _route(self, verb: str, service: str, path: str, work: object) -> Route:
        """One that answers only for a project that can be seen, and has the service's API on."""

        def guarded(call: Call) -> Json:
            project = self.projects.get(call.parts["project"])
            if project is None:
                raise RestError("PERMISSION_DENIED", "The caller does not have permission")
            if f"{service}.googleapis.com" not in project.apis:
                reason = {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": "SERVICE_DISABLED",
                    "domain": "googleapis.com",
                    "metadata": {"service": f"{service}.googleapis.com"},
                }
                raise RestError("PERMISSION_DENIED", "It has not been used before.", [reason])
            answer: Json = work(project, call)  # type: ignore[operator]
            return answer

        pattern = re.compile(rf"/{service}[.]googleapis[.]com/{path}")
        return Route(service, verb, pattern, guarded)

    def _get(self, project: Project, call: Call) -> Json:  # noqa: ARG002
        return {"name": "projects/415104041262", "projectId": project.id, "state": project.state}

    def _test(self, project: Project, call: Call) -> Json:
        asked = call.body["permissions"]
        if len(asked) > 100:
            raise RestError("INVALID_ARGUMENT", "too many permissions")
        return {"permissions": [right for right in asked if right not in project.denied]}

    def _billing(self, project: Project, call: Call) -> Json:  # noqa: ARG002
        account = "billingAccounts/012345-6789AB-CDEF01" if project.billed else ""
        return {"billingAccountName": account, "billingEnabled": project.billed}

    def _services(self, project: Project, call: Call) -> Json:
        """The enabled ones, a page at a time."""
        if call.query.get("filter") != "state:ENABLED":
            raise RestError("INVALID_ARGUMENT", "only what is enabled is kept here")
        start = int(call.query.get("pageToken", 0))
        end = start + min(int(call.query["pageSize"]), 200)
        apis = sorted(project.apis)
        answer: Json = {
            "services": [
                {"name": f"projects/415104041262/services/{api}", "state": "ENABLED"}
                for api in apis[start:end]
            ]
        }
        return answer | ({"nextPageToken": str(end)} if end < len(apis) else {})

    def _accounts(self, project: Project, call: Call) -> Json:
        shown = min(project.accounts, int(call.query["pageSize"]))
        return {"accounts": [{"email": f"a{n}@{project.id}"} for n in range(shown)]}

    def _policy(self, project: Project, call: Call) -> Json:
        constraint = call.parts["constraint"]
        rules = project.policies.get(constraint, [{"enforce": False}])
        return {"name": f"projects/1/policies/{constraint}", "spec": {"rules": rules}}

    def _locations(self, project: Project, call: Call) -> Json:  # noqa: ARG002
        return {"locations": [{"locationId": name} for name in sorted(project.regions)]}

    def _bucket(self, call: Call) -> Json:
        name = call.parts["bucket"]
        for project in self.projects.values():
            if name in project.buckets:
                return project.buckets[name]
        if name.startswith("others-"):
            raise RestError("PERMISSION_DENIED", "The caller does not have storage.buckets.get")
        raise RestError("NOT_FOUND", "The specified bucket does not exist.")
