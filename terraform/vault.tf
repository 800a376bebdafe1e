locals {
  # What the names of our secrets begin with (`credentials_secret_name`); conditions know a project
  # by its number.
  secret_prefix = "projects/${data.google_project.this.number}/secrets/model-"

  vault_roles = {
    read_secrets   = google_project_iam_custom_role.this["secret_reader"].id
    save_secrets   = google_project_iam_custom_role.this["secret_saver"].id
    delete_secrets = google_project_iam_custom_role.this["secret_remover"].id
  }
}

# Reading, saving and deleting end at the names that are ours.
resource "google_project_iam_member" "secrets" {
  for_each = merge([
    for right, role in local.vault_roles : {
      for holder, member in local.holders[right] : "${holder} ${right}" => { member = member, role = role }
    }
  ]...)

  project = var.project
  role    = each.value.role
  member  = each.value.member

  condition {
    title      = "${var.name} secrets only"
    expression = "resource.name.startsWith(\"${local.secret_prefix}\")"
  }
}

# Making a secret is a right to the project: there is no name yet that a condition could look at.
resource "google_project_iam_member" "make_secrets" {
  for_each = local.holders.save_secrets

  project = var.project
  role    = google_project_iam_custom_role.this["secret_maker"].id
  member  = each.value
}
