# The checkpoints, and tables that are being loaded. The job makes the datasets of sources.
resource "google_bigquery_dataset" "this" {
  dataset_id                 = var.dataset
  location                   = var.region
  description                = "Headrace's checkpoints: up to where each table is held. Not to be changed by hand."
  max_time_travel_hours      = "168"
  delete_contents_on_destroy = !var.deletion_protection
  deletion_policy            = local.deletion_policy

  dynamic "default_encryption_configuration" {
    for_each = var.encryption_key[*]
    content {
      kms_key_name = default_encryption_configuration.value
    }
  }

  depends_on = [google_project_service.this, google_kms_crypto_key_iam_member.agent]
}

resource "google_bigquery_dataset_iam_member" "read_checkpoints" {
  for_each = local.holders.read_checkpoints

  dataset_id = google_bigquery_dataset.this.dataset_id
  role       = "roles/bigquery.dataViewer"
  member     = each.value
}

resource "google_bigquery_dataset_iam_member" "write_checkpoints" {
  for_each = merge(local.holders.write_checkpoints, local.holders.load)

  dataset_id = google_bigquery_dataset.this.dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = each.value
}

# A query is a job of the project, whatever it reads.
resource "google_project_iam_member" "query" {
  for_each = merge(local.holders.read_checkpoints, local.holders.write_checkpoints, local.holders.load)

  project = var.project
  role    = "roles/bigquery.jobUser"
  member  = each.value
}

resource "google_project_iam_member" "make_datasets" {
  for_each = local.holders.load

  project = var.project
  role    = google_project_iam_custom_role.this["dataset_maker"].id
  member  = each.value
}

resource "google_project_iam_member" "look_at_tables" {
  for_each = local.holders.look_at_tables

  project = var.project
  role    = google_project_iam_custom_role.this["table_looker"].id
  member  = each.value
}
