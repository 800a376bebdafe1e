"""Terraform's runs, which all tests of this directory look at."""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path

import pytest

from tests.terraform.offline.schema import read_schema
from tests.terraform.workspace import ROOT, Deployment, Workspace

DIGEST = f"sha256:{'0123456789abcdef' * 4}"
MINIMAL = {
    "project": "some-project",
    "image": f"europe-west1-docker.pkg.dev/some-project/headrace/headrace@{DIGEST}",
    "sign_in": {
        "client_id": "123-abc.apps.googleusercontent.com",
        "viewers": ["example.org"],
        "editors": ["ada@example.com"],
    },
}
INSTANCE = "some-project:europe-west1:shop"
# With all that may be chosen.
FULL = {
    **MINIMAL,
    "page": {"brand": "Rivers", "contact": "data@example.org", "model": "demo"},
    "functions": {"runs": {"min_instances": 1, "memory": "1Gi"}},
    "job": {"tasks": 4},
    "network": {"allowed_networks": ["10.1.0.0/16"], "allowed_ports": ["5432"]},
    "cloud_sql": {"instances": [INSTANCE, "other.org:them:us-east1:crm"]},
    "egress": {},
    "encryption_key": "projects/some-project/locations/europe-west1/keyRings/k/cryptoKeys/k",
    "alerts": {"emails": {"on call": "oncall@example.org"}},
    "budget": {"billing_account": "012345-6789AB-CDEF01", "amount": 200},
    "front": {"domain": "headrace.example.org", "iap": {"members": ["domain:example.org"]}},
    "iap_client_secret": "only-iap-knows-it",
}
_TYPE = re.compile(r'^(resource|data) "(google_\w+)"', re.MULTILINE)
_CACHE = ROOT / ".cache/terraform"


@pytest.fixture(scope="session")
def schema() -> Path:
    """The schema of all types that `terraform/` names, kept until it names others."""
    files = sorted((ROOT / "terraform").glob("*.tf"))
    wanted = sorted({found for file in files for found in _TYPE.findall(file.read_text())})
    (wheel,) = (_CACHE / "schema").glob("*.whl")
    reader = (ROOT / "tests/terraform/offline/schema.py").read_text()
    digest = hashlib.sha256(f"{wheel.name} {wanted} {reader}".encode()).hexdigest()[:16]
    path = _CACHE / f"schema-{digest}.json"
    if not path.exists():
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(read_schema(wheel, wanted)))
        draft.rename(path)
    return path


@pytest.fixture
def workspace(tmp_path: Path, schema: Path) -> Workspace:
    return Workspace(tmp_path, schema)


@pytest.fixture(scope="session")
def minimal(tmp_path_factory: pytest.TempPathFactory, schema: Path) -> Deployment:
    """What is deployed with the least that has to be chosen."""
    return Workspace(tmp_path_factory.mktemp("minimal"), schema).apply(MINIMAL)


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory, schema: Path) -> Deployment:
    """What is deployed with everything that may be chosen."""
    return Workspace(tmp_path_factory.mktemp("full"), schema).apply(FULL)


@pytest.fixture(params=["minimal", "full"])
def deployment(request: pytest.FixtureRequest) -> Deployment:
    found: Deployment = request.getfixturevalue(request.param)
    return found
