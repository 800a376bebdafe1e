"""What only Google would know of a resource: unknown in a plan, made up once it is applied."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from tests.terraform.offline.schema import Block

PROJECT, NUMBER = "some-project", "123456789012"


class _Unknown:
    """A value that is not known before everything is applied."""


UNKNOWN = _Unknown()
# What Google makes of a resource, as far as others refer to it.
MADE: Mapping[tuple[str, str], str] = {
    ("google_service_account", "email"): "{account_id}@" + PROJECT + ".iam.gserviceaccount.com",
    ("google_service_account", "member"): (
        "serviceAccount:{account_id}@" + PROJECT + ".iam.gserviceaccount.com"
    ),
    ("google_project_iam_custom_role", "id"): "projects/" + PROJECT + "/roles/{role_id}",
    ("google_cloud_run_v2_service", "uri"): "https://{name}-abcdefghij-ew.a.run.app",
    ("google_compute_address", "address"): "198.51.100.7",
    ("google_compute_global_address", "address"): "198.51.100.8",
    ("google_bigquery_default_service_account", "member"): (
        f"serviceAccount:bq-{NUMBER}@bigquery-encryption.iam.gserviceaccount.com"
    ),
    ("google_storage_project_service_account", "member"): (
        f"serviceAccount:service-{NUMBER}@gs-project-accounts.iam.gserviceaccount.com"
    ),
    ("google_project", "number"): NUMBER,
    ("google_project", "project_id"): PROJECT,
}
# These the provider itself works out, before anything is made.
PLANNED = {("google_service_account", "email"), ("google_service_account", "member")}


def with_unknowns(value: Any, block: Block) -> Any:
    """What is computed and not given becomes unknown; what is only for writing is forgotten."""
    if not isinstance(value, dict):
        return value
    for name, attribute in block["attributes"].items():
        if name.endswith("_wo"):
            value[name] = None
        elif value.get(name) is None and attribute.get("computed"):
            value[name] = UNKNOWN
    for name, nested in block["block_types"].items():
        inner = value.get(name)
        if isinstance(inner, list):
            value[name] = [with_unknowns(one, nested["block"]) for one in inner]
        else:
            value[name] = with_unknowns(inner, nested["block"])
    return value


def make(value: dict[str, Any], type_name: str, wanted: Container[tuple[str, str]]) -> None:
    for (made_type, name), text in MADE.items():
        if made_type == type_name and (made_type, name) in wanted and value[name] is UNKNOWN:
            value[name] = text.format_map(value)


def known(value: Any, block: Block, where: str) -> Any:
    """With something in place of everything unknown."""
    if not isinstance(value, dict):
        return value
    for name, attribute in block["attributes"].items():
        if value.get(name) is UNKNOWN:
            value[name] = _something(attribute["type"], f"{where}.{name}")
    for name, nested in block["block_types"].items():
        inner = value.get(name)
        if isinstance(inner, list):
            value[name] = [known(one, nested["block"], where) for one in inner]
        else:
            value[name] = known(inner, nested["block"], where)
    return value


def _something(kind: Any, text: str) -> Any:
    if isinstance(kind, str):
        return {"string": text, "number": 1, "bool": False}[kind]
    return {} if kind[0] == "map" else []
