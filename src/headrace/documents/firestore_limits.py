"""How large a document is by Firestore's count (Firestore, "Storage size calculations")."""

from __future__ import annotations

from collections.abc import Mapping

from google.cloud.firestore_v1 import types

MOST_BYTES = 1 << 20


def document_size(path: str, fields: Mapping[str, types.Value]) -> int:
    name = 16 + sum(_text_size(part) for part in path.split("/"))
    return name + 32 + _map_size(fields)


def _map_size(fields: Mapping[str, types.Value]) -> int:
    return sum(_text_size(name) + _value_size(value) for name, value in fields.items())


def _value_size(value: types.Value) -> int:
    """Of the values that are written here: texts, bytes, times and maps."""
    if "timestamp_value" in value:
        return 8
    if value.bytes_value:
        return len(value.bytes_value)
    if value.map_value.fields:
        return 32 + _map_size(value.map_value.fields)
    return _text_size(value.string_value)


def _text_size(text: str) -> int:
    return len(text.encode()) + 1
