"""From an instance's name to a socket over which its database speaks."""

from __future__ import annotations

import socket
from importlib import import_module
from typing import TYPE_CHECKING, Any

from headrace.cloud_sql import PORT
from headrace.connections import ADDRESS_TYPES, AddressType, ServerConnection
from headrace.diagnosis.deadline import Deadline
from headrace.diagnosis.dial import Dialled, dial
from headrace.diagnosis.network import Network
from headrace.diagnosis.resolve import Address, resolve
from headrace.errors import (
    ADDRESS_REFUSED,
    CONNECTION_REFUSED,
    CONNECTION_RESET,
    CONNECTION_TIMED_OUT,
    DATABASE_TYPE_WRONG,
    HOST_UNREACHABLE,
    INSTANCE_NOT_SERVED,
    INSTANCE_WITHOUT_ADDRESS,
    PORT_REFUSED,
    Field,
    HeadraceError,
)
from headrace.instances import parts
from headrace.sources import tls

if TYPE_CHECKING:
    from headrace.cloud_sql.lookup import Instance, Question

# How the API's versions of databases begin.
_ENGINES = {"POSTGRES_": "postgres", "MYSQL_": "mysql"}
_NAMES = {"postgres": "PostgreSQL", "mysql": "MySQL"}

_ADD = {
    AddressType.PUBLIC: "--assign-ip",
    AddressType.PRIVATE: "--network=NETWORK",
    AddressType.PSC: "--enable-private-service-connect --allowed-psc-projects=PROJECT",
}
_NO_WAY = {CONNECTION_TIMED_OUT, CONNECTION_REFUSED, CONNECTION_RESET, HOST_UNREACHABLE}
_PUBLIC_ADVICE = (
    f"Check that the instance runs, and that this service may connect to port {PORT} outside: "
    "instances need no list of addresses for those whom they know by IAM."
)
_PRIVATE_ADVICE = (
    "Only machines in the instance's network reach that address: whoever runs this service has it "
    "connect through that network ('egress.subnetwork' in the deployment's Terraform). Or choose "
    "the instance's public address."
)
_AGAIN = (
    "Test again, which asks for a new certificate. If it lasts, look in the console whether the "
    "instance's certificates are being renewed, and set this machine's clock."
)


def question(connection: ServerConnection, network: Network) -> Question:
    """What to ask about the instance.

    Raises INSTANCE_NOT_SERVED if Google's connector is not installed.
    """
    made: Question = _lookup().Question(
        connection.instance, not connection.needs_password, network.instances
    )
    return made


def ask(connection: ServerConnection, network: Network, deadline: Deadline) -> Instance:
    """What the instance is, asked now. Raises the errors of `headrace.cloud_sql.refusals`."""
    found: Instance = _lookup().ask(question(connection, network), deadline)
    return found


def admit(connection: ServerConnection, network: Network) -> None:
    """Raises PORT_REFUSED if the operator lets nobody connect to where instances listen."""
    if not any(PORT in ports for ports in network.ports):
        raise HeadraceError(
            PORT_REFUSED,
            f"Checking the {connection.place}: this service does not connect to port {PORT}, at "
            "which instances of Cloud SQL listen.",
            hint=f"Whoever runs this service adds {PORT} to HEADRACE_ALLOWED_PORTS.",
            fields=[Field("connection.instance", "is reached at a port that is not allowed")],
        )


def address_of(instance: Instance, connection: ServerConnection) -> str:
    """The address of the kind that was chosen. Raises INSTANCE_WITHOUT_ADDRESS."""
    chosen = connection.ip_type
    if found := instance.addresses[chosen]:
        return found[0]
    others = [kind for kind, addresses in instance.addresses.items() if addresses]
    listed = " and ".join(ADDRESS_TYPES[kind] for kind in others)
    project, _, name = parts(connection.instance or "")
    raise HeadraceError(
        INSTANCE_WITHOUT_ADDRESS,
        f"Looking up the {connection.place}: it has no address of the kind '{chosen}'.",
        hint=(f"Choose '{listed}', which it has; or have" if others else "Have")
        + " an administrator add one with this command.",
        copy=f"gcloud sql instances patch {name} --project={project} {_ADD[chosen]}",
        fields=[
            Field("connection.ip_type", "is none that the instance has", next(iter(others), None))
        ],
    )


def judged(
    address: str, connection: ServerConnection, network: Network, deadline: Deadline
) -> tuple[Address, ...]:
    """The addresses to dial; a name is one of Private Service Connect's. As `resolve`."""
    try:
        return resolve(address, PORT, network, deadline)
    except HeadraceError as error:
        if error.kind is not ADDRESS_REFUSED:
            raise
        fields = [Field("connection.ip_type", "leads to an address that is not connected to")]
        raise HeadraceError(
            error.kind,
            f"Looking up the {connection.place}: this service does not connect to its address of "
            f"the kind '{connection.ip_type}'.",
            hint="Whoever runs this service adds the instance's network to "
            "HEADRACE_ALLOWED_NETWORKS. Or choose another of the instance's addresses.",
            fields=fields,
        ) from error


def check_engine(instance: Instance, connection: ServerConnection) -> str:
    """The engine and its version, for a person. Raises DATABASE_TYPE_WRONG."""
    what = f"Looking up the {connection.place}"
    for prefix, kind in _ENGINES.items():
        if not instance.version.startswith(prefix):
            continue
        version = instance.version.removeprefix(prefix).replace("_", ".")
        if kind != connection.type:
            raise HeadraceError(
                DATABASE_TYPE_WRONG,
                f"{what}: this is {_NAMES[kind]}; you chose {connection.label}.",
                hint=f"Choose {_NAMES[kind]} as the type of the database.",
                fields=[Field("connection.type", f"this is {_NAMES[kind]}", kind)],
            )
        return f"{_NAMES[kind]} {version}" if version.replace(".", "").isdigit() else _NAMES[kind]
    raise HeadraceError(
        DATABASE_TYPE_WRONG,
        f"{what}: it is neither PostgreSQL nor MySQL.",
        hint="Enter an instance of PostgreSQL or MySQL.",
        fields=[Field("connection.instance", "is of another database")],
    )


def dialled(
    addresses: tuple[Address, ...],
    connection: ServerConnection,
    network: Network,
    deadline: Deadline,
) -> Dialled:
    """As `dial`, with the next step for an instance."""
    try:
        return dial(addresses, network, deadline)
    except HeadraceError as error:
        if error.kind not in _NO_WAY:
            raise
        public = connection.ip_type is AddressType.PUBLIC
        hint = _PUBLIC_ADVICE if public else _PRIVATE_ADVICE
        fields = [Field("connection.ip_type", "leads to where nothing answers")]
        raise HeadraceError(error.kind, error.detail, hint=hint, fields=fields) from error


def encrypted(
    sock: socket.socket, instance: Instance, connection: ServerConnection
) -> socket.socket:
    """The socket, after each side has shown the other its certificate. Takes it over."""
    what = f"Negotiating TLS with the {connection.place}"
    handshake = tls.Handshake(instance.context, instance.name, what, _AGAIN)
    return tls.handshaken(sock, connection, handshake)


def connected(
    connection: ServerConnection, network: Network, deadline: Deadline
) -> tuple[socket.socket, Instance]:
    """A socket to the instance and what is known of it, which is not asked for each time."""
    admit(connection, network)
    asked = question(connection, network)
    known = _lookup().KNOWN
    instance: Instance = known.find(asked, deadline)
    check_engine(instance, connection)
    try:
        addresses = judged(address_of(instance, connection), connection, network, deadline)
        return dialled(addresses, connection, network, deadline).sock, instance
    except HeadraceError:
        known.forget(asked)  # it may have another address by now
        raise


def _lookup() -> Any:
    try:
        return import_module("headrace.cloud_sql.lookup")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("headrace"):
            raise
        raise HeadraceError(
            INSTANCE_NOT_SERVED, f"The package '{error.name}' is not installed."
        ) from error
