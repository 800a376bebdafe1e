"""The outer layers of the connection test, which are the same for every database."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING

from headrace import sources
from headrace.bigquery_connection import BigqueryConnection
from headrace.checks import Fact, Layer
from headrace.connections import Connection, ServerConnection, TlsMode
from headrace.diagnosis import mistaken
from headrace.diagnosis.addresses import Ip, literal, plain_name
from headrace.diagnosis.deadline import Deadline
from headrace.diagnosis.dial import MOST_ADDRESSES, Dialled, dial, hung_up
from headrace.diagnosis.network import Network
from headrace.diagnosis.opening import Opening
from headrace.diagnosis.protocol import Inquiry
from headrace.diagnosis.relay import Before, Relay
from headrace.diagnosis.resolve import Address, resolve
from headrace.errors import CONNECTION_REFUSED, CONNECTION_RESET, PORT_REFUSED, HeadraceError
from headrace.sources import Finding, tls

if TYPE_CHECKING:
    from headrace.sources.bigquery.reach import GoogleReach

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
    _dialled: Dialled
    _local: Ip
    _heard = b""

    def __init__(self, connection: ServerConnection, network: Network, deadline: Deadline) -> None:
        self._connection = connection
        self._host = connection.hostname
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
            Layer.PROTOCOL: self._recognise,
        }

    @property
    def sock(self) -> socket.socket:
        """The driver's end of the connection, on which the server has not yet been spoken to.

        As far as the driver can tell: what was said and heard to recognise the server, it goes
        through again.
        """
        return self._connected().sock

    @property
    def heard(self) -> bytes:
        """What the server said when it was asked who it is, which may be anything."""
        return self._heard

    @property
    def clients(self) -> tuple[Ip, ...]:
        """From where the server sees us connect, as far as that is known on this side.

        A router in between may put another address in place of this machine's.
        """
        return self._network.egress or (self._local,)

    def encrypted(self, request: Callable[[socket.socket, str], None]) -> socket.socket:
        """`sock`, encrypted as the connection says; see `headrace.sources.tls.encrypted`."""
        return tls.encrypted(self.sock, self._connection, request)

    def again(self) -> socket.socket:
        """Give the connection up for another one to the same address; its end for a driver.

        `sock` and `held` are the new one's; the deadline and the bytes that are left stay.

        Raises the errors of `dial`.
        """
        before = self._connected()
        before.close()
        self._take_over(Opening(self._dial_again(self._deadline)), most_bytes=before.left)
        return self.sock

    @contextmanager
    def held(self, what: str) -> Iterator[None]:
        """Raises CONNECTION_TIMED_OUT or ANSWER_TOO_LONG if that is why `what` failed."""
        with self._connected().held(f"{what} at {self._connection.place}"):
            yield

    def close(self) -> None:
        self._open.close()

    def _check_address(self) -> Finding:
        try:
            self._network.admit(self._host, self._port)
        except HeadraceError as error:
            if error.kind is not PORT_REFUSED:
                raise
            fields = mistaken.port_at_fault(self._connection, error.kind.title)
            raise HeadraceError(error.kind, error.detail, fields=fields) from error
        return Finding(f"'{self._host}' port {self._port} may be connected to.")

    def _look_up(self) -> Finding:
        began = time.monotonic()
        self._addresses = resolve(self._host, self._port, self._network, self._deadline)
        took = Fact(name="time to look up", value=milliseconds(time.monotonic() - began))
        if literal(self._host) is not None:
            (address,) = self._addresses
            another = "" if str(address) == self._host else f", another spelling of {address}"
            return Finding(f"'{self._host}' is an address itself{another}.")
        first, *others = map(str, self._addresses)
        more = f"; {', '.join(others[: MOST_ADDRESSES - 1])} if that fails" if others else ""
        name = plain_name(self._host)
        written = self._host.lower().removesuffix(".")
        return Finding(
            f"'{self._host}' stands for {first}{more}.",
            facts=(
                *([] if name == written else [Fact(name="looked up as", value=name)]),
                *(Fact(name="address", value=address) for address in (first, *others)),
                took,
            ),
        )

    def _connect(self) -> Finding:
        began = time.monotonic()
        try:
            self._dialled = dial(self._addresses, self._network, self._deadline)
        except HeadraceError as error:
            if error.kind is not CONNECTION_REFUSED:
                raise
            hint = mistaken.nothing_listens(self._connection, self._addresses[-1].ip)
            raise HeadraceError(
                error.kind,
                error.detail,
                hint=hint,
                fields=mistaken.port_at_fault(self._connection, error.kind.title),
            ) from error
        round_trip = time.monotonic() - began
        sock, address = self._dialled.sock, self._dialled.address
        self._open.callback(sock.close)
        self._local = ip_address(sock.getsockname()[0].partition("%")[0])
        if hung_up(sock, min(round_trip, _LONGEST_ROUND_TRIP) + _LITTLE):
            raise HeadraceError(
                CONNECTION_RESET,
                f"Connecting to {address} port {self._port}: the connection was accepted, and "
                "ended at once.",
                hint=self._network.advice_to_let_in(),
                copy=self._network.to_let_in(),
            )
        others = "".join(f" Not so {failure}." for failure in self._dialled.failures)
        return Finding(
            f"Port {self._port} of {address} accepts connections.{others}",
            facts=(
                Fact(name="address in use", value=str(address)),
                Fact(name="time to connect", value=milliseconds(round_trip)),
            ),
        )

    def _recognise(self) -> Finding:
        opening = Opening(self._dialled.sock)
        service = Inquiry(self._connection, self._deadline, self._dial_again).answer(opening)
        self._heard = opening.heard
        self._take_over(opening, most_bytes=MOST_BYTES)
        refuses = ", and refuses the connection" if service.refusal else ""
        return Finding(
            f"{service} answers{refuses}.", facts=(Fact(name="server", value=str(service)),)
        )

    def _take_over(self, opening: Opening, *, most_bytes: int) -> None:
        """Have the driver go through what was said and heard, if that is what it would say."""
        begun = opening.said and self._connection.tls is TlsMode.DISABLE
        if begun and opening.heard != b"N":  # the server now waits for TLS
            opening.close()
            opening = Opening(self._dial_again(self._deadline))
        before = Before() if begun else Before(opening.said, opening.heard)
        self._relay = Relay(opening.sock, self._deadline, most_bytes, before)
        self._open.callback(self._relay.close)

    def _dial_again(self, deadline: Deadline) -> socket.socket:
        return dial([self._dialled.address], self._network, deadline).sock

    def _connected(self) -> Relay:
        if self._relay is None:
            raise RuntimeError("the steps were called out of order")
        return self._relay


def reach_of(connection: Connection, network: Network, deadline: Deadline) -> Reach | GoogleReach:
    """By host and port, by the name of an instance of Cloud SQL, or at Google's own address.

    Nothing is connected yet. Raises SOURCE_TYPE_NOT_SERVED.
    """
    if isinstance(connection, BigqueryConnection):
        return sources.google_reach(network, deadline)
    if connection.instance is not None:
        from headrace.cloud_sql.reach import InstanceReach

        return InstanceReach(connection, network, deadline)
    return Reach(connection, network, deadline)


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 0.01 else f"{seconds * 1000:.0f} ms"
