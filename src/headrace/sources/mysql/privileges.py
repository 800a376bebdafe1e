"""What a user may do beyond reading, which one that reads for an extraction had better not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from headrace.checks import Fact
from headrace.errors import DATABASE_ERROR, PERMISSION_DENIED, HeadraceError
from headrace.sources.mysql import identifiers
from headrace.sources.mysql.session import Session
from headrace.sources.near import listed, shown
from headrace.values import Value

_WHAT = "Looking at the user's rights"
_ADVICE = "Use a user that may only read: 'headrace grants' writes the SQL that makes one."

# Rights that change nothing, in the names of MySQL 8.4 and MariaDB 12. LOCK TABLES is nothing
# without a right to the table.
_HARMLESS = {
    "USAGE", "SELECT", "SHOW VIEW", "SHOW DATABASES", "PROCESS", "LOCK TABLES",
    "CREATE TEMPORARY TABLES", "REPLICATION CLIENT", "BINLOG MONITOR", "SLAVE MONITOR",
    "REPLICA MONITOR", "SHOW_ROUTINE", "SHOW CREATE ROUTINE",
}  # fmt: skip

_NAME = re.compile(r"`((?:[^`]|``)*+)`|'(?:[^'\\]|''|\\.)*+'")
_COLUMNS = re.compile(r" \([0-9`, ]*\)")
_GRANT = re.compile(r"GRANT ([A-Z_, ]+) ON (\*|`\d+`)\.(\*|`\d+`) TO (.*)", re.DOTALL)
_RIGHT = re.compile(r"[A-Z][A-Z_ ]{1,40}")


@dataclass(frozen=True)
class Account:
    """As which account the statements run: the server chooses one by the user's name and host."""

    user: str
    host: str = "%"
    beyond: dict[str, list[str]] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"'{shown(self.user)}'@'{shown(self.host)}'"

    @property
    def quoted(self) -> str:
        return identifiers.account(self.user, self.host)


class _Current(Value):
    account: str


def current_account(session: Session) -> Account:
    """The account alone, without its rights."""
    current = session.answer(_WHAT, "SELECT CURRENT_USER() AS account", _Current).account
    user, _, host = current.rpartition("@")
    return Account(user, host)


def facts(session: Session, account: Account) -> Iterator[Fact]:
    """What the user may do, its active roles included; SHOW GRANTS counts all levels."""
    try:
        lines = [str(row[0]) for row in session.query(_WHAT, "SHOW GRANTS") if row]
    except HeadraceError as error:
        if error.kind not in (DATABASE_ERROR, PERMISSION_DENIED):
            raise
        yield Fact(name="account", value=f"The server does not list the rights of {account}.")
        return
    beyond = beyond_reading(lines)
    if not beyond:
        yield Fact(name="account", value=f"{account} may only read, as it should be.")
        return
    what = [f"{listed(rights)} on {where}" for where, rights in beyond.items()]
    yield Fact(
        name="account", value=f"{account} may do more than read: {listed(what)}.", advice=_ADVICE
    )


def beyond_reading(lines: Iterable[str]) -> dict[str, list[str]]:
    """By what they are for, the rights in these lines of SHOW GRANTS that are more than reading.

    Such a line may hold a password's hash; nothing is kept but names of rights and databases.
    """
    beyond: dict[str, list[str]] = {}
    for line in lines:
        bare, names = _numbered(line)
        grant = _GRANT.match(_COLUMNS.sub("", bare))
        if grant is None:  # of a role, a routine, or another's identity
            continue
        rights, database, table, rest = grant.groups()
        found = [right for right in rights.split(", ") if right not in _HARMLESS]
        if " WITH " in rest and "GRANT OPTION" in rest:
            found.append("GRANT OPTION")
        known = beyond.setdefault(_where(database, table, names), []) if found else []
        known += [right for right in found if _RIGHT.fullmatch(right) and right not in known]
    return beyond


def _numbered(line: str) -> tuple[str, list[str]]:
    """The line with numbers in the place of quoted names, which may hold words of SQL."""
    names: list[str] = []

    def put_aside(found: re.Match[str]) -> str:
        names.append((found[1] or "").replace("``", "`"))
        return f"`{len(names) - 1}`"

    return _NAME.sub(put_aside, line), names


def _where(database: str, table: str, names: list[str]) -> str:
    if database == "*":
        return "everything"
    name = shown(names[int(database[1:-1])])
    return f"{name}.*" if table == "*" else f"{name}.{shown(names[int(table[1:-1])])}"
