locals {
  job_name = "${var.name}-extract"
}

resource "google_service_account" "job" {
  account_id   = local.job_name
  display_name = "Headrace: the extraction job"

  depends_on = [google_project_service.this]
}

resource "google_cloud_run_v2_job" "extract" {
  name                = local.job_name
  location            = var.region
  deletion_protection = false # it holds nothing

  template {
    task_count  = var.job.tasks
    parallelism = var.job.tasks # all at once: they share the tables of one run

    template {
      service_account = google_service_account.job.email
      max_retries     = var.job.retries
      timeout         = "${var.job.timeout}s"
      encryption_key  = var.encryption_key

      containers {
        image   = var.image
        command = ["python", "-m", "headrace.extraction.job"] # the launcher adds model, source and run

        dynamic "env" {
          for_each = local.environment
          content {
            name  = env.key
            value = env.value
          }
        }

        resources {
          limits = { cpu = var.job.cpu, memory = var.job.memory }
        }
      }

      dynamic "vpc_access" {
        for_each = local.way_out
        content {
          egress = "ALL_TRAFFIC"
          network_interfaces {
            network    = vpc_access.value.network
            subnetwork = vpc_access.value.subnetwork
          }
        }
      }
    }
  }

  depends_on = [google_project_service.this, google_kms_crypto_key_iam_member.agent]
}

# Model, source and run are overrides of the job's arguments.
resource "google_cloud_run_v2_job_iam_member" "launch" {
  for_each = local.holders.launch

  name     = google_cloud_run_v2_job.extract.name
  location = var.region
  role     = "roles/run.jobsExecutorWithOverrides"
  member   = each.value
}

# Whether an execution is still alive.
resource "google_cloud_run_v2_job_iam_member" "watch" {
  for_each = local.holders.launch

  name     = google_cloud_run_v2_job.extract.name
  location = var.region
  role     = "roles/run.viewer"
  member   = each.value
}
