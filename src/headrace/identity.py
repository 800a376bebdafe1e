"""By what a source's database is known again, whoever reaches it in whichever way."""

from __future__ import annotations

from headrace import connections
from headrace.connections import Connection
from headrace.values import Value


class Identity(Value):
    """What a database says of itself, and what is known of where it is.

    `certain` differs between any two databases, and stays as it is when a replica takes over; it
    lacks where nothing like that is told. Then one of `likely` in common will do.
    """

    certain: str | None = None
    likely: tuple[str, ...] = ()

    def same(self, other: Identity) -> bool:
        if self.certain and other.certain:
            return self.certain == other.certain
        return not set(self.likely).isdisjoint(other.likely)


def server_of(connection: Connection) -> str:
    """Where the database's server is, as it was entered."""
    parts = connections.identity(connection)
    return ":".join(str(parts[name]) for name in ("instance", "host", "port") if name in parts)
