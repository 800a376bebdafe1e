"""The outer layers of the connection test, which are the same for every database."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from headrace.connections import Connection
from headrace.diagnosis.addresses import literal
from headrace.diagnosis.deadline import Deadline
from headrace.diagnosis.dial import dial, hung_up
from headrace.diagnosis.network import Network
from headrace.diagnosis.relay import Relay
from headrace.diagnosis.resolve import Address, resolve
from headrace.errors import CONNECTION_RESET, HeadraceError
from headrace.model import Layer
from headrace.sources import Finding

# All that a test asks for is a fraction of this.
MOST_BYTES = 8 << 20

# A connection that is ended at once ends a round trip after it was made, and a little more.
_LITTLE = 0.1
_LONGEST_ROUND_TRIP = 0.5


class Reach:
    """From the host and port of a connection to a socket that a driver may use.

    Each step leaves behind what the next one builds upon. What is done over the socket is held
    to the deadline, and to `MOST_BYTES` from the server, whatever the server does.
    """

    _addresses: tuple[Address, ...]

    def __init__(self, connection: Connection, network: Network, deadline: Deadline) -> None:
        self._host = connection.host
        self._port = connection.port
        self._network = network
        self._deadline = deadline
        self._relay: Relay | None = None
        self._open = ExitStack()

    @property
    def steps(self) -> Mapping[Layer, Callable[[], Finding]]:
        return {
            Layer.ADDRESS: self._check_address,
            Layer.DNS: self._look_up,
            Layer.TCP: self._connect,
        }

    @property
    def sock(self) -> socket.socket:
        return self._connected().sock

    @contextmanager
    def held(self, what: str) -> Iterator[None]:
        """Raises CONNECTION_TIMED_OUT or ANSWER_TOO_LONG if that is why `what` failed."""
        with self._connected().held(f"{what} at {self._host} port {self._port}"):
            yield

    def close(self) -> None:
        self._open.close()

    def _check_address(self) -> Finding:
        self._network.admit(self._host, self._port)
        return Finding(f"'{self._host}' port {self._port} may be connected to.")

    def _look_up(self) -> Finding:
        self._addresses = resolve(self._host, self._port, self._network, self._deadline)
        if literal(self._host) is not None:
            (address,) = self._addresses
            another = "" if str(address) == self._host else f", another spelling of {address}"
            return Finding(f"'{self._host}' is an address itself{another}.")
        first, *others = map(str, self._addresses)
        more = f"; {', '.join(others)} if that fails" if others else ""
        return Finding(f"'{self._host}' stands for {first}{more}.")

    def _connect(self) -> Finding:
        began = time.monotonic()
        sock, address = dial(self._addresses, self._network, self._deadline)
        round_trip = time.monotonic() - began
        if hung_up(sock, min(round_trip, _LONGEST_ROUND_TRIP) + _LITTLE):
            sock.close()
            raise HeadraceError(
                CONNECTION_RESET,
                f"Connecting to {address} port {self._port}: the connection was accepted, and "
                "ended at once.",
                hint=self._network.advice_to_let_in(),
            )
        self._relay = Relay(sock, self._deadline, MOST_BYTES)
        self._open.callback(self._relay.close)
        return Finding(f"Port {self._port} of {address} accepts connections.")

    def _connected(self) -> Relay:
        if self._relay is None:
            raise RuntimeError("the steps were called out of order")
        return self._relay
