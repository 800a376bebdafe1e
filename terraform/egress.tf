# The way from which databases see us come: a network of our own behind one reserved address, or
# an existing one, or by default any of Google's addresses.
locals {
  own_network = var.egress != null && try(var.egress.subnetwork, null) == null ? { this = var.egress } : {}

  way_out = merge(
    { for name, _ in local.own_network : name => {
      network    = google_compute_network.this[name].id
      subnetwork = google_compute_subnetwork.this[name].id
    } },
    { for given in try(var.egress.subnetwork, null)[*] : "given" => {
      network    = given.network
      subnetwork = given.subnetwork
    } },
  )
  egress_addresses = concat(
    [for address in google_compute_address.egress : address.address],
    tolist(try(var.egress.subnetwork.addresses, [])),
  )
}

resource "google_compute_network" "this" {
  for_each = local.own_network

  name                    = var.name
  auto_create_subnetworks = false

  depends_on = [google_project_service.this]
}

resource "google_compute_subnetwork" "this" {
  for_each = local.own_network

  name                     = var.name
  network                  = google_compute_network.this[each.key].id
  region                   = var.region
  ip_cidr_range            = each.value.ip_range
  private_ip_google_access = true # Google's APIs are reached without the NAT
}

resource "google_compute_router" "this" {
  for_each = local.own_network

  name    = var.name
  network = google_compute_network.this[each.key].id
  region  = var.region
}

resource "google_compute_address" "egress" {
  for_each = local.own_network

  name            = "${var.name}-egress"
  region          = var.region
  deletion_policy = local.deletion_policy # it stands in others' firewalls

  depends_on = [google_project_service.this]
}

resource "google_compute_router_nat" "this" {
  for_each = local.own_network

  name                               = var.name
  router                             = google_compute_router.this[each.key].name
  region                             = var.region
  nat_ip_allocate_option             = "MANUAL_ONLY"
  nat_ips                            = [google_compute_address.egress[each.key].self_link]
  source_subnetwork_ip_ranges_to_nat = "LIST_OF_SUBNETWORKS"

  subnetwork {
    name                    = google_compute_subnetwork.this[each.key].id
    source_ip_ranges_to_nat = ["ALL_IP_RANGES"]
  }

  # A long read may pause while its chunks are written.
  tcp_established_idle_timeout_sec = 3600

  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}
