"""`python -m tests.diagnosis.audited MODULE ARGUMENTS`: a `main`, and every connection it made.

Each line on standard error is one call of the system's `connect` or `getaddrinfo` in this
process, seen through Python's own audit events: what it was, and the module of Headrace that
asked for it. Drivers and libraries are seen too, whatever they call.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from types import FrameType
from typing import Any

_WATCHED = {"socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.gethostbyname"}


def _asker(frame: FrameType | None) -> str:
    """The innermost module of Headrace in the stack."""
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name.startswith("headrace."):
            return name
        frame = frame.f_back
    return "nobody"


def _note(event: str, _: tuple[Any, ...]) -> None:
    if event in _WATCHED:
        os.write(2, f"audited {event} {_asker(sys._getframe(1))}\n".encode())


if __name__ == "__main__":
    sys.addaudithook(_note)
    main = import_module(sys.argv.pop(1)).main
    sys.exit(main())
