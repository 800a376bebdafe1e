# The log of each run, apart from all others, so that `runs` can be let read these and no more.
resource "google_logging_project_bucket_config" "runs" {
  project        = var.project
  location       = var.region
  bucket_id      = "${var.name}-runs"
  description    = "What Headrace's extraction job has logged."
  retention_days = var.runs_kept_days

  depends_on = [google_project_service.this]
}

resource "google_logging_project_sink" "runs" {
  name                   = "${var.name}-runs"
  description            = "The extraction job's log, into a bucket of its own."
  destination            = "logging.googleapis.com/${google_logging_project_bucket_config.runs.id}"
  filter                 = local.of_the_job
  unique_writer_identity = true
}

resource "google_logging_log_view" "runs" {
  name        = "runs"
  bucket      = google_logging_project_bucket_config.runs.id
  description = "All of it."
}

resource "google_logging_log_view_iam_member" "read" {
  for_each = local.holders.read_logs

  parent   = "projects/${var.project}"
  location = var.region
  bucket   = google_logging_project_bucket_config.runs.bucket_id
  name     = google_logging_log_view.runs.name
  role     = "roles/logging.viewAccessor"
  member   = each.value
}
