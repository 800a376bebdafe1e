"""The layered connection test: where exactly a connection ends, and what to do about it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from headrace import sources
from headrace.connections import Connection, Credentials
from headrace.diagnosis.deadline import Deadline
from headrace.diagnosis.network import Network
from headrace.diagnosis.reach import Reach
from headrace.errors import HeadraceError
from headrace.model import Check, CheckStatus, Layer

_SECONDS = 20


def diagnose(
    connection: Connection,
    credentials: Credentials,
    network: Network,
    *,
    seconds: float = _SECONDS,
) -> Iterator[Check]:
    """One check for each layer, in the order of `Layer`, each as soon as it is done.

    After a failure the layers above are skipped, since they can't be reached. The test ends
    after `seconds`, whatever the server does, and stores nothing. Nothing but what the network
    allows is connected to.
    """
    probe = sources.probe(connection, credentials, Reach(connection, network, Deadline(seconds)))
    failed: Layer | None = None
    try:
        for layer, step in probe.steps.items():
            check = _skipped(layer, failed) if failed else _checked(layer, step)
            if check.status is CheckStatus.FAILED:
                failed = layer
            yield check
    finally:
        probe.close()


def _checked(layer: Layer, step: Callable[[], sources.Finding]) -> Check:
    began = time.monotonic()

    def milliseconds() -> int:
        return round((time.monotonic() - began) * 1000)

    try:
        finding = step()
    except HeadraceError as error:
        return Check(
            layer=layer,
            status=CheckStatus.FAILED,
            milliseconds=milliseconds(),
            found=error.detail,
            code=error.code,
            hint=error.hint,
        )
    return Check(
        layer=layer,
        status=CheckStatus.WARNED if finding.advice else CheckStatus.PASSED,
        milliseconds=milliseconds(),
        found=finding.found,
        hint=finding.advice,
    )


def _skipped(layer: Layer, failed: Layer) -> Check:
    return Check(
        layer=layer,
        status=CheckStatus.SKIPPED,
        milliseconds=0,
        found=f"Not tested, since the layer '{failed}' beneath it failed.",
    )
