resource "google_billing_budget" "this" {
  for_each = { for budget in var.budget[*] : "this" => budget }

  billing_account = each.value.billing_account
  display_name    = "Headrace in ${var.project}"

  budget_filter {
    projects = ["projects/${data.google_project.this.number}"]
  }
  amount {
    specified_amount {
      units = tostring(floor(each.value.amount))
    }
  }

  dynamic "threshold_rules" {
    for_each = toset([0.5, 1.0, 1.5])
    content {
      threshold_percent = threshold_rules.value
    }
  }
  threshold_rules {
    threshold_percent = 1.0
    spend_basis       = "FORECASTED_SPEND"
  }

  all_updates_rule {
    monitoring_notification_channels = local.told
  }

  depends_on = [google_project_service.this]
}
