"""Test a connection, layer by layer. No secret is touched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Self

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticKnownError

from headrace.checks import Check, CheckStatus
from headrace.connections import Connection, Credentials
from headrace.diagnosis.diagnose import diagnose
from headrace.model import Selection
from headrace.services import Services
from headrace.values import Value


class ConnectionTest(Value):
    """What to log in to, and with what."""

    connection: Connection
    credentials: Credentials | None = Field(
        default=None,
        validate_default=True,
        description="Needed unless the connection's login is by IAM.",
    )
    selection: tuple[Selection, ...] = Field(
        default=(), description="What shall be read, if that is known; empty looks at all tables."
    )

    @field_validator("credentials")
    @classmethod
    def _as_needed(cls, value: Credentials | None, info: ValidationInfo) -> Credentials | None:
        connection = info.data.get("connection")
        if value is None and (connection is None or connection.needs_password):
            raise PydanticKnownError("missing")
        return value


class ConnectionReport(Value):
    """What the test found, layer by layer."""

    passed: bool = Field(description="Whether no check failed.")
    checks: tuple[Check, ...]

    @classmethod
    def of(cls, checks: Iterable[Check]) -> Self:
        done = tuple(checks)
        return cls(
            passed=all(check.status is not CheckStatus.FAILED for check in done), checks=done
        )


def test_connection(services: Services, request: ConnectionTest) -> Iterator[Check]:
    """One check a layer, each as soon as it is done. A failed connection is no error here."""
    return diagnose(
        request.connection,
        request.credentials or Credentials.none(),
        services.settings.network,
        selection=request.selection,
    )
