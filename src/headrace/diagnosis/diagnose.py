"""The layered connection test: where exactly a connection ends, and what to do about it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from headrace import sources
from headrace.checks import Check, CheckStatus, Fact, Layer
from headrace.connections import Connection, Credentials
from headrace.diagnosis.at_fault import fields_at_fault
from headrace.diagnosis.deadline import Deadline
from headrace.diagnosis.network import Network
from headrace.diagnosis.reach import reach_of
from headrace.errors import (
    ANSWER_TOO_LONG,
    CONNECTION_LOST,
    CONNECTION_TIMED_OUT,
    HeadraceError,
)
from headrace.model import Selection

_SECONDS = 20

# Each layer and the one without which it can't be tested. What an extraction needs of a server
# can be asked of any session, whatever the user may read.
DEPENDS_ON = {
    Layer.DNS: Layer.ADDRESS,
    Layer.TCP: Layer.DNS,
    Layer.PROTOCOL: Layer.TCP,
    Layer.TLS: Layer.PROTOCOL,
    Layer.LOGIN: Layer.TLS,
    Layer.DATABASE: Layer.LOGIN,
    Layer.RIGHTS: Layer.DATABASE,
    Layer.FITNESS: Layer.LOGIN,
}

# After these the server can't be asked anything more, whatever is independent otherwise.
_OVER = {kind.code for kind in (CONNECTION_LOST, CONNECTION_TIMED_OUT, ANSWER_TOO_LONG)}


def diagnose(
    connection: Connection,
    credentials: Credentials,
    network: Network,
    *,
    selection: Sequence[Selection] = (),
    seconds: float = _SECONDS,
) -> Iterator[Check]:
    """One check for each layer, in the order of `Layer`, each as soon as it is done.

    After a failure the layers that depend on it are skipped, and all that follow if it was the end
    of the conversation. The test ends after `seconds`,
    whatever the server does, and stores nothing. Nothing but what the network allows is connected
    to. `selection` is what shall be read, if that is known already.
    """
    reach = reach_of(connection, network, Deadline(seconds))
    probe = sources.probe(connection, credentials, reach, selection)
    missing: dict[Layer, Layer] = {}  # a layer that failed or was skipped, and what failed first
    try:
        for layer, step in probe.steps.items():
            needed = DEPENDS_ON.get(layer)
            if needed in missing:
                missing[layer] = missing[needed]
                yield _skipped(layer, missing[needed])
                continue
            check = _checked(layer, step, connection)
            if check.status is CheckStatus.FAILED:
                missing[layer] = layer
                if check.code in _OVER:
                    missing.update(dict.fromkeys(DEPENDS_ON, layer))
            yield check
    finally:
        probe.close()


def _checked(layer: Layer, step: Callable[[], sources.Finding], connection: Connection) -> Check:
    began = time.monotonic()

    def milliseconds() -> int:
        return round((time.monotonic() - began) * 1000)

    try:
        finding = step()
    except HeadraceError as error:
        learned = tuple(Fact(name=name, value=value) for name, value in error.facts.items())
        finding = sources.Finding(error.detail, error=error, facts=learned)
    if wrong := finding.error:
        return Check(
            layer=layer,
            status=CheckStatus.FAILED,
            milliseconds=milliseconds(),
            found=wrong.detail,
            code=wrong.code,
            hint=wrong.hint,
            copy_text=wrong.copy,
            fields=fields_at_fault(wrong, connection),
            facts=finding.facts,
            grants=finding.grants,
        )
    advised = finding.advice or next((f.advice for f in finding.facts if f.advice), None)
    return Check(
        layer=layer,
        status=CheckStatus.WARNED if advised else CheckStatus.PASSED,
        milliseconds=milliseconds(),
        found=finding.found,
        hint=advised,
        copy_text=finding.copy,
        facts=finding.facts,
        grants=finding.grants,
    )


def _skipped(layer: Layer, failed: Layer) -> Check:
    return Check(
        layer=layer,
        status=CheckStatus.SKIPPED,
        milliseconds=0,
        found=f"Not tested, since the layer '{failed}' failed.",
    )
