"""What BigQuery's refusals mean, told by their reason and their status alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from google.api_core.exceptions import GoogleAPICallError, InvalidArgument, RetryError
from grpc import StatusCode

from headrace.errors import (
    DESTINATION_BUSY,
    DESTINATION_FORBIDDEN,
    DESTINATION_MISSING,
    DESTINATION_UNAVAILABLE,
    DESTINATION_UNREADABLE,
    HeadraceError,
)
from headrace.google_calls import Calls, Kinds, Patience
from headrace.google_rest import STATUS_OF_CODE, failure, without_answer

T = TypeVar("T")

# An answer may take its time: a page of rows does, and a job that is being looked up.
PATIENCE = Patience(attempt=60.0, all=180.0)

KINDS = Kinds(
    unavailable=DESTINATION_UNAVAILABLE,
    busy=DESTINATION_BUSY,
    forbidden=DESTINATION_FORBIDDEN,
    missing=DESTINATION_MISSING,
    unfit=DESTINATION_UNREADABLE,
)

# The reasons of BigQuery's error table. One that is not here is told by the status.
_OF_REASON = {
    "accessDenied": StatusCode.PERMISSION_DENIED,
    "backendError": StatusCode.UNAVAILABLE,
    "billingNotEnabled": StatusCode.PERMISSION_DENIED,
    "billingTierLimitExceeded": StatusCode.PERMISSION_DENIED,
    "blocked": StatusCode.PERMISSION_DENIED,
    "conditionNotMet": StatusCode.FAILED_PRECONDITION,
    "duplicate": StatusCode.ALREADY_EXISTS,
    "internalError": StatusCode.INTERNAL,
    "invalid": StatusCode.INVALID_ARGUMENT,
    "invalidQuery": StatusCode.INVALID_ARGUMENT,
    "invalidUser": StatusCode.PERMISSION_DENIED,
    "jobBackendError": StatusCode.UNAVAILABLE,
    "jobInternalError": StatusCode.INTERNAL,
    "jobRateLimitExceeded": StatusCode.RESOURCE_EXHAUSTED,
    "notFound": StatusCode.NOT_FOUND,
    "proxyAuthenticationRequired": StatusCode.PERMISSION_DENIED,
    "quotaExceeded": StatusCode.RESOURCE_EXHAUSTED,
    "rateLimitExceeded": StatusCode.RESOURCE_EXHAUSTED,
    "resourceInUse": StatusCode.ABORTED,
    "resourcesExceeded": StatusCode.RESOURCE_EXHAUSTED,
    "stopped": StatusCode.CANCELLED,
    "tableUnavailable": StatusCode.UNAVAILABLE,
    "timeout": StatusCode.DEADLINE_EXCEEDED,
}
_OF_CODE = {
    **STATUS_OF_CODE,
    400: StatusCode.INVALID_ARGUMENT,
    409: StatusCode.ALREADY_EXISTS,
    412: StatusCode.FAILED_PRECONDITION,
}


class BigQueryCalls:
    """Calls of BigQuery's client, which are given no `retry` of their own."""

    def __init__(self, project: str, patience: Patience = PATIENCE) -> None:
        self._what = f"in BigQuery's project '{project}'"
        self._calls = Calls(self._what, KINDS, patience)
        self.patience = patience

    @property
    def timeout(self) -> float:
        return self._calls.timeout

    def __call__(self, doing: str, call: Callable[[], T]) -> T:
        """What `call` returns, which is called again while that may help.

        It may catch the exceptions of `google.api_core`, NotFound and AlreadyExists among them.
        Raises the kinds of a destination.
        """
        try:
            return self._calls(doing, lambda: told(call))
        except InvalidArgument as error:
            raise self._unreadable(doing) from error

    def of_job(self, doing: str, failure: GoogleAPICallError) -> HeadraceError:
        """What the failure of a job means to whoever has sent it."""

        def fail() -> None:
            raise failure

        try:
            Calls(self._what, KINDS, Patience(all=0.0))(doing, fail)
        except HeadraceError as error:
            return error
        except (GoogleAPICallError, RetryError):
            pass
        return self._unreadable(doing)

    def _unreadable(self, doing: str) -> HeadraceError:
        return HeadraceError(
            DESTINATION_UNREADABLE,
            f"Could not {doing} {self._what}: the tables there are not as Headrace left them.",
        )


def told(call: Callable[[], T]) -> T:
    """What `call` returns; its failures become those of a status, without anybody's words."""
    try:
        with without_answer():
            return call()
    except GoogleAPICallError as error:
        raise failure(_status(error)) from error


def of_reason(reason: str | None) -> GoogleAPICallError:
    """The failure of a job that has ended for that reason."""
    return failure(_OF_REASON.get(reason or "", StatusCode.UNKNOWN))


def _status(error: GoogleAPICallError) -> StatusCode:
    reasons = [detail.get("reason") for detail in error.errors or () if isinstance(detail, dict)]
    for reason in reasons:
        if reason in _OF_REASON:
            return _OF_REASON[reason]
    status = error.grpc_status_code or _OF_CODE.get(int(error.code or 0), StatusCode.UNKNOWN)
    assert isinstance(status, StatusCode)  # noqa: S101
    return status
