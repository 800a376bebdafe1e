# Counted from what the code logs; tests/terraform holds the messages against it.
locals {
  of_the_job   = "resource.type=\"cloud_run_job\" AND resource.labels.job_name=\"${local.job_name}\""
  of_functions = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=~\"^${var.name}-\""
  of_dispatch  = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${var.name}-dispatch\""
  ended        = "${local.of_the_job} AND jsonPayload.logger=\"headrace.extraction.job\" AND jsonPayload.message=\"the run ended as"
  dispatched   = "${local.of_dispatch} AND jsonPayload.logger=\"headrace.extraction.dispatch\" AND jsonPayload.message=~"

  metrics = {
    runs_succeeded = { description = "Runs that succeeded", filter = "${local.ended} succeeded\"" }
    runs_failed    = { description = "Runs that failed", filter = "${local.ended} failed\"" }
    slots_started  = { description = "Runs that were started by a schedule", filter = "${local.dispatched}\"^run .* is started for the slot \"" }
    slots_skipped  = { description = "Slots that were skipped", filter = "${local.dispatched}\"^the slot .* is skipped\"" }
    changes        = { description = "Changes that somebody made, or tried to", filter = "${local.of_functions} AND jsonPayload.logger=\"headrace.api.audit\"" }
  }
}

resource "google_logging_metric" "this" {
  for_each = local.metrics

  name        = "${var.name}/${each.key}"
  description = "${each.value.description}, by model and source."
  filter      = each.value.filter

  label_extractors = {
    model_id  = "EXTRACT(jsonPayload.model_id)"
    source_id = "EXTRACT(jsonPayload.source_id)"
  }
  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    labels {
      key = "model_id"
    }
    labels {
      key = "source_id"
    }
  }

  depends_on = [google_project_service.this]
}
