# A load balancer with a domain of one's own: page and functions under one origin, and by choice
# only for members of IAP. The page itself, which holds no data, is served to anybody.
locals {
  front = { for front in var.front[*] : "this" => front }
  iap   = try(var.front.iap, null)

  behind_front = var.front == null ? toset([]) : local.of_the_page
}

resource "google_compute_global_address" "front" {
  for_each = local.front

  name            = "${var.name}-front"
  deletion_policy = local.deletion_policy # a DNS record points to it

  depends_on = [google_project_service.this]
}

resource "google_compute_managed_ssl_certificate" "front" {
  for_each = local.front

  name = "${var.name}-${replace(each.value.domain, ".", "-")}"
  managed {
    domains = [each.value.domain]
  }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [google_project_service.this]
}

resource "google_compute_backend_bucket" "page" {
  for_each = local.front

  name        = "${var.name}-page"
  bucket_name = google_storage_bucket.page.name
  custom_response_headers = [
    "Content-Security-Policy: frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy: same-origin",
    "Referrer-Policy: no-referrer",
    "Strict-Transport-Security: max-age=31536000",
    "X-Content-Type-Options: nosniff",
  ]

  depends_on = [google_project_service.this]
}

resource "google_compute_region_network_endpoint_group" "function" {
  for_each = local.behind_front

  name                  = google_cloud_run_v2_service.function[each.key].name
  region                = var.region
  network_endpoint_type = "SERVERLESS"

  cloud_run {
    service = google_cloud_run_v2_service.function[each.key].name
  }
}

resource "google_compute_backend_service" "function" {
  for_each = local.behind_front

  name                  = google_cloud_run_v2_service.function[each.key].name
  load_balancing_scheme = "EXTERNAL_MANAGED"
  protocol              = "HTTPS"

  backend {
    group = google_compute_region_network_endpoint_group.function[each.key].id
  }

  # The page's own client: the ID token that the page sends is then one that IAP takes too, with no
  # cookie and no redirect, which a page's request could not follow.
  dynamic "iap" {
    for_each = local.iap[*]
    content {
      enabled                         = true
      oauth2_client_id                = var.sign_in.client_id
      oauth2_client_secret_wo         = var.iap_client_secret
      oauth2_client_secret_wo_version = iap.value.secret_version
    }
  }

  log_config {
    enable      = true
    sample_rate = 1
  }
}

resource "google_iap_web_backend_service_iam_member" "member" {
  for_each = {
    for pair in setproduct(local.iap == null ? [] : local.behind_front, try(local.iap.members, [])) :
    "${pair[0]} ${pair[1]}" => { function = pair[0], member = pair[1] }
  }

  web_backend_service = google_compute_backend_service.function[each.value.function].name
  role                = "roles/iap.httpsResourceAccessor"
  member              = each.value.member
}

resource "google_compute_url_map" "front" {
  for_each = local.front

  name            = "${var.name}-front"
  default_service = google_compute_backend_bucket.page[each.key].id

  host_rule {
    hosts        = [each.value.domain]
    path_matcher = "all"
  }
  path_matcher {
    name            = "all"
    default_service = google_compute_backend_bucket.page[each.key].id

    dynamic "path_rule" {
      for_each = local.behind_front
      content {
        paths   = ["/functions/${path_rule.key}", "/functions/${path_rule.key}/*"]
        service = google_compute_backend_service.function[path_rule.key].id
        route_action {
          url_rewrite {
            path_prefix_rewrite = "/" # a function knows no prefix
          }
        }
      }
    }
  }
}

resource "google_compute_target_https_proxy" "front" {
  for_each = local.front

  name             = "${var.name}-front"
  url_map          = google_compute_url_map.front[each.key].id
  ssl_certificates = [google_compute_managed_ssl_certificate.front[each.key].id]
  ssl_policy       = google_compute_ssl_policy.front[each.key].id
}

resource "google_compute_ssl_policy" "front" {
  for_each = local.front

  name            = "${var.name}-front"
  profile         = "MODERN"
  min_tls_version = "TLS_1_2"

  depends_on = [google_project_service.this]
}

resource "google_compute_global_forwarding_rule" "front" {
  for_each = local.front

  name                  = "${var.name}-front"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.front[each.key].id
  port_range            = "443"
  target                = google_compute_target_https_proxy.front[each.key].id
}

# Whoever types the address without https is sent there.
resource "google_compute_url_map" "to_https" {
  for_each = local.front

  name = "${var.name}-to-https"
  default_url_redirect {
    https_redirect = true
    strip_query    = false
  }

  depends_on = [google_project_service.this]
}

resource "google_compute_target_http_proxy" "to_https" {
  for_each = local.front

  name    = "${var.name}-to-https"
  url_map = google_compute_url_map.to_https[each.key].id
}

resource "google_compute_global_forwarding_rule" "to_https" {
  for_each = local.front

  name                  = "${var.name}-to-https"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.front[each.key].id
  port_range            = "80"
  target                = google_compute_target_http_proxy.to_https[each.key].id
}
