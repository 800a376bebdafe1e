"""The OpenAPI document says what the operations do."""

from __future__ import annotations

import json
import re

import pytest

from headrace.api.functions import FUNCTIONS
from headrace.api.openapi import Json, document


@pytest.fixture(scope="module")
def spec() -> Json:
    return document(FUNCTIONS)


def test_every_operation_is_there(spec: Json) -> None:
    documented = {(path, method) for path, item in spec["paths"].items() for method in item}
    assert documented == {
        (f"/{name}{op.path}".rstrip("/"), op.method.lower())
        for name, operations in FUNCTIONS.items()
        for op in operations
    }


def test_every_reference_leads_somewhere(spec: Json) -> None:
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(spec)))
    assert references == set(spec["components"]["schemas"])


def test_operation_ids_are_unique(spec: Json) -> None:
    ids = [op["operationId"] for item in spec["paths"].values() for op in item.values()]
    assert len(set(ids)) == len(ids)


def test_a_password_is_only_ever_sent(spec: Json) -> None:
    password = spec["components"]["schemas"]["Credentials"]["properties"]["password"]
    assert (password["writeOnly"], password["format"]) == (True, "password")
    answers = [op["responses"] for item in spec["paths"].values() for op in item.values()]
    assert "Credentials" not in json.dumps(answers)


def test_a_header_and_path_fields_are_not_part_of_the_body(spec: Json) -> None:
    start = spec["paths"]["/runs"]["post"]
    body = start["requestBody"]["content"]["application/json"]["schema"]
    assert set(body["properties"]) == {"model_id", "source_id"}
    assert [(p["name"], p["in"]) for p in start["parameters"]] == [("Idempotency-Key", "header")]
    assert "requestBody" not in spec["paths"]["/sources/{model_id}/{source_id}/pause"]["post"]


def test_streams_and_problems_have_their_media_types(spec: Json) -> None:
    answers = spec["paths"]["/list_tables"]["post"]["responses"]
    assert set(answers["200"]["content"]) == {"application/json", "application/x-ndjson"}
    assert set(answers["424"]["content"]) == {"application/problem+json"}
    assert "permission_denied" in json.dumps(answers["424"])
