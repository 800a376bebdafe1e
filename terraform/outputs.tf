output "page" {
  description = "The page's address. It must be a redirect URI of the sign-in client."
  value       = local.page_address
}

output "page_origin" {
  description = "The page's origin. It must be a JavaScript origin of the sign-in client."
  value       = local.page_origin
}

output "functions" {
  description = "The address of each function that the page calls."
  value       = local.function_addresses
}

output "images" {
  description = "Where the image is pushed to; its digest is the variable `image`."
  value       = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.images.repository_id}/headrace"
}

output "egress_addresses" {
  description = "The addresses from which databases are connected to, for their firewalls; empty if they change."
  value       = local.egress_addresses
}

output "front_address" {
  description = "The address that the domain's A record must point to; null without a load balancer."
  value       = one([for address in google_compute_global_address.front : address.address])
}

output "job" {
  description = "The extraction job, as `gcloud run jobs` knows it."
  value       = google_cloud_run_v2_job.extract.name
}

output "job_account" {
  description = "The account that reads the databases; databases with a login by IAM have to know it."
  value       = google_service_account.job.email
}

output "run_logs" {
  description = "The view through which the logs of runs are read."
  value       = google_logging_log_view.runs.id
}
