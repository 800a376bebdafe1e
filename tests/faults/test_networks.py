"""What goes wrong before a database is reached: addresses, names, ports, firewalls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from ipaddress import ip_address

import pytest

from devservers.ports import free_port
from headrace.checks import Layer
from headrace.connections import MysqlConnection, PostgresConnection
from headrace.diagnosis.network import Network
from tests.conftest import LOCAL
from tests.diagnosis import impostors
from tests.faults.case import Attempt, Says
from tests.faults.laboratory import Laboratory

TYPES = [PostgresConnection, MysqlConnection]

PUBLIC = Network()
EGRESS = Network(allowed=LOCAL.allowed, egress=(ip_address("198.51.100.7"),))


@dataclass(frozen=True)
class Address:
    """What is entered, and what this deployment may connect to."""

    host: str
    says: Says
    port: int = 5432
    network: Network = PUBLIC


REFUSED = Says(Layer.ADDRESS, "address_refused")

ADDRESSES = {
    "a name that nobody has": Address("-", Says(Layer.DNS, "host_unknown")),
    "a name of a domain that is none": Address(
        "db.example.invalid", Says(Layer.DNS, "host_unknown"), network=LOCAL
    ),
    "a metadata service": Address("169.254.169.254", REFUSED),
    "a metadata service by name": Address("metadata.google.internal", REFUSED),
    "a private address": Address("10.0.0.1", REFUSED),
    "this machine": Address("127.1", REFUSED),
    "this machine within IPv6": Address("::ffff:127.0.0.1", REFUSED),
    "localhost": Address(
        "localhost", Says(Layer.ADDRESS, "address_refused", hint="not the one at which you sit")
    ),
    "a port that is not open to anybody": Address(
        "127.0.0.1", Says(Layer.ADDRESS, "port_refused"), port=22, network=LOCAL
    ),
}


@pytest.mark.parametrize("case", ADDRESSES.values(), ids=ADDRESSES.keys())
@pytest.mark.parametrize("kind", TYPES)
def test_an_address(
    laboratory: Laboratory, case: Address, kind: type[PostgresConnection | MysqlConnection]
) -> None:
    connection = kind(host=case.host, port=case.port, database="d", user="u")
    laboratory.holds(Attempt(connection, network=case.network, seconds=5), case.says)


@contextmanager
def closed() -> Iterator[int]:
    yield free_port()


@contextmanager
def reset() -> Iterator[int]:
    with impostors.listening(impostors.resets) as port:
        yield port


PORTS = {
    "nothing listens": (closed, Says(Layer.TCP, "connection_refused")),
    "a firewall drops it": (
        impostors.filtered,
        Says(Layer.TCP, "connection_timed_out", "198.51.100.7", "firewall"),
    ),
    "reset as soon as accepted": (
        reset,
        Says(Layer.TCP, "connection_reset", "198.51.100.7", "firewall"),
    ),
}


@pytest.mark.parametrize(("port", "says"), PORTS.values(), ids=PORTS.keys())
@pytest.mark.parametrize("kind", TYPES)
def test_a_port(
    laboratory: Laboratory,
    port: Callable[[], AbstractContextManager[int]],
    says: Says,
    kind: type[PostgresConnection | MysqlConnection],
) -> None:
    with port() as number:
        connection = kind(host="127.0.0.1", port=number, database="d", user="u")
        laboratory.holds(Attempt(connection, network=EGRESS, seconds=1), says)
