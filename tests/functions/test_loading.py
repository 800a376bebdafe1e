"""What of Google's libraries a function loads: those of its own ports, when it needs them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from headrace.api.functions import FUNCTIONS
from tests.functions.cloud import Cloud, running
from tests.functions.loading import load

DOCUMENTS = {"auth", "firestore", "grpc"}
VAULT = {"auth", "grpc", "secret-manager"}
LAUNCHER = {"auth", "grpc"}  # of gRPC the names of failures alone
# Asked what it calls the types of columns; BigQuery's client loads that of the Storage API.
DESTINATION = {"auth", "bigquery", "bigquery-storage", "grpc"}
LOADED = {
    "test_connection": DOCUMENTS,
    "grants": set(),
    "save_draft": DOCUMENTS | VAULT,
    "list_tables": DOCUMENTS | VAULT,
    "describe_table": DOCUMENTS | VAULT | DESTINATION,
    "preflight": DOCUMENTS | VAULT,
    "sources": DOCUMENTS,
    "runs": DOCUMENTS | LAUNCHER,
    "dispatch": DOCUMENTS,
}
# The source's address is refused to them, after all that comes before dialling.
REFUSED = {"list_tables", "describe_table", "preflight"}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with running() as cloud:
        yield cloud


@pytest.mark.parametrize("name", FUNCTIONS)
def test_with_the_settings_of_the_cloud(cloud: Cloud, name: str) -> None:
    refused, answered = load(cloud.variables, {name: cloud.request(name)})
    assert (refused.status, refused.libraries) == (401, set())
    if name in REFUSED:
        assert "address_refused" in answered.text
    else:
        assert answered.status in (200, 201, 202), answered.text
    assert answered.libraries == LOADED[name]


def test_with_the_settings_of_a_laptop(cloud: Cloud, tmp_path: Path) -> None:
    variables = {"HEADRACE_DATA": str(tmp_path), "HEADRACE_TOKEN": "test-token", "HOME": "/"}
    requests = {name: replace(cloud.request(name), token="test-token") for name in FUNCTIONS}
    answers = load(variables, requests)
    assert len(answers) == 2 * len(FUNCTIONS)
    assert {answer.status for answer in answers[::2]} == {401}
    assert 401 not in {answer.status for answer in answers[1::2]}
    assert answers[-1].libraries == set()
