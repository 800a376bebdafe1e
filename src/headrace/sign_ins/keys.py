"""The public keys of whoever signs tokens, kept as long as their Cache-Control says."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Callable, Mapping
from email.message import Message
from http.client import HTTPException
from threading import Lock
from typing import Any
from urllib.error import HTTPError

from jwt import PyJWK, PyJWKSet
from jwt.exceptions import PyJWTError

from headrace.errors import SIGN_IN_UNAVAILABLE, HeadraceError

_TIMEOUT = 5
_MOST_BYTES = 1 << 18
# Whatever an answer says: strangers' tokens must not make us ask all the time, and keys that were
# withdrawn must not be believed for ever.
_SHORTEST, _LONGEST, _DEFAULT = 60, 24 * 3600, 3600


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The operator named an address; keys are taken from no other."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


class Keys:
    """The keys that lie at an address, by their ids; fetched when they are first needed."""

    def __init__(self, address: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._address = address
        self._clock = clock
        self._keys: Mapping[str, PyJWK] = {}
        self._fetched_at = self._stale_at = float("-inf")
        self._fetching = Lock()

    def key(self, key_id: str) -> PyJWK | None:
        """The key of this id, or None if there is none. Raises SIGN_IN_UNAVAILABLE.

        An id that is not known has the keys fetched anew, at most once a minute: it may be that
        of a key which was added since.
        """
        with self._fetching:
            now = self._clock()
            unknown = key_id not in self._keys and now >= self._fetched_at + _SHORTEST
            if unknown or now >= self._stale_at:
                self._keys, lifetime = _fetch(self._address)
                self._fetched_at, self._stale_at = now, now + lifetime
            return self._keys.get(key_id)


def _fetch(address: str) -> tuple[Mapping[str, PyJWK], float]:
    """The keys and for how many seconds they hold."""
    try:
        with _OPENER.open(address, timeout=_TIMEOUT) as answer:
            content, headers = answer.read(_MOST_BYTES + 1), answer.headers
    except HTTPError as error:
        with error:
            raise _unavailable(address, f"can't be fetched (HTTP {error.code})") from error
    except (OSError, HTTPException) as error:
        raise _unavailable(address, f"can't be fetched ({type(error).__name__})") from error
    if len(content) > _MOST_BYTES:
        raise _unavailable(address, f"are longer than {_MOST_BYTES} bytes")
    try:
        keys = PyJWKSet.from_dict(json.loads(content)).keys
    except (ValueError, AttributeError, TypeError, PyJWTError) as error:
        raise _unavailable(address, "can't be read") from error
    return {key.key_id: key for key in keys if key.key_id}, _lifetime(headers)


def _lifetime(headers: Message) -> float:
    told = re.search(r"\bmax-age=(\d{1,9})\b", headers.get("Cache-Control", ""))
    age = re.fullmatch(r"\d{1,9}", headers.get("Age", "").strip())
    seconds = int(told[1]) - (int(age[0]) if age else 0) if told else _DEFAULT
    return min(max(seconds, _SHORTEST), _LONGEST)


def _unavailable(address: str, why: str) -> HeadraceError:
    return HeadraceError(SIGN_IN_UNAVAILABLE, f"The keys at '{address}' {why}.")
