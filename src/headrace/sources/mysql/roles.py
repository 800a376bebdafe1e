"""Rights that come by a role which is not active: they do nothing until somebody makes it so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from headrace.errors import DATABASE_ERROR, HeadraceError
from headrace.sources.mysql.identifiers import quoted
from headrace.sources.mysql.privileges import Account
from headrace.sources.mysql.session import Session
from headrace.sources.near import shown
from headrace.values import Value

_WHAT = "Looking at the user's roles"
_MOST = 5

# Those of the user's roles, and of the roles' roles, that are not made active at the login.
_INACTIVE = """
SELECT DISTINCT ROLE_NAME AS name FROM information_schema.APPLICABLE_ROLES
WHERE IS_DEFAULT = 'NO' LIMIT 20
"""


class _Role(Value):
    name: str


def that_would_do(
    session: Session, account: Account, attempt: Callable[[], bool]
) -> tuple[str, str] | None:
    """What is wrong, and the statement that mends it, if an inactive role lets the attempt pass.

    The role is active in the session from then on.
    """
    try:
        names = [role.name for role in session.answers(_WHAT, _INACTIVE, _Role)]
    except HeadraceError as error:
        if error.kind is not DATABASE_ERROR:
            raise
        return None  # MySQL 5.7 has no roles
    for way in _WAYS[session.product.partition(" ")[0]](names, account):
        if _activated(session, way.role) and attempt():
            return way.words, way.default
    return None


@dataclass(frozen=True)
class _Way:
    """What to make active, in words and in SQL, and the statement that has it active always."""

    words: str
    role: str
    default: str


def _one_by_one(names: Sequence[str], account: Account) -> list[_Way]:
    """MariaDB has one role active at a time."""
    return [
        _Way(
            f"'{shown(name)}'",
            quoted(name),
            f"SET DEFAULT ROLE {quoted(name)} FOR {account.quoted};",
        )
        for name in names[:_MOST]
    ]


def _together(names: Sequence[str], account: Account) -> list[_Way]:
    words = ", ".join(f"'{shown(name)}'" for name in names)
    return [_Way(words, "ALL", f"SET DEFAULT ROLE ALL TO {account.quoted};")] if names else []


_WAYS = {"MariaDB": _one_by_one, "MySQL": _together}


def _activated(session: Session, role: str) -> bool:
    """Whether it could be; a role that comes by another can't, in MariaDB."""
    try:
        session.query(_WHAT, f"SET ROLE {role}")
    except HeadraceError as error:
        if error.kind is not DATABASE_ERROR:
            raise
        return False
    return True
