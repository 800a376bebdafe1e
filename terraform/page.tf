locals {
  page_files = "${path.module}/../web"
  page_types = {
    html = "text/html; charset=utf-8"
    js   = "text/javascript; charset=utf-8"
    css  = "text/css; charset=utf-8"
    svg  = "image/svg+xml"
    txt  = "text/plain; charset=utf-8"
  }
  page_bucket = "${var.project}-${var.name}-page"
  # Never storage.googleapis.com/BUCKET/, which is an origin that all buckets share.
  page_origin  = var.front == null ? "https://${local.page_bucket}.storage.googleapis.com" : "https://${var.front.domain}"
  page_address = var.front == null ? "${local.page_origin}/index.html" : "${local.page_origin}/"

  function_addresses = {
    for name in local.of_the_page : name => (
      var.front == null ? google_cloud_run_v2_service.function[name].uri : "https://${var.front.domain}/functions/${name}"
    )
  }
  # The policy names whom the page may connect to; its own origin needs no mention.
  connect_src = var.front == null ? sort(values(local.function_addresses)) : []
  index       = file("${local.page_files}/index.html")

  page_config = {
    functions = local.function_addresses
    model     = var.page.model
    sign_in = {
      kind      = "google"
      client_id = var.sign_in.client_id
      address   = "https://accounts.google.com/o/oauth2/v2/auth"
    }
    brand   = { name = var.page.brand }
    contact = var.page.contact
  }
}

resource "google_storage_bucket" "page" {
  name                        = local.page_bucket
  location                    = var.region
  uniform_bucket_level_access = true
  force_destroy               = true # it holds nothing that the repository does not

  website {
    main_page_suffix = "index.html" # behind a load balancer
  }

  depends_on = [google_project_service.this]
}

# The page has no secret in it, and no data. Objects can be had by name, not listed.
resource "google_storage_bucket_iam_member" "page_is_public" {
  bucket = google_storage_bucket.page.name
  role   = "roles/storage.legacyObjectReader"
  member = "allUsers"
}

# Files keep their names when they change, so a browser has to ask each time.
resource "google_storage_bucket_object" "page" {
  for_each = setsubtract(fileset(local.page_files, "**/*.{${join(",", keys(local.page_types))}}"), ["index.html"])

  bucket         = google_storage_bucket.page.name
  name           = each.key
  source         = "${local.page_files}/${each.key}"
  source_md5hash = filemd5("${local.page_files}/${each.key}")
  content_type   = local.page_types[reverse(split(".", each.key))[0]]
  cache_control  = "no-cache"
}

resource "google_storage_bucket_object" "index" {
  bucket        = google_storage_bucket.page.name
  name          = "index.html"
  content       = replace(local.index, "connect-src 'self'", join(" ", concat(["connect-src 'self'"], local.connect_src)))
  content_type  = local.page_types.html
  cache_control = "no-cache"

  lifecycle {
    precondition {
      condition     = strcontains(local.index, "connect-src 'self';")
      error_message = "index.html has no policy that the functions' addresses could be added to."
    }
  }
}

resource "google_storage_bucket_object" "config" {
  bucket        = google_storage_bucket.page.name
  name          = "config.json"
  content       = jsonencode(local.page_config)
  content_type  = "application/json"
  cache_control = "no-cache"
}
