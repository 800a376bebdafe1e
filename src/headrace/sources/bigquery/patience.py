"""How long BigQuery is waited for."""

from __future__ import annotations

from dataclasses import dataclass

from google.api_core.retry import Retry
from google.cloud.bigquery.retry import DEFAULT_RETRY

from headrace.diagnosis.deadline import Deadline

_ATTEMPT_SECONDS = 15.0
_ALL_SECONDS = 20.0


@dataclass(frozen=True)
class Patience:
    """A statement may take as long as it does, and all else seconds; nothing beyond a deadline."""

    deadline: Deadline | None = None

    @property
    def attempt(self) -> float:
        """For one answer."""
        return min(_ATTEMPT_SECONDS, self.statement or _ATTEMPT_SECONDS)

    @property
    def retry(self) -> Retry:
        """How a call is repeated that fails in passing."""
        return DEFAULT_RETRY.with_timeout(min(_ALL_SECONDS, self.statement or _ALL_SECONDS))

    @property
    def statement(self) -> float | None:
        return self.deadline.remaining if self.deadline else None
