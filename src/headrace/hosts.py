"""A host as people type it: what it looks like instead, and what was probably meant."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv6Address

from pydantic_core import PydanticCustomError


def host_alone(text: str) -> str:
    """The text, if it is a host name or an address and nothing else.

    Raises PydanticCustomError, as pydantic's validators do. Its context holds `suggestion`, the
    host that stands in the text, if one can be told; never anything that could be a password.
    """
    for looks_wrong, reason in _WRONG:
        if not looks_wrong(text):
            continue
        meant = _meant(text)
        words = f"{reason}: {meant}" if meant else reason
        raise PydanticCustomError("host", "{words}", {"words": words, "suggestion": meant})
    return text


def _meant(text: str) -> str | None:
    if setting := _HOST_SETTING.search(re.split("(?i)pass|pwd", text, maxsplit=1)[0]):
        text = setting[1]
    text = text.strip(_AROUND)
    authority, *rest = re.split(r"[/?#\\]", text.strip().rpartition("://")[2], maxsplit=1)
    if "@" in "".join(rest):
        return None  # a slash inside a password: what stands before it is no host
    place = authority.rpartition("@")[2]
    if bracketed := re.fullmatch(r"\[([^]]*)](:\d*)?", place):
        place = bracketed[1]
    elif not _is_ipv6(place):
        place = re.sub(r"(\s*:\s*|\s+)\d*$", "", place)
    host = place.partition("%")[0]
    plausible = re.fullmatch(r"[\w-]+(\.[\w-]+)*\.?", host) or _is_ipv6(host)
    return host if plausible else None


# What stands around a name that was copied out of a text.
_AROUND = " \t\r\n\"'`<>(),;"
# Of a connection string, or of a client's command line. What stands behind a password may be a
# part of it.
_HOST_SETTING = re.compile(
    r"(?i)(?:(?:^|[\s;])(?:host|server|data source)\s*=|\s-h|\s--host[\s=])\s*([^\s;,]+)"
)


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


_WRONG: tuple[tuple[Callable[[str], object], str], ...] = (
    (lambda text: "://" in text, "this is a URL; enter the host name alone"),
    (lambda text: "@" in text, "enter the user in its own field, and the host name alone here"),
    (lambda text: "=" in text, "these are several settings; enter the host name alone"),
    (lambda text: text != text.strip(), "there are spaces around the host name"),
    (re.compile(r"[\"'`<>(),;]").search, "a host name holds no quotes, commas and the like"),
    (re.compile(r"[\s/?#\\]").search, "a host name holds no spaces and no slashes"),
    (
        lambda text: text.startswith("["),
        "enter the address without brackets, and the port in its own field",
    ),
    (
        lambda text: "%" in text,
        "an address with a zone is on a link of this machine's own; leave the zone out",
    ),
    (lambda text: ":" in text and not _is_ipv6(text), "enter the port in its own field"),
)
