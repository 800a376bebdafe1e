"""Digests in plain Python, by the words of `headrace.digests`."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from headrace.digests import Digest

_MICROSECOND = timedelta(microseconds=1)


def digest_of(values: Iterable[Any]) -> Digest:
    texts = [canonical(value) for value in values if value is not None]
    hashes = (int(hashlib.md5(text.encode()).hexdigest()[:15], 16) for text in texts)
    return Digest(values=len(texts), total=sum(hashes))


def digests_of(table: pa.Table) -> Mapping[str, Digest]:
    return {name: digest_of(table.column(name).to_pylist()) for name in table.column_names}


def canonical(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case bytes():
            return value.hex()
        case float():
            return struct.pack(">d", value).hex()
        case Decimal():
            return format(value, "f")
        case datetime():
            epoch = datetime(1970, 1, 1, tzinfo=UTC)
            return str((value.replace(tzinfo=UTC) - epoch) // _MICROSECOND)
        case date():
            return str((value - date(1970, 1, 1)).days)
        case time():
            return canonical(datetime.combine(date(1970, 1, 1), value))
        case list():
            return ",".join(map(_element, value))
    return str(value)


def _element(value: Any) -> str:
    text = None if value is None else canonical(value)
    return "N" if text is None else f"{len(text.encode())}:{text}"
