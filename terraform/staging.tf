resource "google_storage_bucket" "staging" {
  name                        = "${var.project}-${var.name}-staging"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection
  deletion_policy             = local.deletion_policy

  # Runs remove what they have staged; this removes what killed ones have left.
  lifecycle_rule {
    condition {
      age = var.staging_days
    }
    action {
      type = "Delete"
    }
  }
  lifecycle_rule {
    condition {
      age = 1
    }
    action {
      type = "AbortIncompleteMultipartUpload"
    }
  }
  soft_delete_policy {
    retention_duration_seconds = 0 # the source still has it all
  }

  dynamic "encryption" {
    for_each = var.encryption_key[*]
    content {
      default_kms_key_name = encryption.value
    }
  }

  depends_on = [google_project_service.this, google_kms_crypto_key_iam_member.agent]
}

resource "google_storage_bucket_iam_member" "stage" {
  for_each = local.holders.load

  bucket = google_storage_bucket.staging.name
  role   = "roles/storage.objectUser"
  member = each.value
}

# BigQuery asks for the bucket itself, in the name of whoever loads from it.
resource "google_storage_bucket_iam_member" "load" {
  for_each = local.holders.load

  bucket = google_storage_bucket.staging.name
  role   = google_project_iam_custom_role.this["staging_looker"].id
  member = each.value
}

resource "google_storage_bucket_iam_member" "discard" {
  for_each = local.holders.discard_staging

  bucket = google_storage_bucket.staging.name
  role   = google_project_iam_custom_role.this["staging_remover"].id
  member = each.value
}
