"""What is counted is what the code says, and what is shown is what is counted."""

from __future__ import annotations

import inspect
import json
import re

import pytest

from headrace.api import audit
from headrace.documents import DUE_COLLECTION, DUE_FIELD
from headrace.extraction import dispatch, job
from headrace.model import RunState
from tests.terraform.workspace import Deployment

EXACTLY = re.compile(r'jsonPayload\.message="([^"]+)"')
MATCHING = re.compile(r'jsonPayload\.message=~"([^"]+)"')
LOGGER = re.compile(r'jsonPayload\.logger="([^"]+)"')
OURS = re.compile(r"logging_googleapis_com:user_(\w+)")


def filters(deployment: Deployment) -> dict[str, str]:
    return {
        values["name"].partition("/")[2]: values["filter"]
        for values in deployment.of_type("google_logging_metric").values()
    }


@pytest.mark.parametrize(
    ("metric", "state"),
    [("runs_succeeded", RunState.SUCCEEDED), ("runs_failed", RunState.FAILED)],
)
def test_ends_of_runs_are_counted(minimal: Deployment, metric: str, state: RunState) -> None:
    said = "the run ended as %s"
    assert f'log.info("{said}"' in inspect.getsource(job)
    assert EXACTLY.findall(filters(minimal)[metric]) == [said % state]
    assert LOGGER.findall(filters(minimal)[metric]) == [job.log.name]


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ("slots_started", "run %s is started for the slot %s"),
        ("slots_skipped", "the slot %s is skipped: %s"),
    ],
)
def test_slots_are_counted(minimal: Deployment, metric: str, said: str) -> None:
    assert f'"{said}"' in inspect.getsource(dispatch)
    (pattern,) = MATCHING.findall(filters(minimal)[metric])
    assert re.search(pattern, said % ("0198c7e2", "2026-11-24T12:00:00+00:00"))
    assert LOGGER.findall(filters(minimal)[metric]) == [dispatch.log.name]


def test_changes_are_counted(minimal: Deployment) -> None:
    assert LOGGER.findall(filters(minimal)["changes"]) == [audit._log.name]


def test_series_are_told_apart_by_source(minimal: Deployment) -> None:
    for values in minimal.of_type("google_logging_metric").values():
        (descriptor,) = values["metric_descriptor"]
        assert {label["key"] for label in descriptor["labels"]} == values["label_extractors"].keys()
        assert values["label_extractors"].keys() == {"model_id", "source_id"}


def test_what_is_asked_for_is_counted(minimal: Deployment) -> None:
    shown = json.dumps([*minimal.of_type("google_monitoring_dashboard").values()])
    alerting = json.dumps([*minimal.of_type("google_monitoring_alert_policy").values()])
    names = {f"headrace_{name}" for name in filters(minimal)}
    assert set(OURS.findall(shown)) | set(OURS.findall(alerting)) <= names
    assert {"headrace_runs_failed", "headrace_slots_started"} <= set(OURS.findall(shown))


def test_somebody_is_told(full: Deployment) -> None:
    (channel,) = full.of_type("google_monitoring_notification_channel").values()
    assert channel["labels"] == {"email_address": "oncall@example.org"}
    policies = full.of_type("google_monitoring_alert_policy")
    assert len(policies) == 3
    for policy in policies.values():
        assert policy["notification_channels"] == [channel["id"]]
    (budget,) = full.of_type("google_billing_budget").values()
    (rule,) = budget["all_updates_rule"]
    assert rule["monitoring_notification_channels"] == [channel["id"]]


def test_success_is_waited_for_as_long_as_was_said(minimal: Deployment) -> None:
    policy = minimal.of_type("google_monitoring_alert_policy")[
        "google_monitoring_alert_policy.no_success"
    ]
    (condition,) = policy["conditions"]
    (query,) = condition["condition_prometheus_query_language"]
    assert query["duration"] == f"{6 * 3600}s"
    assert query["query"].count("[7h]") == 2


def test_the_log_of_runs_is_kept_as_long_as_they_are(minimal: Deployment) -> None:
    (bucket,) = minimal.of_type("google_logging_project_bucket_config").values()
    assert str(bucket["retention_days"]) == minimal.environments()["job"]["HEADRACE_RUNS_KEPT_DAYS"]
    (sink,) = minimal.of_type("google_logging_project_sink").values()
    assert 'resource.labels.job_name="headrace-extract"' in sink["filter"]


def test_due_sources_are_found_by_an_index(minimal: Deployment) -> None:
    fields = minimal.of_type("google_firestore_field").values()
    (due,) = (of for of in fields if of["field"].rpartition(".")[2] == DUE_FIELD)
    assert (due["database"], due["collection"]) == ("headrace", DUE_COLLECTION)
    (config,) = due["index_config"]
    indexed = {(index["order"], index["query_scope"]) for index in config["indexes"]}
    assert ("ASCENDING", "COLLECTION_GROUP") in indexed
