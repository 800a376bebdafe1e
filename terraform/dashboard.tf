locals {
  charts = {
    "Runs that succeeded, by source" = "sum by (model_id, source_id) (increase(${local.promql.runs_succeeded}[1h]))"
    "Runs that failed, by source"    = "sum by (model_id, source_id) (increase(${local.promql.runs_failed}[1h]))"
    "Slots: started"                 = "sum (increase(${local.promql.slots_started}[1h]))"
    "Slots: skipped, by source"      = "sum by (model_id, source_id) (increase(${local.promql.slots_skipped}[1h]))"
    "Requests by function and class" = "sum by (service_name, response_code_class) (rate(run_googleapis_com:request_count{service_name=~\"${var.name}-.*\"}[5m]))"
    "Seconds until an answer, 95%"   = "histogram_quantile(0.95, sum by (service_name, le) (rate(run_googleapis_com:request_latencies_bucket{service_name=~\"${var.name}-.*\"}[5m]))) / 1000"
    "Executions of the job"          = "sum by (result) (increase(run_googleapis_com:job_completed_execution_count{job_name=\"${local.job_name}\"}[1h]))"
    "Memory of the job, 99%"         = "histogram_quantile(0.99, sum by (le) (rate(run_googleapis_com:container_memory_utilizations_bucket{job_name=\"${local.job_name}\"}[5m])))"
  }
}

resource "google_monitoring_dashboard" "this" {
  dashboard_json = jsonencode({
    displayName = "Headrace"
    mosaicLayout = {
      columns = 48
      tiles = [
        for place, title in keys(local.charts) : {
          xPos   = 24 * (place % 2)
          yPos   = 12 * floor(place / 2)
          width  = 24
          height = 12
          widget = {
            title = title
            xyChart = {
              dataSets = [{ plotType = "LINE", timeSeriesQuery = { prometheusQuery = local.charts[title] } }]
            }
          }
        }
      ]
    }
  })

  depends_on = [google_project_service.this]
}
