"""From the Arrow values that BigQuery sends to those that a column carries."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa

from headrace.sources.bigquery.types import Carried, ColumnType, Form


def convert(values: pa.Array, column_type: ColumnType, form: Carried) -> pa.Array:
    """Raises `pa.ArrowInvalid` or `pa.ArrowNotImplementedError` for a value that does not fit."""
    write = _WRITERS.get(form.form)
    if write is None:
        # Types of lists are equal whatever their elements are called.
        return values if str(values.type) == str(form.arrow) else values.cast(form.arrow)
    texts = (None if value is None else write(value, column_type) for value in values.to_pylist())
    return pa.array(texts, form.arrow)


def fitting(values: pa.Array, decimal: pa.Decimal128Type) -> tuple[pa.Array, int]:
    """The numbers in a decimal type, NULL in the place of those that do not fit; how many."""
    kept = [
        value if value is None or _fits(value, decimal) else None for value in values.to_pylist()
    ]
    array = pa.array(kept, decimal)
    return array, array.null_count - values.null_count


def digits(value: Decimal) -> tuple[int, int]:
    """Those before the point and after it."""
    before, _, after = _number(value).lstrip("-").partition(".")
    return len(before.lstrip("0")), len(after)


def _fits(value: Decimal, decimal: pa.Decimal128Type) -> bool:
    before, after = digits(value)
    return bool(after <= decimal.scale and before <= decimal.precision - decimal.scale)


def _number(value: Decimal) -> str:
    """As `CAST(x AS STRING)` writes it: all digits, and no zeros at the end."""
    written = format(value, "f")
    return written.rstrip("0").rstrip(".") if "." in written else written


def _digits(value: Any, _: ColumnType) -> str:
    return _number(value)


def _interval(value: Any, _: ColumnType) -> str:
    """`[sign]Y-M [sign]D [sign]H:M:S[.F]` ("Interval type"); each part has a sign of its own."""
    if isinstance(value, str):
        return value
    months, days, nanoseconds = value
    years, months_left = divmod(abs(months), 12)
    seconds, fraction = divmod(abs(nanoseconds) // 1000, 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    after = f".{fraction:06d}".rstrip("0") if fraction else ""
    return (
        f"{'-' if months < 0 else ''}{years}-{months_left} {days} "
        f"{'-' if nanoseconds < 0 else ''}{hours}:{minutes}:{seconds}{after}"
    )


def _range(value: Any, _: ColumnType) -> str:
    """`[2020-01-01, UNBOUNDED)` ("Range type")."""
    if isinstance(value, str):
        return value
    ends = ["UNBOUNDED" if end is None else _moment(end) for end in value.values()]
    return f"[{', '.join(ends)})"


def _moment(value: date | time | datetime) -> str:
    if isinstance(value, datetime):
        zone = "" if value.tzinfo is None else "+00"
        return value.replace(tzinfo=None).isoformat(" ") + zone
    return value.isoformat()


def _json(value: Any, column_type: ColumnType) -> str:
    if column_type.repeated:
        inner = ColumnType(
            column_type.name,
            column_type.parameters,
            fields=column_type.fields,
            bounds=column_type.bounds,
        )
        return f"[{','.join(_json(each, inner) for each in value)}]"
    if value is None:
        return "null"
    return _JSON.get(column_type.name, _json_text)(value, column_type)


def _json_struct(value: Mapping[str, Any], column_type: ColumnType) -> str:
    parts = (
        f"{_quoted(name)}:{_json(value[name], inner)}" for name, inner in column_type.fields.items()
    )
    return f"{{{','.join(parts)}}}"


def _json_float(value: float, _: ColumnType) -> str:
    if math.isnan(value):
        return '"NaN"'
    return repr(value) if math.isfinite(value) else f'"{"-" if value < 0 else ""}Infinity"'


def _json_text(value: Any, _: ColumnType) -> str:
    return _quoted(str(value))


def _json_moment(value: Any, column_type: ColumnType) -> str:
    written = _moment(value)
    if column_type.name == "TIMESTAMP":
        written = written.removesuffix("+00").replace(" ", "T") + "Z"
    return _quoted(written.replace(" ", "T"))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


_WRITERS: dict[Form, Callable[[Any, ColumnType], str]] = {
    Form.DIGITS: _digits,
    Form.INTERVAL: _interval,
    Form.RANGE: _range,
    Form.JSON: _json,
}
_JSON: dict[str, Callable[[Any, ColumnType], str]] = {
    "STRUCT": _json_struct,
    "BOOL": lambda value, _: "true" if value else "false",
    "INT64": lambda value, _: str(value),
    "NUMERIC": lambda value, _: _number(value),
    "BIGNUMERIC": lambda value, _: _number(value),
    "FLOAT64": _json_float,
    "BYTES": lambda value, _: _quoted(base64.b64encode(value).decode()),
    "JSON": lambda value, _: str(value),
    "DATE": _json_moment,
    "TIME": _json_moment,
    "DATETIME": _json_moment,
    "TIMESTAMP": _json_moment,
    "INTERVAL": lambda value, type_: _quoted(_interval(value, type_)),
    "RANGE": lambda value, type_: _quoted(_range(value, type_)),
}
