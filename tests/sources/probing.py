"""The connection test's checks, by layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import SecretStr

from headrace.checks import Check, CheckStatus, Fact, Layer
from headrace.connections import Connection, Credentials
from headrace.diagnosis.diagnose import diagnose
from headrace.diagnosis.network import Network
from headrace.model import Selection
from tests.conftest import LOCAL, Database

Checks = dict[Layer, Check]


def probed(
    connection: Connection,
    credentials: Credentials,
    selection: Sequence[Selection] = (),
    network: Network = LOCAL,
) -> Checks:
    checks = {
        check.layer: check
        for check in diagnose(connection, credentials, network, selection=selection)
    }
    assert list(checks) == list(Layer)
    for check in checks.values():
        if check.status in (CheckStatus.FAILED, CheckStatus.WARNED):
            assert check.hint, check
    assert credentials.password.get_secret_value() not in repr(checks)
    return checks


def probed_as(own: Database, user: str, password: str, **changed: Any) -> Checks:
    connection = own.connection.model_copy(update={"user": user, **changed})
    return probed(connection, Credentials(password=SecretStr(password)))


def failed(checks: Checks) -> Check:
    (check,) = [check for check in checks.values() if check.status is CheckStatus.FAILED]
    return check


def facts(check: Check) -> dict[str, Fact]:
    return {fact.name: fact for fact in check.facts}
