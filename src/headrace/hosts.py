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
    authority, *rest = re.split(r"[/?#\\]", text.strip().rpartition("://")[2], maxsplit=1)
    if "@" in "".join(rest):
        return None  # a slash inside a password: what stands before it is no host
    place = authority.rpartition("@")[2]
    if bracketed := re.fullmatch(r"\[([^]]*)](:\d*)?", place):
        place = bracketed[1]
    elif not _is_ipv6(place):
        place = re.sub(r":\d*$", "", place)
    host = place.partition("%")[0]
    plausible = re.fullmatch(r"[\w-]+(\.[\w-]+)*\.?", host) or _is_ipv6(host)
    return host if plausible else None


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


_WRONG: tuple[tuple[Callable[[str], object], str], ...] = (
    (lambda text: "://" in text, "this is a URL; enter the host name alone"),
    (lambda text: "@" in text, "enter the user in its own field, and the host name alone here"),
    (lambda text: text != text.strip(), "there are spaces around the host name"),
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
