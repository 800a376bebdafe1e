"""The page in its bucket is the page of the repository, and finds the functions."""

from __future__ import annotations

import json
import re
from pathlib import Path

from headrace import page
from headrace.api.functions import FUNCTIONS
from headrace.page import PageConfig
from tests.terraform.conftest import MINIMAL
from tests.terraform.workspace import Deployment, Workspace

POLICY = re.compile(r'http-equiv="Content-Security-Policy"\s+content="([^"]+)"')


def test_it_is_all_there(tmp_path: Path, schema: Path) -> None:
    planned = Workspace(tmp_path, schema, whole_page=True).plan(MINIMAL)
    objects = {
        resource["values"]["name"]: resource["values"]
        for resource in planned["planned_values"]["root_module"]["resources"]
        if resource["type"] == "google_storage_bucket_object"
    }
    assert objects.keys() == page.files().keys() | {"config.json"}
    for name, path in page.files().items():
        assert objects[name]["content_type"] == page._TYPES[path.suffix]
    assert {values["cache_control"] for values in objects.values()} == {"no-cache"}


def test_its_settings_are_those_that_it_reads(deployment: Deployment) -> None:
    config = PageConfig.model_validate_json(content(deployment, "config"))
    assert isinstance(config.functions, dict)
    assert config.functions.keys() == FUNCTIONS.keys() - {"dispatch"}
    assert config.sign_in.kind == "google"
    assert config.sign_in.client_id == "123-abc.apps.googleusercontent.com"
    assert config.sign_in.address == "https://accounts.google.com/o/oauth2/v2/auth"


def test_it_finds_the_services(minimal: Deployment, full: Deployment) -> None:
    services = {name: service["uri"] for name, service in minimal.services.items()}
    del services["dispatch"]
    assert json.loads(content(minimal, "config"))["functions"] == services
    shown = json.loads(content(full, "config"))
    assert shown["functions"]["runs"] == "https://headrace.example.org/functions/runs"
    assert (shown["model"], shown["brand"]["name"]) == ("demo", "Rivers")
    assert shown["contact"] == "data@example.org"


def test_it_may_connect_to_the_functions_and_nowhere_else(
    minimal: Deployment, full: Deployment
) -> None:
    addresses = set(json.loads(content(minimal, "config"))["functions"].values())
    assert set(connections(minimal)) == {"'self'"} | addresses
    assert connections(full) == ["'self'"]


def test_nothing_but_that_is_changed(minimal: Deployment) -> None:
    told = " ".join(connections(minimal))
    ours = (page.directory() / "index.html").read_text(encoding="utf-8")
    assert content(minimal, "index").replace(told, "'self'") == ours


def test_the_functions_take_calls_from_it(deployment: Deployment) -> None:
    outputs = deployment.plan["planned_values"]["outputs"]
    origin = outputs["page_origin"]["value"]
    assert {v["HEADRACE_WEB_ORIGIN"] for v in deployment.environments().values()} == {origin}
    assert outputs["page"]["value"].startswith(f"{origin}/")


def content(deployment: Deployment, name: str) -> str:
    values = deployment.of_type("google_storage_bucket_object")
    return str(values[f"google_storage_bucket_object.{name}"]["content"])


def connections(deployment: Deployment) -> list[str]:
    """What the page's policy lets it connect to."""
    found = POLICY.search(content(deployment, "index"))
    assert found
    (directive,) = (part for part in found[1].split("; ") if part.startswith("connect-src "))
    return directive.split()[1:]
