"""Lines of pg_hba.conf, by which a server decides who may log in from where."""

from __future__ import annotations

import re
from collections.abc import Iterable

from headrace.connections import PostgresConnection, TlsMode
from headrace.diagnosis.addresses import Ip

_PLAIN = re.compile(r"[a-z_][a-z0-9_-]*")
# Words that mean something else than a database or a user of that name, unless they are quoted.
_KEYWORDS = {"all", "sameuser", "samerole", "samegroup", "replication"}


def lines_to_add(connection: PostgresConnection, clients: Iterable[Ip]) -> str:
    """Let the connection's user into its database by password, from each of these addresses.

    See "The pg_hba.conf File" in the PostgreSQL manual.
    """
    kind = "host" if connection.tls is TlsMode.DISABLE else "hostssl"
    database, user = _word(connection.database), _word(connection.user)
    return "\n".join(
        f"{kind} {database} {user} {address}/{address.max_prefixlen} scram-sha-256"
        for address in clients
    )


def _word(name: str) -> str:
    if _PLAIN.fullmatch(name) and name not in _KEYWORDS:
        return name
    return '"' + name.replace('"', '""') + '"'
