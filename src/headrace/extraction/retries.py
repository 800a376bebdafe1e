"""What passes is tried again over a new connection; what stays is not."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
    wait_random_exponential,
)

from headrace.chunks import WHOLE
from headrace.errors import TABLE_CHANGED, HeadraceError
from headrace.extraction.snapshots import WorkerConnection
from headrace.sources import Database

log = logging.getLogger(__name__)

T = TypeVar("T")

# How often something is tried before the run fails, and how long is waited in between: a random
# time below a limit that doubles, so that workers whom one fault has hit don't come back all at
# once.
ATTEMPTS = 7
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 30.0


def retrying(pause: Callable[[float], None] = time.sleep) -> Retrying:
    """For what is asked of a source."""
    return Retrying(
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS),
        retry=retry_if_exception(passes),
        sleep=pause,
        before_sleep=_announce,
        reraise=True,
    )


def retrying_for(seconds: float, pause: Callable[[float], None]) -> Retrying:
    """For what is asked of the documents, by somebody who has so much time."""
    return Retrying(
        stop=stop_after_delay(seconds),
        wait=wait_random_exponential(FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS / 6),
        retry=retry_if_exception(passes),
        sleep=pause,
        before_sleep=_announce,
        reraise=True,
    )


def over(connection: WorkerConnection, work: Callable[[Database], T]) -> T:
    """Do that over the connection, which is made anew if it is not there; an error ends it."""
    try:
        return work(connection.open(WHOLE))
    except BaseException:
        connection.drop()
        raise


def passes(error: BaseException) -> bool:
    """Whether another try over a new connection may help."""
    if not isinstance(error, HeadraceError):
        return False
    return error.transient and error.kind is not TABLE_CHANGED


def _announce(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    pause = state.next_action.sleep if state.next_action else 0.0
    log.warning("trying again in %.1f s: %s", pause, error)
