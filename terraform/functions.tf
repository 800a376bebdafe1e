locals {
  # The same for all, which read what they need of it. There is no secret in it: what a function
  # may do is decided by its account.
  environment = {
    HEADRACE_DOCUMENTS              = "firestore://${var.project}/${google_firestore_database.this["documents"].name}"
    HEADRACE_VAULT                  = "secretmanager://${var.project}"
    HEADRACE_DESTINATION            = "bigquery://${var.project}/${var.dataset}?staging=gs://${google_storage_bucket.staging.name}/runs"
    HEADRACE_LAUNCHER               = "cloudrun://${var.project}/${var.region}/${local.job_name}?logs=${google_logging_project_bucket_config.runs.bucket_id}/${google_logging_log_view.runs.name}"
    HEADRACE_TASKS                  = tostring(var.job.tasks)
    HEADRACE_SIGN_IN                = "google://${var.sign_in.client_id}"
    HEADRACE_VIEWERS                = join(", ", var.sign_in.viewers)
    HEADRACE_EDITORS                = join(", ", var.sign_in.editors)
    HEADRACE_SCHEDULER              = google_service_account.heartbeat.email
    HEADRACE_WEB_ORIGIN             = local.page_origin
    HEADRACE_BRAND                  = var.page.brand
    HEADRACE_CONTACT                = var.page.contact
    HEADRACE_ALLOWED_NETWORKS       = join(", ", var.network.allowed_networks)
    HEADRACE_ALLOWED_PORTS          = join(", ", var.network.allowed_ports)
    HEADRACE_EGRESS_ADDRESS         = join(", ", local.egress_addresses)
    HEADRACE_TESTS_PER_MINUTE       = tostring(var.limits.tests_per_minute)
    HEADRACE_TESTS_PER_DAY          = tostring(var.limits.tests_per_day)
    HEADRACE_CONNECTIONS_PER_MINUTE = tostring(var.limits.connections_per_minute)
    HEADRACE_CONNECTIONS_PER_DAY    = tostring(var.limits.connections_per_day)
    HEADRACE_RUNS_KEPT_DAYS         = tostring(var.runs_kept_days)
  }
  budgets_only = {
    HEADRACE_DOCUMENTS = "firestore://${var.project}/${google_firestore_database.this["budgets"].name}"
  }
  # Whoever has the page calls them; the heartbeat alone calls dispatch.
  of_the_page = setsubtract(keys(local.functions), ["dispatch"])
}

resource "google_service_account" "function" {
  for_each = local.functions

  account_id   = "${var.name}-${replace(each.key, "_", "-")}"
  display_name = "Headrace: the function ${each.key}"

  depends_on = [google_project_service.this]
}

resource "google_cloud_run_v2_service" "function" {
  for_each = local.functions

  name        = "${var.name}-${replace(each.key, "_", "-")}"
  location    = var.region
  description = "Headrace's function ${each.key}."
  ingress = (
    each.key == "dispatch" ? "INGRESS_TRAFFIC_INTERNAL_ONLY" : # Cloud Scheduler counts as internal
    var.front == null ? "INGRESS_TRAFFIC_ALL" : "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"
  )
  deletion_protection = false # it holds nothing

  # The function checks the caller's ID token itself. Cloud Run's own check would refuse the
  # browser's preflight, which carries none, and would take the token's signature away.
  invoker_iam_disabled = true

  template {
    service_account                  = google_service_account.function[each.key].email
    timeout                          = "${coalesce(try(var.functions[each.key].timeout, null), each.value.timeout)}s"
    max_instance_request_concurrency = coalesce(try(var.functions[each.key].concurrency, null), each.value.concurrency)
    encryption_key                   = var.encryption_key

    scaling {
      min_instance_count = try(coalesce(var.functions[each.key].min_instances), 0)
      max_instance_count = coalesce(try(var.functions[each.key].max_instances, null), 5)
    }

    containers {
      image = var.image

      dynamic "env" {
        for_each = merge(
          local.environment,
          contains(each.value.rights, "documents") ? {} : local.budgets_only,
          { FUNCTION_TARGET = each.key },
        )
        content {
          name  = env.key
          value = env.value
        }
      }

      resources {
        startup_cpu_boost = true
        limits = {
          cpu    = coalesce(try(var.functions[each.key].cpu, null), "1")
          memory = coalesce(try(var.functions[each.key].memory, null), each.value.memory)
        }
      }
    }

    dynamic "vpc_access" {
      for_each = contains(each.value.rights, "dial") ? local.way_out : {}
      content {
        egress = "ALL_TRAFFIC"
        network_interfaces {
          network    = vpc_access.value.network
          subnetwork = vpc_access.value.subnetwork
        }
      }
    }
  }

  depends_on = [google_project_service.this, google_kms_crypto_key_iam_member.agent]
}
