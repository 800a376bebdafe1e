"""The types of BigQuery as a source, for docs/types.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from headrace.generated.type_rows import ALL, Row, joined
from headrace.sources.bigquery.types import ColumnType, carried

HEAD = """## BigQuery

As a source. \
NULL stays NULL, but for arrays: BigQuery gives out an empty one for an array that is NULL. A \
type that is not listed is carried as the text in which it is sent, if it is sent as one, or fails.
"""

_DATES = "0001-01-01 to 9999-12-31"

# Each type as it is written, in the type table, and for which values it is exact as it is.
_TYPES: dict[str, dict[str, tuple[ColumnType, str]]] = {
    "Numbers": {
        "INT64": (ColumnType("INT64"), ALL),
        "NUMERIC": (ColumnType("NUMERIC"), ALL),
        "NUMERIC(10, 2), and all with parameters": (ColumnType("NUMERIC", (10, 2)), ALL),
        "BIGNUMERIC(38, 10), and all up to 38 digits": (ColumnType("BIGNUMERIC", (38, 10)), ALL),
        "BIGNUMERIC, and all of more digits": (ColumnType("BIGNUMERIC"), ALL),
        "FLOAT64": (ColumnType("FLOAT64"), "all values, -0, NaN and infinity among them"),
        "BOOL": (ColumnType("BOOL"), ALL),
    },
    "Dates and times": {
        "DATE": (ColumnType("DATE"), _DATES),
        "TIME": (ColumnType("TIME"), ALL),
        "DATETIME": (ColumnType("DATETIME"), f"{_DATES}, without a zone"),
        "TIMESTAMP": (ColumnType("TIMESTAMP"), f"{_DATES}, in UTC"),
        "INTERVAL": (ColumnType("INTERVAL"), "all values, such as `1-2 3 4:5:6.5`"),
        "RANGE": (ColumnType("RANGE", bounds="DATE"), "all values: `[2020-01-01, UNBOUNDED)`"),
    },
    "Text and bytes": {
        "STRING": (ColumnType("STRING"), ALL),
        "BYTES": (ColumnType("BYTES"), ALL),
        "JSON": (ColumnType("JSON"), "all values, as BigQuery writes them"),
        "GEOGRAPHY": (ColumnType("GEOGRAPHY"), "all values, as BigQuery writes them"),
    },
    "What has parts": {
        "ARRAY of any of these": (ColumnType("INT64", repeated=True), ALL),
        "ARRAY of BIGNUMERIC, INTERVAL, RANGE or STRUCT": (
            ColumnType("STRUCT", repeated=True),
            "all values; dates as in ISO 8601, bytes in Base64",
        ),
        "STRUCT": (ColumnType("STRUCT"), 'all values, such as `{"x":1,"y":[null]}`'),
    },
}


def groups() -> Mapping[str, Sequence[Row]]:
    return {
        title: [_row(written, *type_) for written, type_ in types.items()]
        for title, types in _TYPES.items()
    }


def _row(written: str, type_: ColumnType, exact: str) -> Row:
    form = carried(type_)
    name = "array" if type_.repeated else type_.name.lower()
    return Row(written, name, form.arrow, joined(exact, form.note), joined(form.unfit))
