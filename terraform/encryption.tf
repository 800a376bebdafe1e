# With a key of one's own, the services that keep our data have to be let use it. In a new project
# their accounts are made when they are first asked for: these two by asking here, the others by the
# commands of docs/deploy.md, for which this provider has nothing.
data "google_bigquery_default_service_account" "agent" {
  count = var.encryption_key == null ? 0 : 1

  depends_on = [google_project_service.this]
}

data "google_storage_project_service_account" "agent" {
  count = var.encryption_key == null ? 0 : 1

  depends_on = [google_project_service.this]
}

locals {
  agents = var.encryption_key == null ? {} : {
    artifactregistry = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-artifactregistry.iam.gserviceaccount.com"
    bigquery         = data.google_bigquery_default_service_account.agent[0].member
    firestore        = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-firestore.iam.gserviceaccount.com"
    run              = "serviceAccount:service-${data.google_project.this.number}@serverless-robot-prod.iam.gserviceaccount.com"
    storage          = data.google_storage_project_service_account.agent[0].member
  }
}

resource "google_kms_crypto_key_iam_member" "agent" {
  for_each = local.agents

  crypto_key_id = var.encryption_key
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = each.value

  depends_on = [google_project_service.this]
}
