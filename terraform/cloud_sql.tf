# Instances of Cloud SQL that may be connected to by name, by each who connects, and no other instance
# of their projects.
locals {
  instances = {
    for name in var.cloud_sql.instances : name => {
      # The project's name may hold a colon itself.
      project = join(":", slice(split(":", name), 0, length(split(":", name)) - 2))
      name    = reverse(split(":", name))[0]
    }
  }
}

resource "google_project_iam_member" "cloud_sql" {
  for_each = {
    for each in setproduct(keys(local.holders.dial), keys(local.instances)) :
    join(" ", each) => { member = local.holders.dial[each[0]], instance = local.instances[each[1]] }
  }

  project = each.value.instance.project
  role    = "roles/cloudsql.client"
  member  = each.value.member

  condition {
    title      = "One instance of Cloud SQL"
    expression = "resource.service == \"sqladmin.googleapis.com\" && resource.type == \"sqladmin.googleapis.com/Instance\" && resource.name == \"projects/${each.value.instance.project}/instances/${each.value.instance.name}\""
  }
}
