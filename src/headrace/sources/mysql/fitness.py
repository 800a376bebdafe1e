"""What bears on a long read: the server's version and role, its limits, what stands between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from headrace.checks import Fact
from headrace.model import Selection
from headrace.sources import Finding, measured
from headrace.sources.mysql import releases
from headrace.sources.mysql.measured import asking
from headrace.sources.mysql.selected import look_up
from headrace.sources.mysql.session import SETTINGS, Session, has_snapshots
from headrace.sources.near import listed, shown
from headrace.values import Value

_WHAT = "Asking what bears on a long read"

_READ_ONLY = ("read_only", "super_read_only", "innodb_read_only")
_ASKED = (
    *SETTINGS, *_READ_ONLY, "max_allowed_packet", "max_connections", "max_user_connections",
)  # fmt: skip
_WAITS = {name: float(SETTINGS[name]) for name in ("net_write_timeout", "wait_timeout")}
_LOCK_SECONDS = 60
_STATEMENT_LIMITS = {"max_execution_time": 0.001, "max_statement_time": 1.0}

_FEWEST_CONNECTIONS = 3
_SMALL_PACKET = 1 << 20


# ProxySQL answers this itself, if it is put in these words. A session's number it leaves to the
# server behind it, as MaxScale does, if the question goes on.
_COMMENT = "SELECT @@version_comment LIMIT 1"
_SESSION = """
SELECT CONNECTION_ID() AS number, COUNT(*) AS of_user FROM information_schema.PROCESSLIST
WHERE USER = SUBSTRING_INDEX(USER(), '@', 1)
"""


class _Session(Value):
    number: int
    of_user: int


@dataclass(frozen=True)
class _Server:
    """Variables as the session has them, and as other sessions begin with them."""

    own: Mapping[str, str]
    others: Mapping[str, str]
    connected: float
    connected_by_user: int

    def number(self, name: str, *, of_others: bool = False) -> float | None:
        """None if the server does not know it, or it is no number."""
        return _number((self.others if of_others else self.own).get(name, ""))


def fitness(session: Session, selection: Sequence[Selection]) -> Finding:
    """What bears on a long read, each with advice if it stands in its way."""
    asked = ", ".join(f"'{name}'" for name in dict.fromkeys(_ASKED))
    where = f"VARIABLES WHERE Variable_name IN ({asked})"
    status = session.named(_WHAT, "SHOW GLOBAL STATUS LIKE 'Threads_connected'")
    about = session.answer(_WHAT, _SESSION, _Session)
    server = _Server(
        own=session.named(_WHAT, f"SHOW SESSION {where}"),
        others=session.named(_WHAT, f"SHOW GLOBAL {where}"),
        connected=_number(status.get("threads_connected", "")) or 0,
        connected_by_user=about.of_user,
    )
    facts = [
        releases.fact(session.product, date.today()),  # noqa: DTZ011 - a day more or less
        *(fact for tell in _TELL for fact in tell(server)),
        *_proxy(session, about.number),
        *_without_snapshots(session, selection),
        *measured.facts(asking(session)),
    ]
    problems = sum(fact.advice is not None for fact in facts)
    tail = {0: "nothing stands in the way of a long read", 1: "one thing to look at"}
    found = f"{session.product}; {tail.get(problems, f'{problems} things to look at')}."
    return Finding(found, facts=tuple(facts))


def _number(text: str) -> float | None:
    return float(text) if text.replace(".", "", 1).isdigit() and len(text) < 30 else None


def _role(server: _Server) -> Iterator[Fact]:
    if on := [name for name in _READ_ONLY if server.others.get(name, "").upper() in ("ON", "1")]:
        value = f"The server takes no writes ({listed(on)}), as replicas do."
        yield Fact(name="role", value=f"{value} A run reads what has arrived there.")
    else:
        yield Fact(name="role", value="The server takes writes.")


def _statement_limit(server: _Server) -> Iterator[Fact]:
    for name, unit in _STATEMENT_LIMITS.items():
        own, others = server.number(name), server.number(name, of_others=True)
        if own:
            yield Fact(
                name=name,
                value=f"A statement is ended after {own * unit:,g} s, and an extraction can't turn "
                "that off.",
                advice="A table is read by one statement: have the limit lifted for this user, or "
                "connect to the server itself if a proxy stands in between.",
            )
        elif others:
            yield Fact(
                name=name,
                value=f"It is {others * unit:,g} s; an extraction turns it off for itself.",
            )
        elif others == 0:
            yield Fact(name=name, value="A statement may take as long as it needs.")


def _waiting(server: _Server) -> Iterator[Fact]:
    """Limits that an extraction raises; each is told as it holds for the session."""
    for name, needed in _WAITS.items():
        own = server.number(name)
        if own is None:
            continue
        advice = (
            "An extraction asks for more and does not get it: a proxy in between may forget what "
            "a session sets. Connect to the server itself."
        )
        value = f"{own:,g} s for an extraction."
        yield Fact(name=name, value=value, advice=advice if own < needed else None)


def _lock(server: _Server) -> Iterator[Fact]:
    if (others := server.number("lock_wait_timeout", of_others=True)) is not None:
        seconds = min(others, _LOCK_SECONDS)
        value = f"Another's lock on a table is waited for up to {seconds:g} s."
        yield Fact(name="lock_wait_timeout", value=value)


def _largest_row(server: _Server) -> Iterator[Fact]:
    if (most := server.number("max_allowed_packet")) is None:
        return
    yield Fact(
        name="max_allowed_packet",
        value=f"The server sends no row larger than {most / (1 << 20):,g} MiB.",
        advice="Have it raised: a table with a larger row can't be read."
        if most < _SMALL_PACKET
        else None,
    )


def _connections(server: _Server) -> Iterator[Fact]:
    most = server.number("max_connections", of_others=True)
    mine = server.number("max_user_connections")  # a session's own is its account's
    lefts = {
        "the server": most - server.connected if most else None,
        "the user": mine - server.connected_by_user if mine else None,
    }
    known = {of: left for of, left in lefts.items() if left is not None}
    if not known:
        return
    of, least = min(known.items(), key=lambda item: item[1])
    yield Fact(
        name="connections",
        value=f"{max(least, 0):,.0f} connections are left of those that {of} may have.",
        advice="A test or a run may be refused: have the limit raised, or idle sessions ended."
        if least < _FEWEST_CONNECTIONS
        else None,
    )


_TELL: tuple[Callable[[_Server], Iterator[Fact]], ...] = (
    _role,
    _statement_limit,
    _waiting,
    _lock,
    _largest_row,
    _connections,
)


def _proxy(session: Session, number: int) -> Iterator[Fact]:
    """A server tells a session's own number in its greeting, and a proxy one of its own."""
    said = session.query(_WHAT, _COMMENT)
    proxysql = [list(row) for row in said] == [["(ProxySQL)"]]
    if not proxysql and session.driver.announced_session == number % (1 << 32):
        return
    what = "ProxySQL stands" if proxysql else "A proxy such as MaxScale or a provider's stands"
    yield Fact(
        name="proxy",
        value=f"{what} in between.",
        advice="Connect to the server itself if you can: a proxy's own time-outs end long reads, "
        "and some forget what a session sets.",
    )


def _without_snapshots(session: Session, selection: Sequence[Selection]) -> Iterator[Fact]:
    found = [each for each in look_up(session, _WHAT, selection) if each.engine]
    without = [each for each in found if not has_snapshots(each.engine)]
    if without:
        names = [f"{each} ({shown(str(each.engine))})" for each in without]
        yield Fact(
            name="snapshot",
            value=f"Not of one moment with the others, or in themselves: {listed(names)}.",
            advice="Their storage engine has no snapshots. Read while nobody writes to them, or "
            "have them changed: ALTER TABLE … ENGINE = InnoDB.",
        )
    elif selection:
        yield Fact(name="snapshot", value="All selected tables are read as of one moment.")
