"""What to tell somebody whose database is not what answers."""

from __future__ import annotations

from headrace.connections import ServerConnection
from headrace.diagnosis.addresses import Ip
from headrace.diagnosis.recognise import Service, Speaks
from headrace.errors import (
    CONNECTION_TIMED_OUT,
    DATABASE_TYPE_WRONG,
    PROTOCOL_UNEXPECTED,
    SERVER_NOT_READY,
    TOO_MANY_CONNECTIONS,
    Field,
    HeadraceError,
)

# The databases that can be chosen: their names, and the ports at which they usually listen.
NAMES = {"postgres": "PostgreSQL", "mysql": "MySQL or MariaDB"}
USUAL_PORTS = {"postgres": 5432, "mysql": 3306}

TYPES = {
    Speaks.POSTGRES: "postgres",
    Speaks.MYSQL: "mysql",
    Speaks.MARIADB: "mysql",
    Speaks.MYSQL_OR_MARIADB: "mysql",
}

# What is none of them, and what was probably done. All others are simply another port's.
_NEXT_STEPS = {
    Speaks.MYSQL_X: "MySQL listens at another port for its usual protocol: enter that, usually "
    "3306, and 'mysql' as the type of the database.",
    Speaks.SQL_SERVER: "SQL Server is not supported yet. Check the host and the port if you meant "
    "another database.",
    Speaks.HTTP: "That is the port of a web server, perhaps of the database's own pages or of its "
    "HTTP interface: enter the port at which the database itself listens",
    Speaks.SSH: "That is the port for logging in to the machine, not to its database: enter the "
    "database's port",
    Speaks.TLS: "This port speaks TLS from the first byte, as web servers do, and proxies such as "
    "stunnel in front of a database: enter the port at which the database itself listens",
}
_ANOTHER_PORT = "That is no database that can be read here: enter the database's port"


def nothing_listens(connection: ServerConnection, address: Ip) -> str:
    """The next step when the connection was refused."""
    if address.is_loopback:
        return (
            f"'{connection.hostname}' is the machine of this service itself. If the database runs "
            "elsewhere, in a container of its own for example, enter the name by which that is "
            f"reached; else check the port ({usual_port(connection)}) and that the database runs."
        )
    return (
        f"Check the port ({usual_port(connection)}) and that the database is running and accepts "
        "connections from other machines."
    )


def usual_port(connection: ServerConnection) -> str:
    return f"{NAMES[connection.type]}: usually {USUAL_PORTS[connection.type]}"


def port_at_fault(connection: ServerConnection, message: str) -> tuple[Field, ...]:
    """The field, with the port that is usual, unless that was entered."""
    usual = USUAL_PORTS[connection.type]
    suggestion = str(usual) if connection.port != usual else None
    return (Field("connection.port", message, suggestion),)


def another(service: Service, connection: ServerConnection, what: str) -> HeadraceError:
    """The error for a service that is not of the connection's type."""
    chosen = NAMES[connection.type]
    if (kind := TYPES.get(service.speaks)) is None:
        step = _NEXT_STEPS.get(service.speaks, _ANOTHER_PORT)
        return HeadraceError(
            PROTOCOL_UNEXPECTED,
            f"{what}: this is {service}, not {chosen}.",
            hint=step if step.endswith(".") else f"{step} ({usual_port(connection)}).",
            fields=port_at_fault(connection, f"{service} answers there"),
        )
    hint = f"Choose '{kind}' as the type of the database (in a URL, {_scheme(kind)}://)."
    fields = [Field("connection.type", f"this is {service}", kind)]
    if connection.port != USUAL_PORTS[connection.type]:
        hint += f" Or enter another port, if the server has both ({usual_port(connection)})."
        fields += port_at_fault(connection, f"{service} answers there")
    return HeadraceError(
        DATABASE_TYPE_WRONG,
        f"{what}: this is {service}; you chose {chosen}.",
        hint=hint,
        fields=fields,
    )


def postgres_refuses(service: Service, what: str) -> HeadraceError:
    """The error for a PostgreSQL that answers to the first word already with an error."""
    full = service.refusal == "53300"
    state = f" (SQLSTATE {service.refusal})" if service.refusal else ""
    return HeadraceError(
        TOO_MANY_CONNECTIONS if full else SERVER_NOT_READY,
        f"{what}: PostgreSQL answers, but takes on no further connection now{state}.",
        hint=None
        if full
        else "Try again in a minute. If it lasts, look in the database's log: the machine may "
        "have no memory or no process left.",
    )


def unrecognised(connection: ServerConnection, what: str) -> HeadraceError:
    """The error for something that answers, in no way that is known."""
    return HeadraceError(
        PROTOCOL_UNEXPECTED,
        f"{what}: something answers, but not {NAMES[connection.type]}, nor anything else that is "
        "known here.",
        hint=f"Check the host and the port ({usual_port(connection)}), and the type of the "
        "database.",
        fields=port_at_fault(connection, "something else answers there"),
    )


def silent(connection: ServerConnection, what: str) -> HeadraceError:
    """The error for a server that takes connections and never says a word."""
    return HeadraceError(
        CONNECTION_TIMED_OUT,
        f"{what} the server, which accepts connections, has not said a word.",
        hint=f"Check the port ({usual_port(connection)}). If it is the right one, the database is "
        "overloaded or hangs, or stands behind a proxy that can't reach it.",
        fields=port_at_fault(connection, "nobody says a word there"),
    )


def ended(connection: ServerConnection, what: str) -> HeadraceError:
    """The error for a connection that is ended in answer to the first word."""
    return HeadraceError(
        PROTOCOL_UNEXPECTED,
        f"{what}: the server ends each connection without an answer, as no "
        f"{NAMES[connection.type]} does.",
        hint=f"Check the port ({usual_port(connection)}). If it is the right one, a proxy or load "
        "balancer stands there: check that the database behind it runs, and that it lets this "
        "service's address in.",
        fields=port_at_fault(connection, "the server there ends each connection"),
    )


def _scheme(kind: str) -> str:
    return "postgresql" if kind == "postgres" else kind
