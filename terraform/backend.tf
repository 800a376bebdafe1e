# Which bucket holds the state is said to `terraform init -backend-config=bucket=…`.
terraform {
  backend "gcs" {
    prefix = "headrace"
  }
}
