"""What can't be had again is kept, and secrets lie nowhere in the open."""

from __future__ import annotations

import json
import re

from tests.terraform.conftest import FULL
from tests.terraform.workspace import ROOT, Deployment

STATEFUL = (
    "google_artifact_registry_repository",
    "google_bigquery_dataset",
    "google_compute_address",
    "google_compute_global_address",
    "google_firestore_database",
    "google_storage_bucket",
)
# What the repository holds as well.
MADE_ANEW = {"google_storage_bucket.page"}
VARIABLE = re.compile(r'^variable "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
SECRET = re.compile(r"secret|password|passphrase|token|credential|private_key")


def test_what_holds_something_is_kept(deployment: Deployment) -> None:
    kept = deployment.of_type(*STATEFUL)
    assert len(kept) >= 5
    for address, values in kept.items():
        if address not in MADE_ANEW:
            assert values["deletion_policy"] == "PREVENT", address
            assert not values.get("force_destroy"), address
            assert not values.get("delete_contents_on_destroy"), address


def test_documents_are_kept_by_google_too_and_backed_up(deployment: Deployment) -> None:
    for database in deployment.of_type("google_firestore_database").values():
        assert database["delete_protection_state"] == "DELETE_PROTECTION_ENABLED"
    backups = deployment.of_type("google_firestore_backup_schedule").values()
    assert {backup["database"] for backup in backups} == {"headrace"}
    assert len(backups) == 2


def test_buckets_have_no_lists_of_rights_and_only_the_page_is_public(
    deployment: Deployment,
) -> None:
    buckets = deployment.of_type("google_storage_bucket")
    assert all(values["uniform_bucket_level_access"] for values in buckets.values())
    closed = {a for a, v in buckets.items() if v["public_access_prevention"] == "enforced"}
    assert buckets.keys() - closed == {"google_storage_bucket.page"}


def test_staged_files_do_not_stay(deployment: Deployment) -> None:
    bucket = deployment.of_type("google_storage_bucket")["google_storage_bucket.staging"]
    rules = {
        rule["action"][0]["type"]: rule["condition"][0]["age"] for rule in bucket["lifecycle_rule"]
    }
    assert rules == {"Delete": 7, "AbortIncompleteMultipartUpload": 1}


def test_a_key_of_ones_own_is_used_for_all_that_is_kept(full: Deployment) -> None:
    key = FULL["encryption_key"]
    used = [a for a, values in full.all.items() if f'"{key}"' in json.dumps(values)]
    types = {address.partition(".")[0] for address in used}
    kept = {
        "google_artifact_registry_repository",
        "google_bigquery_dataset",
        "google_cloud_run_v2_job",
        "google_cloud_run_v2_service",
        "google_firestore_database",
        "google_storage_bucket",
    }
    assert types == kept | {"google_kms_crypto_key_iam_member"}


def test_a_secret_is_in_no_plan_and_no_state(full: Deployment) -> None:
    (iap,) = full.of_type("google_compute_backend_service").popitem()[1]["iap"]
    assert iap["enabled"]
    assert str(FULL["iap_client_secret"]) not in json.dumps(full.plan) + full.state


def test_a_variable_that_is_a_secret_is_not_remembered() -> None:
    text = (ROOT / "terraform/variables.tf").read_text()
    secrets = {name: body for name, body in VARIABLE.findall(text) if SECRET.search(name)}
    assert secrets.keys() == {"iap_client_secret"}
    for body in secrets.values():
        assert re.search(r"ephemeral\s+= true", body)
        assert re.search(r"sensitive\s+= true", body)


def test_no_secret_is_made_here(deployment: Deployment) -> None:
    kinds = {address.partition(".")[0] for address in deployment.all}
    assert not [kind for kind in kinds if "secret" in kind or "service_account_key" in kind]
