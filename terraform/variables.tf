variable "project" {
  description = "The id of the Google Cloud project that everything goes into."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project's id has 6 to 30 small letters, digits and hyphens."
  }
}

variable "region" {
  description = "The region of everything: functions, job, documents, buckets, dataset."
  type        = string
  default     = "europe-west1"

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]{1,2}$", var.region))
    error_message = "A region looks like europe-west1."
  }
}

variable "name" {
  description = "What the names of all resources begin with; a second deployment in one project needs another."
  type        = string
  default     = "headrace"

  validation {
    # The id of a service account has 30 characters at most, that of a database 4 at least.
    condition     = can(regex("^[a-z][a-z0-9-]{2,11}[a-z0-9]$", var.name))
    error_message = "The name has 4 to 13 small letters, digits and hyphens."
  }
}

variable "image" {
  description = "The image of all functions and of the job, by digest: REGION-docker.pkg.dev/PROJECT/headrace/headrace@sha256:…"
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9./_-]+@sha256:[0-9a-f]{64}$", var.image))
    error_message = "The image must be named by its digest, …@sha256: and 64 hexadecimal digits: a tag may mean something else tomorrow."
  }
}

variable "sign_in" {
  description = "The OAuth client of the page, and who may see (viewers) and change everything (editors): e-mail addresses, or domains of Google Workspace."
  type = object({
    client_id = string
    viewers   = optional(set(string), [])
    editors   = set(string)
  })

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9._-]*[.]apps[.]googleusercontent[.]com$", var.sign_in.client_id))
    error_message = "The client's id ends in .apps.googleusercontent.com; the client's secret is not needed."
  }
  validation {
    condition     = length(var.sign_in.editors) > 0
    error_message = "Without an editor nobody could make a source."
  }
  validation {
    condition = alltrue([
      for who in setunion(var.sign_in.viewers, var.sign_in.editors) :
      can(regex("^([!#-+.-?A-~-]+@)?([a-z0-9]([a-z0-9-]*[a-z0-9])?[.])+[a-z][a-z0-9-]*[a-z0-9]$", lower(who)))
    ])
    error_message = "Viewers and editors are e-mail addresses or domains."
  }
}

variable "page" {
  description = "What the page shows: the model at first, the name at the top, and whom to ask for the right to use it."
  type = object({
    model   = optional(string, "default")
    brand   = optional(string, "Headrace")
    contact = optional(string, "")
  })
  default = {}
}

variable "functions" {
  description = "Sizes that are to be other than usual, by the function's name."
  type = map(object({
    cpu           = optional(string)
    memory        = optional(string)
    timeout       = optional(number)
    concurrency   = optional(number)
    min_instances = optional(number)
    max_instances = optional(number)
  }))
  default = {}

  validation {
    condition     = length(setsubtract(keys(var.functions), keys(local.functions))) == 0
    error_message = "There are no other functions than ${join(", ", keys(local.functions))}."
  }
}

variable "job" {
  description = "The extraction job: tasks that read one run's tables together, how large each is, for how many seconds it may run and how often it is tried again."
  type = object({
    tasks   = optional(number, 1)
    cpu     = optional(string, "2")
    memory  = optional(string, "4Gi")
    timeout = optional(number, 86400)
    retries = optional(number, 2)
  })
  default = {}

  validation {
    condition     = var.job.tasks >= 1 && var.job.tasks <= 64 && floor(var.job.tasks) == var.job.tasks
    error_message = "A run has 1 to 64 tasks."
  }
  validation {
    condition     = var.job.timeout >= 60 && var.job.timeout <= 604800
    error_message = "A task may run for 60 to 604,800 seconds."
  }
}

variable "network" {
  description = "Private networks and ports of databases that may be connected to, as HEADRACE_ALLOWED_NETWORKS and HEADRACE_ALLOWED_PORTS take them."
  type = object({
    allowed_networks = optional(set(string), [])
    allowed_ports    = optional(set(string), ["1024-65535"])
  })
  default = {}

  validation {
    condition     = alltrue([for network in var.network.allowed_networks : can(cidrhost(network, 0))])
    error_message = "Networks are written as 10.1.0.0/16."
  }
  validation {
    condition     = length(var.network.allowed_ports) > 0 && alltrue([for ports in var.network.allowed_ports : can(regex("^[0-9]{1,5}(-[0-9]{1,5})?$", ports))])
    error_message = "Ports are written as 5432 or 1024-65535."
  }
}

variable "cloud_sql" {
  description = "Instances of Cloud SQL that may be connected to by name, as project:region:name."
  type        = object({ instances = optional(set(string), []) })
  default     = {}

  validation {
    condition     = alltrue([for name in var.cloud_sql.instances : can(regex("^([a-z0-9.-]+:)?[a-z][a-z0-9-]*:[a-z][a-z0-9-]*:[a-z][a-z0-9-]*$", name))])
    error_message = "Instances are written as project:region:name."
  }
}

variable "egress" {
  description = "Set it, to {} at least, to connect from a network of one's own, with a reserved address for others' firewalls. With `subnetwork` an existing one is used, such as that of private databases, whose way out is then its owner's."
  type = object({
    ip_range   = optional(string, "10.80.0.0/24")
    subnetwork = optional(object({ network = string, subnetwork = string, addresses = optional(set(string), []) }))
  })
  default = null

  validation {
    condition     = var.egress == null || can(cidrhost(var.egress.ip_range, 0)) && try(tonumber(split("/", var.egress.ip_range)[1]) <= 26, false)
    error_message = "Cloud Run needs a range of /26 or larger."
  }
}

variable "limits" {
  description = "How many connection tests and how many connections a caller may have."
  type = object({
    tests_per_minute       = optional(number, 10)
    tests_per_day          = optional(number, 200)
    connections_per_minute = optional(number, 60)
    connections_per_day    = optional(number, 2000)
  })
  default = {}

  validation {
    condition     = alltrue([for limit in values(var.limits) : limit >= 1 && floor(limit) == limit])
    error_message = "A limit is a whole number from 1 up."
  }
}

variable "runs_kept_days" {
  description = "For how many days a run and its log are kept after its end."
  type        = number
  default     = 90

  validation {
    condition     = var.runs_kept_days >= 1 && var.runs_kept_days <= 3650 # as long as a log bucket keeps
    error_message = "Runs are kept for 1 to 3,650 days."
  }
}

variable "staging_days" {
  description = "After how many days staged files are removed that no run has removed; a failed run can be resumed for as long."
  type        = number
  default     = 7

  validation {
    condition     = var.staging_days >= 2 && floor(var.staging_days) == var.staging_days
    error_message = "A run may take more than a day, so staged files are kept for 2 days at least."
  }
}

variable "dataset" {
  description = "The BigQuery dataset of the checkpoints. Datasets of sources are made when they are first brought."
  type        = string
  default     = "headrace"

  validation {
    condition     = can(regex("^[A-Za-z0-9_]+$", var.dataset))
    error_message = "A dataset's name has letters, digits and underscores."
  }
}

variable "deletion_protection" {
  description = "Whether documents, dataset, buckets and images are kept from being destroyed by Terraform. Set it to false and apply before `terraform destroy`."
  type        = bool
  default     = true
}

variable "encryption_key" {
  description = "A key of Cloud KMS in the same region, to encrypt everything with: projects/…/cryptoKeys/…; by default the keys are Google's."
  type        = string
  default     = null

  validation {
    condition     = var.encryption_key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.encryption_key))
    error_message = "A key is named projects/…/locations/…/keyRings/…/cryptoKeys/…"
  }
}

variable "alerts" {
  description = "Who is told, by any name, and within how many hours after its slot a scheduled source has to have succeeded."
  type = object({
    emails               = optional(map(string), {})
    success_within_hours = optional(number, 6)
    dispatch_down_after  = optional(number, 600)
  })
  default = {}

  validation {
    condition     = var.alerts.success_within_hours >= 1 && var.alerts.success_within_hours <= 168
    error_message = "A success can be expected within 1 to 168 hours."
  }
  validation {
    condition     = var.alerts.dispatch_down_after >= 180 && var.alerts.dispatch_down_after <= 84600 && var.alerts.dispatch_down_after % 60 == 0
    error_message = "The seconds after which dispatch counts as down are whole minutes, 180 to 84,600."
  }
}

variable "budget" {
  description = "A monthly amount, in the billing account's currency, at half, all and one and a half of which mails are sent."
  type = object({
    billing_account = string
    amount          = number
  })
  default = null

  validation {
    condition     = var.budget == null || can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.budget.billing_account)) && try(var.budget.amount >= 1, false)
    error_message = "A billing account is named 012345-6789AB-CDEF01, and the amount is 1 at least."
  }
}

variable "front" {
  description = "A load balancer with a domain of one's own before page and functions, which then are reached in no other way; with `iap` only by its members, who are written as user:ada@example.com, group:… or domain:…"
  type = object({
    domain = string
    iap = optional(object({
      members        = set(string)
      secret_version = optional(string, "1")
    }))
  })
  default = null

  validation {
    condition     = var.front == null || can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?[.])+[a-z][a-z0-9-]*[a-z0-9]$", var.front.domain))
    error_message = "The domain looks like headrace.example.com."
  }
  validation {
    condition     = try(alltrue([for member in var.front.iap.members : can(regex("^(user|group|domain|serviceAccount):[^:]+$", member))]), true)
    error_message = "Members are written as user:…, group:…, domain:… or serviceAccount:…; all the world is none."
  }
}

variable "iap_client_secret" {
  description = "The secret of the sign-in client, which IAP alone needs. It goes into no state and no plan."
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true

  validation {
    condition     = local.iap == null || var.iap_client_secret != null
    error_message = "With IAP the sign-in client's secret is needed, as TF_VAR_iap_client_secret: IAP itself signs people in with it."
  }
}
