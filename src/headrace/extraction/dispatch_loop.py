"""The heartbeat of a machine of one's own: a thread that dispatches again and again."""

from __future__ import annotations

import logging
import threading

from headrace.errors import HeadraceError
from headrace.extraction.dispatch import outcomes
from headrace.model import now
from headrace.services import Services

log = logging.getLogger(__name__)

_SECONDS = 15.0


class DispatchLoop:
    """Dispatches at once, then every `seconds`, until `end`. A pass that fails is logged."""

    def __init__(self, services: Services, *, seconds: float = _SECONDS) -> None:
        self._services = services
        self._seconds = seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="dispatch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Wait until the source that is in hand is done with. Ending twice is no error."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _loop(self) -> None:
        while not self._over.is_set():
            self._pass()
            self._over.wait(self._seconds)

    def _pass(self) -> None:
        try:
            for _ in outcomes(self._services, now()):
                if self._over.is_set():
                    return
        except HeadraceError as error:
            log.error("the schedules can't be looked at: %s: %s", error.code, error.detail)  # noqa: TRY400
        except Exception:
            log.exception("dispatching failed in a way that nobody foresaw")
