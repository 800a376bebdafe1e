"""How often a caller may have this service connect to somewhere, so that it is no port scanner.

A test tells what is at any address; listing the tables of a source whose draft names one, or whose
host stands for another address each time, tells nearly as much. So there are two budgets, and
whoever's document can't be read or written does not connect.

A caller has one document a budget, `budgets/<digest of both>`, changed by compare-and-swap alone,
so that the limits hold over all instances of the service.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydantic import AwareDatetime, Field, ValidationError

from headrace.documents import EXPIRING_FIELD, Document, Documents
from headrace.errors import (
    DOCUMENT_EXISTS,
    DOCUMENT_STALE,
    DOCUMENTS_UNREADABLE,
    TOO_MANY_TESTS,
    HeadraceError,
)
from headrace.model import now
from headrace.services import Services
from headrace.values import Value

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
# By how much the clocks of two instances may differ; a window of the other's is no reason to begin
# a new one.
_SKEW = timedelta(minutes=1)


@dataclass(frozen=True)
class Limits:
    """How many of something a caller may have in a minute and in a day."""

    noun: str
    per_minute: int
    per_day: int


class _Window(Value):
    """What was spent of a limit since its window began."""

    began_at: AwareDatetime
    spent: int = Field(ge=0)


class _Spending(Value):
    minute: _Window
    day: _Window
    expires_at: AwareDatetime | None = None  # from then on it says nothing


def spend_test(services: Services, caller: str) -> None:
    """Count one test for the caller. Raises TOO_MANY_TESTS, with `retry_after`."""
    settings = services.settings
    limits = Limits("tests", settings.tests_per_minute, settings.tests_per_day)
    spend(services.documents, caller, limits)


def spend_connection(services: Services, caller: str) -> None:
    """Count one connection to a source. Raises TOO_MANY_TESTS, with `retry_after`."""
    settings = services.settings
    limits = Limits("connections", settings.connections_per_minute, settings.connections_per_day)
    spend(services.documents, caller, limits)


def spend(
    documents: Documents, caller: str, limits: Limits, clock: Callable[[], datetime] = now
) -> None:
    """Count one against the limits of a minute and of a day; what is refused is not counted.

    A window begins with the first one after the one before has ended.
    """
    path = f"budgets/{hashlib.sha256(f'{limits.noun} of {caller}'.encode()).hexdigest()}"
    while True:
        moment = clock().astimezone(UTC)
        document = documents.get(path)
        before = _stored(document) if document else None
        spending = _Spending(
            minute=_spent(before.minute if before else None, moment, limits, _MINUTE),
            day=_spent(before.day if before else None, moment, limits, _DAY),
        )
        value = _expiring(spending).model_dump(mode="json")
        try:
            if document is None:
                documents.create(path, value)
            else:
                documents.replace(path, value, document.etag)
            return
        except HeadraceError as error:
            if error.kind not in (DOCUMENT_EXISTS, DOCUMENT_STALE):
                raise


def _spent(window: _Window | None, moment: datetime, limits: Limits, length: timedelta) -> _Window:
    # A clock that was set back for longer locks nobody out.
    if window is None or not window.began_at - _SKEW <= moment < window.began_at + length:
        return _Window(began_at=moment, spent=1)
    limit, name = (limits.per_minute, "minute") if length == _MINUTE else (limits.per_day, "day")
    if window.spent >= limit:
        seconds = int((window.began_at + length - moment).total_seconds()) + 1
        raise HeadraceError(
            TOO_MANY_TESTS,
            f"Connecting: {limit} {limits.noun} a {name} are allowed, and all are used.",
            retry_after=seconds,
        )
    return window.model_copy(update={"spent": window.spent + 1})


def _expiring(spending: _Spending) -> _Spending:
    """With the time from which the store may remove it: when its longer window is over."""
    end = spending.day.began_at + _DAY + _SKEW
    return spending.model_copy(update={EXPIRING_FIELD: end})


def _stored(document: Document) -> _Spending:
    try:
        return _Spending.model_validate(document.value)
    except ValidationError as error:
        raise HeadraceError(
            DOCUMENTS_UNREADABLE, f"The document '{document.path}' is no budget."
        ) from error
