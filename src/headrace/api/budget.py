"""How many connections a caller may have tested, so that the service is no port scanner.

A caller has one document, `budgets/<digest of the caller>`, changed by compare-and-swap alone, so
that the limits hold over all instances of the service.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from pydantic import AwareDatetime, Field, ValidationError

from headrace.documents import Document, Documents
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


class _Window(Value):
    """What was spent of a limit since its window began."""

    began_at: AwareDatetime
    spent: int = Field(ge=0)


class _Spending(Value):
    minute: _Window
    day: _Window


def spend_test(services: Services, caller: str) -> None:
    """Count one test for the caller. Raises TOO_MANY_TESTS, with `retry_after`."""
    settings = services.settings
    spend(services.documents, caller, (settings.tests_per_minute, settings.tests_per_day))


def spend(
    documents: Documents,
    caller: str,
    limits: tuple[int, int],
    clock: Callable[[], datetime] = now,
) -> None:
    """Count one test against the limits of a minute and of a day; what is refused is not counted.

    A window begins with the first test after the one before has ended.
    """
    path = f"budgets/{hashlib.sha256(caller.encode()).hexdigest()}"
    while True:
        moment = clock().astimezone(UTC)
        document = documents.get(path)
        before = _stored(document) if document else None
        spending = _Spending(
            minute=_spent(before.minute if before else None, moment, _MINUTE, limits[0]),
            day=_spent(before.day if before else None, moment, _DAY, limits[1]),
        )
        value = spending.model_dump(mode="json")
        try:
            if document is None:
                documents.create(path, value)
            else:
                documents.replace(path, value, document.etag)
            return
        except HeadraceError as error:
            if error.kind not in (DOCUMENT_EXISTS, DOCUMENT_STALE):
                raise


def _spent(window: _Window | None, moment: datetime, length: timedelta, limit: int) -> _Window:
    if window is None or not window.began_at <= moment < window.began_at + length:
        return _Window(began_at=moment, spent=1)
    if window.spent >= limit:
        seconds = int((window.began_at + length - moment).total_seconds()) + 1
        name = "minute" if length == _MINUTE else "day"
        raise HeadraceError(
            TOO_MANY_TESTS,
            f"Testing a connection: {limit} tests a {name} are allowed, and all are used.",
            retry_after=seconds,
        )
    return window.model_copy(update={"spent": window.spent + 1})


def _stored(document: Document) -> _Spending:
    try:
        return _Spending.model_validate(document.value)
    except ValidationError as error:
        raise HeadraceError(
            DOCUMENTS_UNREADABLE, f"The document '{document.path}' is no budget."
        ) from error
