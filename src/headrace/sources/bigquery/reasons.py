"""What BigQuery's own reasons, and statuses where there is none, stand for."""

from __future__ import annotations

from headrace.errors import (
    CONNECTION_LOST,
    DATABASE_BUSY,
    DATABASE_CLOSED,
    DATABASE_ERROR,
    PASSWORD_REJECTED,
    PERMISSION_DENIED,
    STATEMENT_TIMED_OUT,
    TABLE_NOT_FOUND,
    Kind,
)

# "Error messages" in BigQuery's documentation, and `ErrorInfo` of Google's APIs.
BY_REASON: dict[str, tuple[Kind, str]] = {
    "accessDenied": (PERMISSION_DENIED, "the account lacks a right"),
    "notFound": (TABLE_NOT_FOUND, "there is no such table, dataset or project"),
    "accessNotConfigured": (DATABASE_CLOSED, "the API is not enabled in the project"),
    "SERVICE_DISABLED": (DATABASE_CLOSED, "the API is not enabled in the project"),
    "billingNotEnabled": (DATABASE_CLOSED, "the project has no billing account"),
    "rateLimitExceeded": (DATABASE_BUSY, "too much was asked for at once"),
    "jobRateLimitExceeded": (DATABASE_BUSY, "too much was asked for at once"),
    "quotaExceeded": (DATABASE_BUSY, "a quota is used up"),
    "billingTierLimitExceeded": (DATABASE_ERROR, "the statement takes more than it may"),
    "resourcesExceeded": (DATABASE_ERROR, "the statement takes more than it may"),
    "responseTooLarge": (DATABASE_ERROR, "the result is larger than BigQuery gives out"),
    "invalidQuery": (DATABASE_ERROR, "it refused the statement"),
    "invalid": (DATABASE_ERROR, "it refused the request"),
    "backendError": (CONNECTION_LOST, "it reports a fault of its own"),
    "internalError": (CONNECTION_LOST, "it reports a fault of its own"),
    "jobBackendError": (CONNECTION_LOST, "it reports a fault of its own"),
    "jobInternalError": (CONNECTION_LOST, "it reports a fault of its own"),
    "tableUnavailable": (CONNECTION_LOST, "the table is not available now"),
    "stopped": (STATEMENT_TIMED_OUT, "somebody has ended the statement"),
    "timeout": (STATEMENT_TIMED_OUT, "the statement took too long"),
}
BY_STATUS: dict[int, tuple[Kind, str]] = {
    401: (PASSWORD_REJECTED, "the credentials were not accepted"),
    403: BY_REASON["accessDenied"],
    404: BY_REASON["notFound"],
    429: BY_REASON["rateLimitExceeded"],
    499: (CONNECTION_LOST, "the call was broken off"),
    500: BY_REASON["backendError"],
    502: BY_REASON["backendError"],
    503: (CONNECTION_LOST, "it can't be reached"),
    504: (CONNECTION_LOST, "it did not answer in time"),
}
ANY_OTHER = (DATABASE_ERROR, "it refused the request")

HINTS = {
    PASSWORD_REJECTED: "Paste the service account's key anew, as the file has it. A key that was "
    "deleted or disabled has to be made anew.",
    DATABASE_CLOSED: "Have billing and the APIs turned on: gcloud services enable "
    "bigquery.googleapis.com bigquerystorage.googleapis.com",
    DATABASE_ERROR: "Look at the statement in the project's history of jobs. What is too large for "
    "a view's result can be written into a table, which is read without one.",
    STATEMENT_TIMED_OUT: "Look at the statement in the project's history of jobs, and who ended "
    "it.",
}
