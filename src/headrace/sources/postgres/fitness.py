"""What bears on a long read: the server's version and role, its time-outs, what stands between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from headrace.checks import Fact
from headrace.sources import Finding, measured
from headrace.sources.postgres import versions
from headrace.sources.postgres.identifiers import quoted
from headrace.sources.postgres.measured import asking
from headrace.sources.postgres.session import LOCK_SECONDS, Session
from headrace.values import Name, Value

_WHAT = "Asking what bears on a long read"

# reset_val is what a session begins with, by whatever was set for the server, the database and
# the role. Other users' sessions are seen without what they are of (backend_type).
_SQL = """
SELECT json_build_object(
    'user', current_user,
    'process', pg_backend_pid(),
    'replica', pg_is_in_recovery(),
    'behind', CASE WHEN pg_is_in_recovery() THEN
        extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::bigint END,
    'settings', (
        SELECT json_object_agg(name, reset_val) FROM pg_settings WHERE name IN (
            'statement_timeout', 'transaction_timeout', 'idle_in_transaction_session_timeout',
            'hot_standby_feedback', 'max_standby_streaming_delay')),
    'server_left', (
        SELECT sum(setting::int) FILTER (WHERE name = 'max_connections')
            - sum(setting::int) FILTER (WHERE name <> 'max_connections')
        FROM pg_settings
        WHERE name IN ('max_connections', 'superuser_reserved_connections', 'reserved_connections')
    ) - (SELECT count(*) FROM used),
    'database_left', (
        SELECT CASE WHEN datconnlimit >= 0 THEN datconnlimit - (
            SELECT count(*) FROM used WHERE used.datid = d.oid) END
        FROM pg_database d WHERE datname = current_database()),
    'user_left', (
        SELECT CASE WHEN rolconnlimit >= 0 THEN rolconnlimit - (
            SELECT count(*) FROM used WHERE used.usesysid = r.oid) END
        FROM pg_roles r WHERE rolname = current_user)
)::text
FROM (VALUES (0)) once
"""
_USED = """
WITH used AS MATERIALIZED (
    SELECT datid, usesysid FROM pg_stat_activity
    WHERE datid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend'
)
"""

_FEWEST_CONNECTIONS = 3


class _Server(Value):
    user: Name
    process: int
    replica: bool
    behind: int | None
    settings: dict[str, str]
    server_left: int
    database_left: int | None
    user_left: int | None

    def milliseconds(self, setting: str) -> int:
        """A time-out; 0 if it is turned off, or not known to this version."""
        text = self.settings.get(setting, "0")
        return int(text) if text.lstrip("-").isdigit() and len(text) < len("-2147483648") else 0

    @property
    def cancels_reads(self) -> bool:
        """Whether a replica gives its primary's changes precedence."""
        feedback = self.settings.get("hot_standby_feedback") == "on"
        delay = self.milliseconds("max_standby_streaming_delay")
        return self.replica and not feedback and delay >= 0


def fitness(session: Session) -> Finding:
    """What bears on a long read, each with advice if it stands in its way."""
    with session.contained(_WHAT):
        server = session.ask(_WHAT, _USED + _SQL, _Server)
    pooled = session.announced_process not in (None, server.process)
    facts = [
        versions.fact(session.server_version, date.today()),  # noqa: DTZ011 - a day more or less
        *(fact for tell in _TELL for fact in tell(server)),
        *_pooler(pooled=pooled),
        *measured.facts(asking(session)),
    ]
    problems = sum(fact.advice is not None for fact in facts)
    role = "a replica" if server.replica else "a primary server"
    tail = {0: "nothing stands in the way of a long read", 1: "one thing to look at"}
    found = f"{role[0].upper()}{role[1:]}; {tail.get(problems, f'{problems} things to look at')}."
    return Finding(found, copy="\n".join(_statements(server)) or None, facts=tuple(facts))


def _replica(server: _Server) -> Iterator[Fact]:
    if not server.replica:
        yield Fact(name="role", value="The server is the primary.")
        return
    behind = "" if server.behind is None else f", whose last change is {server.behind:,} s old"
    delay = server.milliseconds("max_standby_streaming_delay")
    if not server.cancels_reads:
        yield Fact(name="role", value=f"The server is a replica{behind}.")
        return
    yield Fact(
        name="role",
        value=f"The server is a replica{behind}. It cancels a read that stands in the way of its "
        f"primary's changes for more than {_seconds(delay)} (max_standby_streaming_delay).",
        advice="Have hot_standby_feedback turned on, on the replica, or read while little is "
        "changed.",
    )


def _statement_timeout(server: _Server) -> Iterator[Fact]:
    if limit := server.milliseconds("statement_timeout"):
        yield Fact(
            name="statement_timeout",
            value=f"A statement is cancelled after {_seconds(limit)}.",
            advice="A table is read by one statement: turn the limit off for this user if a table "
            "takes longer.",
        )
    else:
        yield Fact(name="statement_timeout", value="A statement may take as long as it needs.")


def _transaction_timeout(server: _Server) -> Iterator[Fact]:
    if limit := server.milliseconds("transaction_timeout"):
        yield Fact(
            name="transaction_timeout",
            value=f"A transaction is ended after {_seconds(limit)}.",
            advice="All tables of a run are read in one transaction: turn the limit off for this "
            "user if a run takes longer.",
        )


def _idle(server: _Server) -> Iterator[Fact]:
    if limit := server.milliseconds("idle_in_transaction_session_timeout"):
        yield Fact(
            name="idle_in_transaction_session_timeout",
            value=f"It is {_seconds(limit)}; an extraction turns it off for itself.",
        )


def _lock(_: _Server) -> Iterator[Fact]:
    value = f"A lock on a table is waited for {LOCK_SECONDS} s at most; an extraction sees to it."
    yield Fact(name="lock_timeout", value=value)


def _connections(server: _Server) -> Iterator[Fact]:
    limits = {
        "the server": server.server_left,
        "the database": server.database_left,
        "the user": server.user_left,
    }
    known = {of: left for of, left in limits.items() if left is not None}
    of, least = min(known.items(), key=lambda item: item[1])
    number = "1 connection is" if least == 1 else f"{max(least, 0):,} connections are"
    value = f"{number} left of those that {of} may have."
    few = least < _FEWEST_CONNECTIONS
    advice = "A test or a run may be refused: have the limit raised, or idle sessions ended."
    yield Fact(name="connections", value=value, advice=advice if few else None)


def _pooler(*, pooled: bool) -> Iterator[Fact]:
    """A server tells its own process at the login, and a pooler any number."""
    if pooled:
        yield Fact(
            name="pooler",
            value="A pooler such as PgBouncer stands in between. An extraction is one transaction, "
            "so pooling by session or by transaction does no harm.",
            advice="Connect to the server itself if you can: a pooler's own time-outs, such as "
            "query_timeout, end long reads.",
        )


_TELL: tuple[Callable[[_Server], Iterator[Fact]], ...] = (
    _replica,
    _statement_timeout,
    _transaction_timeout,
    _idle,
    _lock,
    _connections,
)


def _statements(server: _Server) -> Iterator[str]:
    """What turns the limits off that stand in the way, each on the server that was tested."""
    if server.cancels_reads:
        yield "ALTER SYSTEM SET hot_standby_feedback = on;"
        yield "SELECT pg_reload_conf();"
    for setting in ("statement_timeout", "transaction_timeout"):
        if server.milliseconds(setting):
            yield f"ALTER ROLE {quoted(server.user)} SET {setting} = 0;"


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:,g} s"
