"""Whether a password is in what was shown, logged or sent, in whatever spelling."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus


def spellings(password: str) -> set[str]:
    """As it is, and as URLs, JSON, Python and base64 spell it."""
    return {
        password,
        quote(password),
        quote(password, safe=""),
        quote_plus(password),
        json.dumps(password)[1:-1],
        json.dumps(password, ensure_ascii=False)[1:-1],
        repr(password)[1:-1],
        repr(password.encode())[2:-1],
        *_in_base64(password.encode()),
    }


def told(password: str, *texts: str | bytes) -> list[str]:
    """The spellings of the password that are in any of the texts."""
    written = [text if isinstance(text, str) else text.decode("latin-1") for text in texts]
    forms = spellings(password) | {password.encode().decode("latin-1")}
    return [form for form in forms if any(form in text for text in written)]


def _in_base64(secret: bytes) -> Iterator[str]:
    """Alone, and in the midst of more: the signs that do not depend on what stands around it."""
    yield base64.b64encode(secret).decode()
    yield base64.urlsafe_b64encode(secret).decode()
    for before in range(3):
        first = -(-before * 8 // 6)
        last = (before + len(secret)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(bytes(before) + secret).decode()[first:last]
