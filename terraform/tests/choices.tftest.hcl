# What may be chosen, and what comes of it. `terraform test` needs no credentials for this.
mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  project = "some-project"
  image   = "europe-west1-docker.pkg.dev/some-project/headrace/headrace@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  sign_in = { client_id = "123-abc.apps.googleusercontent.com", editors = ["ada@example.com"] }
}

run "usual" {
  command = plan

  assert {
    condition     = output.page == "https://some-project-headrace-page.storage.googleapis.com/index.html"
    error_message = "The page has another address: ${output.page}"
  }
  assert {
    condition     = length(google_compute_network.this) == 0 && length(google_compute_global_address.front) == 0
    error_message = "A network or a load balancer was made that nobody asked for."
  }
  assert {
    condition = alltrue([
      for service in google_cloud_run_v2_service.function :
      service.template[0].scaling[0].min_instance_count == 0 && length(service.template[0].vpc_access) == 0
    ])
    error_message = "Something runs while nobody calls."
  }
  assert {
    condition     = google_cloud_run_v2_service.function["dispatch"].ingress == "INGRESS_TRAFFIC_INTERNAL_ONLY"
    error_message = "dispatch can be called from outside."
  }
}

run "a_second_deployment" {
  command = plan
  variables {
    name = "second"
  }

  assert {
    condition = alltrue([
      for name in concat(
        [for service in google_cloud_run_v2_service.function : service.name],
        [for database in google_firestore_database.this : database.name],
        [for account in google_service_account.function : account.account_id],
        [google_cloud_run_v2_job.extract.name, google_cloud_scheduler_job.heartbeat.name],
      ) : startswith(name, "second")
    ])
    error_message = "A name would meet that of the first deployment."
  }
}

run "an_own_network" {
  command = plan
  variables {
    egress = {}
  }

  assert {
    condition = alltrue([
      for name, service in google_cloud_run_v2_service.function :
      length(service.template[0].vpc_access) == (contains(local.functions[name].rights, "dial") ? 1 : 0)
    ])
    error_message = "Who connects to databases has to come from the reserved address, and nobody else."
  }
  assert {
    condition     = google_cloud_run_v2_job.extract.template[0].template[0].vpc_access[0].egress == "ALL_TRAFFIC"
    error_message = "The job does not come from the reserved address."
  }
}

run "a_given_network" {
  command = plan
  variables {
    egress = { subnetwork = { network = "shared", subnetwork = "databases", addresses = ["198.51.100.9"] } }
  }

  assert {
    condition     = length(google_compute_network.this) == 0 && length(google_compute_router_nat.this) == 0
    error_message = "The way out of a given network is its owner's."
  }
  assert {
    condition     = google_cloud_run_v2_job.extract.template[0].template[0].vpc_access[0].network_interfaces[0].subnetwork == "databases"
    error_message = "The job is not in the given network."
  }
  assert {
    condition     = local.environment.HEADRACE_EGRESS_ADDRESS == "198.51.100.9"
    error_message = "People are told the wrong address for their firewalls."
  }
}

run "a_domain_of_ones_own" {
  command = plan
  variables {
    front = { domain = "headrace.example.org" }
  }

  assert {
    condition     = output.page == "https://headrace.example.org/" && output.functions.runs == "https://headrace.example.org/functions/runs"
    error_message = "Page and functions are not under the domain."
  }
  assert {
    condition = alltrue([
      for name, service in google_cloud_run_v2_service.function :
      service.ingress == (name == "dispatch" ? "INGRESS_TRAFFIC_INTERNAL_ONLY" : "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER")
    ])
    error_message = "A function can be reached past the load balancer."
  }
  assert {
    condition     = !contains(keys(google_compute_backend_service.function), "dispatch")
    error_message = "dispatch is offered to the world."
  }
}

run "to_be_destroyed" {
  command = plan
  variables {
    deletion_protection = false
  }

  assert {
    condition     = alltrue([for database in google_firestore_database.this : database.deletion_policy == "DELETE" && database.delete_protection_state == "DELETE_PROTECTION_DISABLED"])
    error_message = "The documents would stay behind."
  }
}

run "an_image_by_tag" {
  command = plan
  variables {
    image = "europe-west1-docker.pkg.dev/some-project/headrace/headrace:latest"
  }
  expect_failures = [var.image]
}

run "nobody_may_change_anything" {
  command = plan
  variables {
    sign_in = { client_id = "123-abc.apps.googleusercontent.com", editors = [] }
  }
  expect_failures = [var.sign_in]
}

run "everybody_may_change_everything" {
  command = plan
  variables {
    sign_in = { client_id = "123-abc.apps.googleusercontent.com", editors = ["allUsers"] }
  }
  expect_failures = [var.sign_in]
}

run "a_function_that_is_none" {
  command = plan
  variables {
    functions = { run = { memory = "1Gi" } }
  }
  expect_failures = [var.functions]
}

run "iap_without_its_secret" {
  command = plan
  variables {
    front = { domain = "headrace.example.org", iap = { members = ["domain:example.org"] } }
  }
  expect_failures = [var.iap_client_secret]
}

run "other_values_that_are_none" {
  command = plan
  variables {
    project             = "Some_Project"
    region              = "Europe"
    name                = "a-name-that-is-too-long"
    dataset             = "head-race"
    job                 = { tasks = 65 }
    network             = { allowed_networks = ["everywhere"] }
    egress              = { ip_range = "10.0.0.0/28" }
    limits              = { tests_per_day = 0 }
    runs_kept_days      = 0
    staging_days        = 1
    encryption_key      = "my-key"
    alerts              = { success_within_hours = 0 }
    budget              = { billing_account = "mine", amount = 10 }
    front               = { domain = "https://headrace.example.org/", iap = { members = ["allUsers"] } }
    deletion_protection = true
  }
  expect_failures = [
    var.project, var.region, var.name, var.dataset, var.job, var.network, var.egress, var.limits,
    var.runs_kept_days, var.staging_days, var.encryption_key, var.alerts, var.budget, var.front,
  ]
}
