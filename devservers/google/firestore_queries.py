"""What a query of Firestore's finds, among documents that are all in memory.

Of filters there are those on one field, of values texts, bytes, maps and references.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import total_ordering
from typing import Any

import grpc
from google.cloud.firestore_v1 import types

from devservers.google.serving import StatusError

_Operator = types.StructuredQuery.FieldFilter.Operator
_Direction = types.StructuredQuery.Direction
_NAME = "__name__"


def orders(query: Any) -> list[tuple[str, bool]]:
    """The fields by which the query sorts, and whether downwards; the last is the name."""
    given = [
        (order.field.field_path, order.direction == _Direction.DESCENDING)
        for order in query.order_by
    ]
    compared = filtered_field(query)
    if not given and compared and query.where.field_filter.op != _Operator.EQUAL:
        given = [(compared, False)]
    if not given or given[-1][0] != _NAME:
        given.append((_NAME, bool(given) and given[-1][1]))
    return given


def filtered_field(query: Any) -> str | None:
    if not query.HasField("where"):
        return None
    if query.where.WhichOneof("filter_type") != "field_filter":
        raise StatusError(grpc.StatusCode.UNIMPLEMENTED, "filters of more than one field")
    path: str = query.where.field_filter.field.field_path
    return path


def matches(document: Any, query: Any) -> bool:
    """Whether it has all fields that are compared or sorted by, and passes the filter."""
    if any(_key(document, field) is None for field, _ in orders(query)):
        return False
    field = filtered_field(query)
    if field is None:
        return True
    stored, wanted = _value_at(document, field), query.where.field_filter.value
    if stored is None or _kind(stored) != _kind(wanted):
        return False
    match query.where.field_filter.op:
        case _Operator.EQUAL:
            return _bytes(stored) == _bytes(wanted)
        case _Operator.LESS_THAN_OR_EQUAL:
            return _bytes(stored) <= _bytes(wanted)
    raise StatusError(grpc.StatusCode.UNIMPLEMENTED, "this comparison")


def sort_key(document: Any, query: Any) -> tuple[_Sorted, ...]:
    return tuple(_Sorted(_key(document, field) or b"", down) for field, down in orders(query))


def answer_of(found: Sequence[Any], query: Any) -> Sequence[Any]:
    """The page that the query asks for, of documents that are sorted."""
    if query.HasField("start_at"):
        sorted_by = orders(query)
        start = tuple(
            _Sorted(_bytes(value), down)
            for value, (_, down) in zip(query.start_at.values, sorted_by, strict=False)
        )
        before = query.start_at.before

        def is_beyond(document: Any) -> bool:
            key = sort_key(document, query)[: len(start)]
            return key > start or (before and key == start)

        found = [document for document in found if is_beyond(document)]
    if query.HasField("limit"):
        found = found[: query.limit.value]
    answer = types.RunQueryResponse.pb()
    if query.HasField("select"):
        if [field.field_path for field in query.select.fields] != [_NAME]:
            raise StatusError(grpc.StatusCode.UNIMPLEMENTED, "selecting fields")
        found = [types.Document.pb()(name=document.name) for document in found]
    # Also an empty answer is one, with the time at which it was found.
    return [answer(document=document) for document in found] or [answer()]


@total_ordering
class _Sorted:
    """A part of a key, which sorts the other way round if it goes down."""

    def __init__(self, value: bytes, down: bool) -> None:
        self.value, self.down = value, down

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Sorted) and self.value == other.value

    def __lt__(self, other: _Sorted) -> bool:
        return other.value < self.value if self.down else self.value < other.value

    __hash__ = None  # type: ignore[assignment]


def _key(document: Any, field: str) -> bytes | None:
    if field == _NAME:
        return _name_key(document.name)
    value = _value_at(document, field)
    return None if value is None else _bytes(value)


def _value_at(document: Any, path: str) -> Any:
    """The value of a document at a path like `texts.next_run_at`, or None."""
    *maps, last = path.split(".")
    fields = document.fields
    for name in maps:
        if name not in fields:
            return None
        fields = fields[name].map_value.fields
    return fields[last] if last in fields else None  # noqa: SIM401 (a map of protobuf's)


def _name_key(name: str) -> bytes:
    """By which names sort part by part: no sign of an id comes before the end of one."""
    return name.replace("/", "\x00").encode()


def _kind(value: Any) -> str:
    kind: str = value.WhichOneof("value_type")
    return kind


def _bytes(value: Any) -> bytes:
    match _kind(value):
        case "string_value":
            return bytes(value.string_value.encode())
        case "bytes_value":
            return bytes(value.bytes_value)
        case "reference_value":
            return _name_key(value.reference_value)
    raise StatusError(grpc.StatusCode.UNIMPLEMENTED, "comparing such values")
