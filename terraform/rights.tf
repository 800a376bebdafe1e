# What each account has to do, and therefore may. A right is bound where its entity is: those to
# documents in documents.tf, and so on. What the code does is the measure: tests/terraform holds
# the rights to secrets and to connections against it.
locals {
  functions = {
    # Its caller's budget is all that it reads, and that lies in a database of its own.
    test_connection = { memory = "512Mi", timeout = 60, concurrency = 8, rights = ["budgets", "dial"] }
    grants          = { memory = "512Mi", timeout = 15, concurrency = 40, rights = [] }
    save_draft      = { memory = "512Mi", timeout = 30, concurrency = 20, rights = ["documents", "save_secrets"] }
    list_tables     = { memory = "512Mi", timeout = 300, concurrency = 8, rights = ["documents", "read_secrets", "dial"] }
    describe_table  = { memory = "1Gi", timeout = 300, concurrency = 8, rights = ["documents", "read_secrets", "dial"] }
    # It counts in the source for two minutes at most.
    preflight = { memory = "1Gi", timeout = 300, concurrency = 4, rights = ["documents", "read_secrets", "dial"] }
    # Activating looks whether the password is there; deleting cancels runs and lets tables go.
    sources = {
      memory = "512Mi", timeout = 120, concurrency = 20
      rights = ["documents", "read_secrets", "delete_secrets", "launch", "write_checkpoints", "look_at_tables", "discard_staging"]
    }
    # A backfill asks source and destination for the bounds.
    runs = {
      memory = "512Mi", timeout = 300, concurrency = 20
      rights = ["documents", "read_secrets", "dial", "launch", "read_checkpoints", "look_at_tables", "discard_staging", "read_logs"]
    }
    # One pass takes 50 seconds at most, and the next heartbeat takes what is left.
    dispatch = {
      memory = "512Mi", timeout = 90, concurrency = 2
      rights = ["documents", "launch", "read_checkpoints", "look_at_tables", "discard_staging"]
    }
  }

  rights = merge(
    { for name, function in local.functions : name => function.rights },
    { job = ["documents", "read_secrets", "dial", "load", "look_at_tables"] },
  )
  members = merge(
    { for name, account in google_service_account.function : name => account.member },
    { job = google_service_account.job.member },
  )
  # The members that hold a right, by their names: `local.holders.documents`.
  holders = {
    for right in toset(flatten(values(local.rights))) : right => {
      for name, rights in local.rights : name => local.members[name] if contains(rights, right)
    }
  }
}
