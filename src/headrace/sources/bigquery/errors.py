"""Translates the errors of Google's clients, once, by reason and status."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from google.api_core.exceptions import GoogleAPICallError, RetryError
from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
from requests.exceptions import RequestException

from headrace.errors import CONNECTION_LOST, PASSWORD_REJECTED, HeadraceError, Kind
from headrace.sources.bigquery.reasons import ANY_OTHER, BY_REASON, BY_STATUS, HINTS


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raises the HeadraceError that a client's error stands for; `what` was being done."""
    try:
        yield
    except RetryError as error:
        cause = error.cause
        raise of_call(what, cause if isinstance(cause, Exception) else error) from error
    except (GoogleAPICallError, GoogleAuthError, RequestException, TimeoutError) as error:
        raise of_call(what, error) from error


def of_call(what: str, error: Exception) -> HeadraceError:
    kind, cause, code = _meaning(error)
    told = f" ({code})" if code else ""
    return HeadraceError(kind, f"{what}: BigQuery: {cause}{told}.", hint=HINTS.get(kind))


def reason_of(error: BaseException | None) -> str | None:
    """BigQuery's word for why the call failed, of which this HeadraceError was made or not."""
    while error is not None:
        if isinstance(error, GoogleAPICallError):
            return _reason(error)
        error = error.__cause__
    return None


def _meaning(error: Exception) -> tuple[Kind, str, str]:
    if isinstance(error, TransportError | RequestException):
        return CONNECTION_LOST, "Google's servers can't be reached", ""
    if isinstance(error, RefreshError):
        if error.retryable:
            return CONNECTION_LOST, "Google's sign-in can't be reached", ""
        return PASSWORD_REJECTED, "Google does not accept the account's key", ""
    if isinstance(error, GoogleAuthError):
        return PASSWORD_REJECTED, "there are no credentials that can be used", ""
    if isinstance(error, GoogleAPICallError):
        reason, status = _reason(error), int(error.code or 0)
        kind, cause = BY_REASON.get(reason or "") or BY_STATUS.get(status, ANY_OTHER)
        return kind, cause, reason if reason in BY_REASON else str(status or "")
    return CONNECTION_LOST, "it did not answer in time", ""


def _reason(error: GoogleAPICallError) -> str | None:
    """REST says it of each of its errors, gRPC in the details of its one."""
    listed = [each.get("reason") for each in error.errors if isinstance(each, dict)]
    reason: str | None = next((each for each in listed if each), None) or error.reason
    return reason
