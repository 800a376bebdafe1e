"""What `terraform/` says of itself: which values it takes, what it turns on, and makes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

TERRAFORM = Path(__file__).parents[1] / "terraform"

# What whoever applies must be allowed, by the type of resource that it is for. Those whose rights
# depend on what is chosen (a load balancer, a network, a key, a budget) are not among them.
PERMISSIONS = {
    "google_artifact_registry_repository": "artifactregistry.repositories.create",
    "google_bigquery_dataset": "bigquery.datasets.create",
    "google_bigquery_dataset_iam_member": "bigquery.datasets.update",
    "google_cloud_run_v2_job": "run.jobs.create",
    "google_cloud_run_v2_job_iam_member": "run.jobs.setIamPolicy",
    "google_cloud_run_v2_service": "run.services.create",
    "google_cloud_scheduler_job": "cloudscheduler.jobs.create",
    "google_firestore_backup_schedule": "datastore.backupSchedules.create",
    "google_firestore_database": "datastore.databases.create",
    "google_firestore_field": "datastore.indexes.update",
    "google_firestore_index": "datastore.indexes.create",
    "google_logging_log_view": "logging.views.create",
    "google_logging_log_view_iam_member": "logging.views.setIamPolicy",
    "google_logging_metric": "logging.logMetrics.create",
    "google_logging_project_bucket_config": "logging.buckets.create",
    "google_logging_project_sink": "logging.sinks.create",
    "google_monitoring_alert_policy": "monitoring.alertPolicies.create",
    "google_monitoring_dashboard": "monitoring.dashboards.create",
    "google_monitoring_notification_channel": "monitoring.notificationChannels.create",
    "google_project_iam_custom_role": "iam.roles.create",
    "google_project_iam_member": "resourcemanager.projects.setIamPolicy",
    "google_project_service": "serviceusage.services.enable",
    "google_service_account": "iam.serviceAccounts.create",
    "google_storage_bucket": "storage.buckets.create",
    "google_storage_bucket_iam_member": "storage.buckets.setIamPolicy",
    "google_storage_bucket_object": "storage.objects.create",
}
# To run something as an account that was made, and to build the image.
ALSO = ("iam.serviceAccounts.actAs", "cloudbuild.builds.create")

_SERVICE_ACCOUNTS_BESIDE_FUNCTIONS = ("job", "heartbeat")


@dataclass(frozen=True)
class Chosen:
    """What the operator means to deploy."""

    project: str
    region: str
    client_id: str
    state: str


def form(variable: str) -> re.Pattern[str]:
    """How a value has to look, by the validation of `project`, `sign_in.client_id`, …."""
    text = (TERRAFORM / "variables.tf").read_text(encoding="utf-8")
    found = re.search(rf'can\(regex\("(.+)", var\.{re.escape(variable)}\)\)', text)
    if found is None:
        raise ValueError(f"variables.tf has no form of {variable}")
    return re.compile(found[1])


def least_terraform() -> str:
    text = (TERRAFORM / "versions.tf").read_text(encoding="utf-8")
    (version,) = re.findall(r'required_version = ">= ([\d.]+)"', text)
    return str(version)


def apis() -> list[str]:
    """Those that Terraform turns on whatever is chosen."""
    text = (TERRAFORM / "project.tf").read_text(encoding="utf-8")
    always, _, _ = text.partition("var.budget")
    return re.findall(r'"([a-z]+\.googleapis\.com)"', always)


def service_accounts() -> int:
    """How many accounts Terraform makes: one a function, and those beside them."""
    text = (TERRAFORM / "rights.tf").read_text(encoding="utf-8")
    functions = re.findall(r"concurrency = \d+", text)
    return len(functions) + len(_SERVICE_ACCOUNTS_BESIDE_FUNCTIONS)
