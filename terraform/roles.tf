# Where Google's own roles hold more than is needed.
locals {
  custom_roles = {
    secret_maker = {
      title       = "Make secrets, and nothing else"
      permissions = ["secretmanager.secrets.create"]
    }
    secret_saver = {
      title       = "Add versions to secrets and destroy old ones, without reading any"
      permissions = ["secretmanager.versions.add", "secretmanager.versions.destroy", "secretmanager.versions.list"]
    }
    secret_reader = {
      title       = "Read versions of secrets, and whether they are destroyed"
      permissions = ["secretmanager.versions.access", "secretmanager.versions.get"]
    }
    secret_remover = {
      title       = "Delete secrets, without reading any"
      permissions = ["secretmanager.secrets.delete"]
    }
    dataset_maker = {
      title       = "Make datasets; whoever made one owns it, and no other"
      permissions = ["bigquery.datasets.create"]
    }
    table_looker = {
      title       = "See which columns tables have, and no row"
      permissions = ["bigquery.datasets.get", "bigquery.tables.get"]
    }
    staging_looker = {
      title       = "See the bucket of staged files, and none of them"
      permissions = ["storage.buckets.get"]
    }
    staging_remover = {
      title       = "Remove staged files, without reading any"
      permissions = ["storage.objects.delete", "storage.objects.list"]
    }
  }
}

resource "google_project_iam_custom_role" "this" {
  for_each = local.custom_roles

  role_id     = "${replace(var.name, "-", "_")}_${each.key}"
  title       = "Headrace: ${each.value.title}"
  permissions = each.value.permissions

  depends_on = [google_project_service.this]
}
