resource "google_artifact_registry_repository" "images" {
  repository_id   = var.name
  location        = var.region
  format          = "DOCKER"
  description     = "The image of Headrace's functions and job."
  kms_key_name    = var.encryption_key
  deletion_policy = local.deletion_policy

  docker_config {
    immutable_tags = true
  }

  # Enough to roll back to; all others go after a month.
  cleanup_policies {
    id     = "keep-the-newest"
    action = "KEEP"
    most_recent_versions {
      keep_count = 10
    }
  }
  cleanup_policies {
    id     = "remove-the-old"
    action = "DELETE"
    condition {
      older_than = "2592000s"
    }
  }

  depends_on = [google_project_service.this]
}
