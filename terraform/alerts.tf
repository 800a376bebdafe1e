locals {
  hours = var.alerts.success_within_hours
  types = { for name, metric in google_logging_metric.this : name => "logging.googleapis.com/user/${metric.name}" }
  # The same names as PromQL writes them.
  promql = { for name, _ in local.metrics : name => "logging_googleapis_com:user_${replace(var.name, "-", "_")}_${name}" }
  told   = [for channel in google_monitoring_notification_channel.email : channel.id]
}

resource "google_monitoring_notification_channel" "email" {
  for_each = var.alerts.emails

  display_name = "Headrace: ${each.key}"
  type         = "email"
  labels       = { email_address = each.value }

  depends_on = [google_project_service.this]
}

resource "google_monitoring_alert_policy" "failed_run" {
  display_name          = "Headrace: a run failed"
  combiner              = "OR"
  severity              = "ERROR"
  notification_channels = local.told

  conditions {
    display_name = "A run said that it failed"
    condition_threshold {
      filter          = "metric.type=\"${local.types.runs_failed}\" AND resource.type=\"cloud_run_job\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"
      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_SUM"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["metric.label.model_id", "metric.label.source_id"]
      }
    }
  }

  # One that was killed says nothing, but the platform does.
  conditions {
    display_name = "An execution of the job failed"
    condition_threshold {
      filter          = "metric.type=\"run.googleapis.com/job/completed_execution_count\" AND resource.type=\"cloud_run_job\" AND resource.label.job_name=\"${local.job_name}\" AND metric.label.result=\"failed\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"
      aggregations {
        alignment_period   = "300s"
        per_series_aligner = "ALIGN_DELTA"
      }
    }
  }

  documentation {
    subject = "Headrace: a run failed"
    content = "The page shows the run with its error and the next step: ${local.page_address}. Every code is explained in docs/errors.md."
  }
}

# A slot was started, and for that many hours since nothing has succeeded. A run that was skipped
# or is slow ends here too.
resource "google_monitoring_alert_policy" "no_success" {
  display_name          = "Headrace: a scheduled source has not succeeded for ${local.hours} hours"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = local.told

  conditions {
    display_name = "Started, and not succeeded within ${local.hours} hours"
    condition_prometheus_query_language {
      query = join(" unless on (model_id, source_id) ", [
        for metric in ["slots_started", "runs_succeeded"] :
        "sum by (model_id, source_id) (increase(${local.promql[metric]}[${local.hours + 1}h])) > 0"
      ])
      duration                  = "${local.hours * 3600}s"
      evaluation_interval       = "300s"
      disable_metric_validation = true # before the first run there is no series to validate with
    }
  }

  documentation {
    subject = "Headrace: a scheduled source has not succeeded"
    content = "Look at its runs on the page: ${local.page_address}."
  }

  depends_on = [google_logging_metric.this]
}

resource "google_monitoring_alert_policy" "dispatch_down" {
  display_name          = "Headrace: nothing is dispatched"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = local.told

  conditions {
    display_name = "No heartbeat was answered"
    condition_absent {
      filter   = "metric.type=\"run.googleapis.com/request_count\" AND resource.type=\"cloud_run_revision\" AND resource.label.service_name=\"${google_cloud_run_v2_service.function["dispatch"].name}\" AND metric.label.response_code_class=\"2xx\""
      duration = "${var.alerts.dispatch_down_after}s"
      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    subject = "Headrace: nothing is dispatched"
    content = "Schedules stand still until dispatch answers; what was missed is one run each afterwards. See whether the job ${google_cloud_scheduler_job.heartbeat.name} of Cloud Scheduler is paused, and what the service logs."
  }
}
