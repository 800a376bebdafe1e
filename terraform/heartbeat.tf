resource "google_service_account" "heartbeat" {
  account_id   = "${var.name}-heartbeat"
  display_name = "Headrace: calls dispatch; it may do nothing else, and needs no role for it"

  depends_on = [google_project_service.this]
}

# dispatch knows the account by its address (HEADRACE_SCHEDULER), and takes tokens that are made
# for the page's client.
resource "google_cloud_scheduler_job" "heartbeat" {
  name             = "${var.name}-heartbeat"
  region           = var.region
  description      = "Has dispatch start the runs that are due."
  schedule         = "* * * * *"
  time_zone        = "Etc/UTC"
  attempt_deadline = "90s"

  retry_config {
    retry_count = 0 # the next one comes within a minute
  }

  http_target {
    http_method = "POST"
    uri         = "${google_cloud_run_v2_service.function["dispatch"].uri}/"
    headers     = { "Content-Type" = "application/json" }
    body        = base64encode("{}")

    oidc_token {
      service_account_email = google_service_account.heartbeat.email
      audience              = var.sign_in.client_id
    }
  }
}
