terraform {
  required_version = ">= 1.11" # write-only arguments

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 8.0"
    }
  }
}

provider "google" {
  project = var.project
  region  = var.region

  # Budgets are asked for in the name of a project, whoever applies.
  billing_project       = var.project
  user_project_override = true

  default_labels = { app = var.name }
}
