"""What is tried in the fault laboratory, and what the connection test has to say of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from headrace.checks import Layer
from headrace.connections import ServerConnection, TlsMode
from headrace.diagnosis.network import Network
from headrace.model import Selection
from tests.conftest import LOCAL
from tests.diagnosis.impostors import Conversation

# Every spelling of it differs from the others.
PASSWORD = "gehe&im 4711/ö"

# All that clients have said to a server, which goes on while it runs.
Received = list[bytes]

# A conversation, given where to keep what is said in it that can't be overheard.
Recording = Callable[[Received], Conversation]


@dataclass(frozen=True)
class Attempt:
    """A connection test that is made, and how long it may take.

    `patience` is how long to wait for a hang-up, where one comes: this machine may be busy.
    """

    connection: ServerConnection
    password: str = PASSWORD
    selection: tuple[Selection, ...] = ()
    network: Network = LOCAL
    seconds: float = 20
    patience: float | None = None


@dataclass(frozen=True)
class Says:
    """What the test has to say.

    Without a code the layer has passed with a warning, or failed with it. `paste` is a part of
    the text to copy; without it there must be none. `hint` is a part of the next step.
    """

    layer: Layer
    code: str | None = None
    paste: str | None = None
    hint: str = ""


@dataclass(frozen=True)
class Hostile:
    """A server that is none, or wants to harm whoever tests it.

    `talk` gives its conversation, and is given where to keep what it is told in confidence.
    """

    talk: Recording
    says: Says
    tls: TlsMode = TlsMode.DISABLE
    seconds: float = 10
