locals {
  apis = toset(concat(
    [
      "artifactregistry.googleapis.com",
      "bigquery.googleapis.com",
      "bigquerystorage.googleapis.com",
      "cloudbuild.googleapis.com",
      "cloudscheduler.googleapis.com",
      "firestore.googleapis.com",
      "iam.googleapis.com",
      "logging.googleapis.com",
      "monitoring.googleapis.com",
      "run.googleapis.com",
      "secretmanager.googleapis.com",
      "storage.googleapis.com",
    ],
    var.budget == null ? [] : ["billingbudgets.googleapis.com"],
    length(var.cloud_sql.instances) == 0 ? [] : ["sqladmin.googleapis.com"],
    var.egress == null && var.front == null ? [] : ["compute.googleapis.com"],
    var.encryption_key == null ? [] : ["cloudkms.googleapis.com"],
    local.iap == null ? [] : ["iap.googleapis.com"],
  ))
}

resource "google_project_service" "this" {
  for_each = local.apis

  service            = each.key
  disable_on_destroy = false # others may use it
}

data "google_project" "this" {}

locals {
  # Stateful things are kept from being destroyed, unless that is wanted.
  deletion_policy = var.deletion_protection ? "PREVENT" : "DELETE"
}
