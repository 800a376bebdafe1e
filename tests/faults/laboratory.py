"""What holds of every fault: the right layer, a next step, no harm, and no word of the password."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from headrace.checks import Check, CheckStatus, Layer
from headrace.connections import MysqlConnection, PostgresConnection
from tests import secrecy
from tests.diagnosis.impostors import listening
from tests.faults.case import PASSWORD, Attempt, Hostile, Received, Says
from tests.faults.examined import examined
from tests.faults.proxy import NO_FAULT, Fault, between, recorded

Kind = type[PostgresConnection | MysqlConnection]

MOST_KILOBYTES = 150_000

# The layers that can't be tested any more when this one has failed: all that follow, but these.
_FOLLOWING_ANYWAY = {
    Layer.DATABASE: (Layer.FITNESS,),
    Layer.RIGHTS: (Layer.FITNESS,),
}

# What ends the conversation, so that nothing can be asked any more.
_ENDS = ("connection_lost", "connection_timed_out", "answer_too_long")

# What hostile servers put into their answers to reach a page, a terminal or a log.
_SMUGGLED = ("forged", "script", "\x1b", "\\u001b")


class Laboratory:
    """Makes attempts; `directory` takes what they write."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def holds(self, attempt: Attempt, says: Says) -> None:
        """Assert all that has to hold of every fault."""
        patience = 5.0 if says.code == "connection_reset" else None
        found = examined(replace(attempt, patience=patience), self._directory)
        assert [check.layer for check in found.checks] == list(Layer)
        _blames(found.checks, says)
        _advises(found.checks, says)
        shown = "".join(check.model_dump_json() for check in found.checks)
        everything = (shown, repr(found.checks), found.exceptions, found.output)
        told = secrecy.told(attempt.password, *everything)
        assert not told, f"the password was shown as {told}"
        assert not [word for word in _SMUGGLED if word in shown]
        assert not found.threads
        assert found.peak_kilobytes < MOST_KILOBYTES

    def overhears(self, attempt: Attempt, says: Says, fault: Fault = NO_FAULT) -> None:
        """The same through a proxy with this fault, which is not told the password either."""
        received: Received = []
        asked = recorded(received, fault.asked)
        with between(attempt.connection.port, asked=asked, answered=fault.answered) as port:
            connection = attempt.connection.model_copy(update={"port": port})
            self.holds(replace(attempt, connection=connection), says)
        told = secrecy.told(attempt.password, b"".join(received))
        assert not told, f"the password was sent as {told}"

    def withstands(self, kind: Kind, hostile: Hostile) -> None:
        """The same of a server that is hostile, as a connection of that type reaches it."""
        inside: Received = []
        with listening(hostile.talk(inside)) as port:
            connection = kind(host="127.0.0.1", port=port, database="d", user="u", tls=hostile.tls)
            self.overhears(Attempt(connection, seconds=hostile.seconds), hostile.says)
        assert not secrecy.told(PASSWORD, b"".join(inside))


def _blames(checks: Sequence[Check], says: Says) -> None:
    """One layer failed, and what depends on it was skipped; or none, and that one is a warning."""
    failed = [(check.layer, check.code) for check in checks if check.status is CheckStatus.FAILED]
    skipped = [check.layer for check in checks if check.status is CheckStatus.SKIPPED]
    if says.code is None:
        assert (failed, skipped) == ([], []), failed
        warned = {check.layer for check in checks if check.status is CheckStatus.WARNED}
        assert says.layer in warned
        # Many do without TLS on purpose; how fit a server is may depend on how busy it is.
        assert warned <= {says.layer, Layer.TLS, Layer.FITNESS}, warned
        return
    assert failed == [(says.layer, says.code)], _of(checks, says.layer).found
    following = list(Layer)[list(Layer).index(says.layer) + 1 :]
    anyway = () if says.code in _ENDS else _FOLLOWING_ANYWAY.get(says.layer, ())
    assert skipped == [layer for layer in following if layer not in anyway]


def _advises(checks: Sequence[Check], says: Says) -> None:
    for check in checks:
        assert check.found
        if check.status in (CheckStatus.FAILED, CheckStatus.WARNED):
            assert check.hint, check
    blamed = _of(checks, says.layer)
    assert says.hint in (blamed.hint or "")
    if says.paste is None:
        assert blamed.copy_text is None
    else:
        assert says.paste in (blamed.copy_text or "")


def _of(checks: Sequence[Check], layer: Layer) -> Check:
    return next(check for check in checks if check.layer is layer)
