"""By what a PostgreSQL database is known again."""

from __future__ import annotations

from headrace.errors import HeadraceError
from headrace.identity import Identity
from headrace.sources.postgres.errors import refused_with
from headrace.sources.postgres.session import Session
from headrace.values import Value

# The cluster's number is made when it is, and its replicas have it too; so has a copy of its disk,
# and one that pg_upgrade has made has another. Who drops a database and makes it anew gets another
# oid.
_CERTAIN = """
SELECT pg_catalog.json_build_object('certain', (
    SELECT system_identifier::text || '/' || oid::text
    FROM pg_catalog.pg_control_system(), pg_catalog.pg_database
    WHERE datname = pg_catalog.current_database()
))::text
"""
# SQLSTATEs: the user may not, there is no such function, it is not supported.
_NOT_TOLD = ("42501", "42883", "0A000")


class _Certain(Value):
    certain: str


def identity(session: Session) -> Identity:
    """See `headrace.sources.Database.identity`."""
    return Identity(certain=_certain(session), likely=(session.address,))


def _certain(session: Session) -> str | None:
    what = "Looking which database it is"
    try:
        with session.contained(what):
            return session.ask(what, _CERTAIN, _Certain).certain
    except HeadraceError as error:
        if refused_with(error) not in _NOT_TOLD:
            raise
        return None
