locals {
  # Two databases, since rights end at a database: test_connection, which strangers' servers talk
  # to, keeps count of its callers in the second and can't see the first.
  databases = {
    documents = { name = var.name, holders = local.holders.documents }
    budgets   = { name = "${var.name}-budgets", holders = local.holders.budgets }
  }
  # What the code looks for, in the form of Firestore's own tools; it lies beside the code.
  indexes = jsondecode(file("${path.module}/../src/headrace/documents/firestore.indexes.json"))
}

resource "google_firestore_database" "this" {
  for_each = local.databases

  name                              = each.value.name
  location_id                       = var.region
  type                              = "FIRESTORE_NATIVE"
  concurrency_mode                  = "OPTIMISTIC" # etags, not locks
  point_in_time_recovery_enablement = each.key == "documents" ? "POINT_IN_TIME_RECOVERY_ENABLED" : "POINT_IN_TIME_RECOVERY_DISABLED"
  delete_protection_state           = var.deletion_protection ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  deletion_policy                   = local.deletion_policy

  dynamic "cmek_config" {
    for_each = var.encryption_key[*]
    content {
      kms_key_name = cmek_config.value
    }
  }

  depends_on = [google_project_service.this, google_kms_crypto_key_iam_member.agent]
}

resource "google_firestore_field" "this" {
  for_each = { for of in local.indexes.fieldOverrides : "${of.collectionGroup}/${of.fieldPath}" => of }

  database   = google_firestore_database.this["documents"].name
  collection = each.value.collectionGroup
  field      = each.value.fieldPath

  index_config {
    dynamic "indexes" {
      for_each = each.value.indexes
      content {
        order        = try(indexes.value.order, null)
        array_config = try(indexes.value.arrayConfig, null)
        query_scope  = indexes.value.queryScope
      }
    }
  }
}

resource "google_firestore_index" "this" {
  for_each = {
    for of in local.indexes.indexes :
    "${of.collectionGroup}/${join(",", [for field in of.fields : field.fieldPath])}" => of
  }

  database    = google_firestore_database.this["documents"].name
  collection  = each.value.collectionGroup
  query_scope = each.value.queryScope

  dynamic "fields" {
    for_each = each.value.fields
    content {
      field_path   = fields.value.fieldPath
      order        = try(fields.value.order, null)
      array_config = try(fields.value.arrayConfig, null)
    }
  }
}

# A caller's budget that says when it is over is removed then.
resource "google_firestore_field" "budget_ends" {
  for_each = google_firestore_database.this

  database   = each.value.name
  collection = "budgets"
  field      = "expires_at"

  index_config {}
  ttl_config {}
}

resource "google_firestore_backup_schedule" "daily" {
  database  = google_firestore_database.this["documents"].name
  retention = "604800s" # 7 days

  daily_recurrence {}
}

resource "google_firestore_backup_schedule" "weekly" {
  database  = google_firestore_database.this["documents"].name
  retention = "8467200s" # 14 weeks, the most that there is

  weekly_recurrence {
    day = "SUNDAY"
  }
}

resource "google_project_iam_member" "documents" {
  for_each = merge([
    for database, of in local.databases : {
      for holder, member in of.holders : holder => { member = member, name = of.name, database = database }
    }
  ]...)

  project = var.project
  role    = "roles/datastore.user"
  member  = each.value.member

  condition {
    title      = "${var.name} ${each.value.database} only"
    expression = "resource.name == \"projects/${var.project}/databases/${each.value.name}\""
  }
}
