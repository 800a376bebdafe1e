"""That a password which is told is found, in whatever it is told."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest

from tests.secrecy import told

PASSWORD = "gehe&im 4711/ö"


@pytest.mark.parametrize(
    "text",
    [
        f"password={PASSWORD}",
        PASSWORD.encode(),
        b"\x00\x16" + PASSWORD.encode() + b"\xff",
        f"postgresql://u:{quote(PASSWORD, safe='')}@h/d",
        f"password={quote_plus(PASSWORD)}",
        json.dumps({"password": PASSWORD}),
        repr({"password": PASSWORD.encode()}),
        base64.b64encode(PASSWORD.encode()),
        base64.b64encode(b"\0u\0" + PASSWORD.encode()),
        base64.b64encode(b"user:" + PASSWORD.encode() + b"\0\0").decode(),
        base64.urlsafe_b64encode(b"user" + PASSWORD.encode()),
    ],
)
def test_it_is_found(text: str | bytes) -> None:
    assert told(PASSWORD, "nothing", text)


def test_nothing_is_found_where_nothing_is() -> None:
    assert not told(PASSWORD, "geheim 4711", b"\0u\0")
