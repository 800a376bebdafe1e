"""Start the runs that are due by their sources' schedules."""

from __future__ import annotations

from headrace.extraction.dispatch import Dispatched, dispatch
from headrace.model import now
from headrace.services import Services
from headrace.values import Value


class DispatchDue(Value):
    """Nothing needs to be said: what is due follows from the time."""


def dispatch_due(services: Services, request: DispatchDue) -> Dispatched:  # noqa: ARG001
    """One pass, to be called again and again; two at once start nothing twice."""
    return dispatch(services, now())
