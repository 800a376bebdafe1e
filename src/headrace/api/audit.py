"""Who changed what, and when: a line of the log for each change, also for one that failed.

A line names what was changed and which parts were sent, and never what they hold.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from headrace.api.operations import Access, Operation
from headrace.errors import INTERNAL_ERROR, HeadraceError
from headrace.logs import log_context
from headrace.sign_ins import Caller
from headrace.values import Value

_CHANGES = {Access.CHANGE, Access.DISPATCH}
_NAMES = ("model_id", "source_id", "run_id", "schema_name", "table_name")

_log = logging.getLogger(__name__)


class Deed:
    """What is known of a change while it is made; `result` is what came of it."""

    def __init__(self, request: Value) -> None:
        self.request = request
        self.result: object = None

    @property
    def named(self) -> dict[str, str]:
        """The names of what is changed; of something new they are in the result alone."""
        found: dict[str, str] = {}
        for value in (self.request, self.result):
            named = {name: getattr(value, name, None) for name in _NAMES}
            found |= {name: text for name, text in named.items() if isinstance(text, str)}
        return found

    @property
    def parts(self) -> str:
        return ", ".join(sorted(self.request.model_fields_set - set(_NAMES)))


@contextmanager
def recording(caller: Caller, operation: Operation, request: Value) -> Iterator[Deed]:
    """Write down what is done inside, if it is a change."""
    deed, outcome = Deed(request), "done"
    try:
        yield deed
    except HeadraceError as error:
        outcome = error.code
        raise
    except Exception:
        outcome = INTERNAL_ERROR.code
        raise
    finally:
        if operation.does in _CHANGES:
            _write(caller, operation.handler.__name__, deed, outcome)


def _write(caller: Caller, operation: str, deed: Deed, outcome: str) -> None:
    fields = {"caller": caller.name, "operation": operation, "outcome": outcome, **deed.named}
    if deed.parts:
        fields["parts"] = deed.parts
    with log_context(**fields):
        _log.info("%s: %s (%s)", caller.name, operation, outcome)
