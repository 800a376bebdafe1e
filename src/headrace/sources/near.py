"""Names that a server gave: the one that was probably meant, and how they are shown."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

# No database allows a longer one.
_LONGEST = 64
# Comparing takes time, and a server may have, or make up, any number of names.
_MOST = 1000
_ALIKE = 0.7
LISTED = 20


def near(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like it, if one is; one in other letter case comes first.

    Never one with signs that can't be shown, or longer than a name can be.
    """
    folded: dict[str, str] = {}
    for other in known:
        if len(folded) == _MOST:
            break
        if other.isprintable() and len(other) <= _LONGEST:
            folded.setdefault(other.lower(), other)
    found = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=_ALIKE)
    return folded[found[0]] if found else None


def shown(name: str) -> str:
    """A name on one line, with what would steer a terminal written out, and no longer than one."""
    cut = name if len(name) <= _LONGEST * 2 + 1 else f"{name[: _LONGEST * 2]}…"
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in cut)


def listed(names: Sequence[str], total: int | None = None) -> str:
    """`a, b and 7 more`: the first names of so many, in words."""
    most = [shown(name) for name in names[:LISTED]]
    more = (len(names) if total is None else total) - len(most)
    return ", ".join(most) + (f" and {more:,} more" if more > 0 else "")
