"""The outer layers of the connection test of an instance."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from headrace.checks import Fact
from headrace.cloud_sql import PORT, line
from headrace.connections import ADDRESS_TYPES
from headrace.diagnosis.addresses import Ip, literal
from headrace.diagnosis.dial import dial
from headrace.diagnosis.reach import MOST_BYTES, Reach, milliseconds
from headrace.diagnosis.relay import Relay
from headrace.sources import Finding

if TYPE_CHECKING:
    from headrace.cloud_sql.lookup import Instance


class InstanceReach(Reach):
    """From an instance's name to a socket that a driver may use.

    The name is looked up anew, whatever other connections know of the instance.
    """

    _instance: Instance

    @property
    def clients(self) -> tuple[Ip, ...]:
        """None: the database sees Google's own proxy connect."""
        return ()

    def encrypted(self, request: Callable[[socket.socket, str], None]) -> socket.socket:  # noqa: ARG002
        """An instance speaks TLS from the first byte on."""
        return line.encrypted(self.sock, self._instance, self._connection)

    def again(self) -> socket.socket:
        before = self._connected()
        before.close()
        sock = dial([self._dialled.address], self._network, self._deadline).sock
        self._relay = Relay(sock, self._deadline, before.left)
        self._open.callback(self._relay.close)
        return self.sock

    def _check_address(self) -> Finding:
        line.admit(self._connection, self._network)
        self._instance = line.ask(self._connection, self._network, self._deadline)
        until = f"{self._instance.expires_at:%Y-%m-%d %H:%M} UTC"
        return Finding(
            f"Instance '{self._connection.instance}' is there, and this service may connect to it.",
            facts=(Fact(name="certificate of this service until", value=until),),
        )

    def _look_up(self) -> Finding:
        kind = ADDRESS_TYPES[self._connection.ip_type]
        given = line.address_of(self._instance, self._connection)
        self._addresses = line.judged(given, self._connection, self._network, self._deadline)
        first, *_ = map(str, self._addresses)
        name = "" if literal(given) is not None else f", by the name '{given}'"
        return Finding(
            f"Its address is {first}{name} ({kind[0].lower()}{kind[1:]}).",
            facts=tuple(Fact(name="address", value=str(one)) for one in self._addresses),
        )

    def _connect(self) -> Finding:
        began = time.monotonic()
        self._dialled = line.dialled(
            self._addresses, self._connection, self._network, self._deadline
        )
        took = Fact(name="time to connect", value=milliseconds(time.monotonic() - began))
        self._open.callback(self._dialled.sock.close)
        address = self._dialled.address
        return Finding(
            f"Port {PORT} of {address} accepts connections.",
            facts=(Fact(name="address in use", value=str(address)), took),
        )

    def _recognise(self) -> Finding:
        engine = line.check_engine(self._instance, self._connection)
        self._relay = Relay(self._dialled.sock, self._deadline, MOST_BYTES)
        self._open.callback(self._relay.close)
        return Finding(f"The instance runs {engine}, as Google says.")
