"""Identifiers that sort by the time at which they were made."""

from __future__ import annotations

import secrets
import time


def new_id() -> str:
    """24 characters of 0-9a-f: 12 of milliseconds since 1970, then 48 random bits.

    Sorting such ids as text sorts them by time. They hold no hyphen, so they stay apart from
    the words around them in a secret's name.
    """
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(6)}"
