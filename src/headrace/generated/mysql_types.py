"""The types of MySQL 8 and 9 and of MariaDB 10 and 11, for docs/types.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from headrace.generated.type_rows import ALL, Row, joined
from headrace.sources.mysql.types import ColumnType, carried

HEAD = """## MySQL and MariaDB

MySQL 8 and 9, MariaDB 10 and 11. \
`bool` is `tinyint(1)`, `serial` is `bigint unsigned`. The zeros of `zerofill` are not part of a \
number, which arrives unsigned. A generated or invisible column is carried as its type. Text of \
any character set arrives as UTF-8; a byte that is no character of its set is reported, not \
replaced. No value here is beyond what BigQuery has.
"""

_DATES = "0001-01-01 to 9999-12-31"
_MICROSECONDS = "with up to six digits of the second"
_LENGTHS = ("tinytext", "text", "mediumtext", "longtext")


def _text(name: str, character_set: str = "utf8mb4") -> ColumnType:
    return ColumnType(name, character_set=character_set)


# Each type as it is written, in the type table, and for which values it is exact as it is.
_TYPES: dict[str, dict[str, tuple[ColumnType, str]]] = {
    "Numbers": {
        "tinyint": (ColumnType("tinyint"), "-128 to 127"),
        "tinyint(1)": (ColumnType("tinyint(1)"), "-128 to 127"),
        "tinyint unsigned": (ColumnType("tinyint", unsigned=True), "0 to 255"),
        "smallint": (ColumnType("smallint"), "-32768 to 32767"),
        "smallint unsigned": (ColumnType("smallint", unsigned=True), "0 to 65535"),
        "mediumint": (ColumnType("mediumint"), "-8388608 to 8388607"),
        "mediumint unsigned": (ColumnType("mediumint", unsigned=True), "0 to 16777215"),
        "int": (ColumnType("int"), "-2147483648 to 2147483647"),
        "int unsigned": (ColumnType("int", unsigned=True), "0 to 4294967295"),
        "bigint": (ColumnType("bigint"), "-9223372036854775808 to 9223372036854775807"),
        "bigint unsigned": (ColumnType("bigint", unsigned=True), "0 to 18446744073709551615"),
        "decimal(10, 2), and all up to 38 digits": (
            ColumnType("decimal", precision=10, scale=2),
            ALL,
        ),
        "decimal(38, 10), with more than 29 digits before or 9 after the point": (
            ColumnType("decimal", precision=38, scale=10),
            ALL,
        ),
        "decimal(39, 0), and all of more digits": (ColumnType("decimal", precision=39), ALL),
        "float": (ColumnType("float"), "all values, to the last bit"),
        "double": (ColumnType("double"), "all values, to the last bit"),
        "bit(n)": (ColumnType("bit"), "0 to 18446744073709551615"),
    },
    "Dates and times": {
        "date": (ColumnType("date"), _DATES),
        "datetime(n)": (ColumnType("datetime"), f"{_DATES}, {_MICROSECONDS}"),
        "timestamp(n)": (ColumnType("timestamp"), f"from 1970 on, in UTC, {_MICROSECONDS}"),
        "time(n)": (ColumnType("time"), "00:00:00 to 23:59:59.999999"),
        "year": (ColumnType("year"), "1901 to 2155, and 0 for the year 0000"),
    },
    "Text": {
        "char(n)": (_text("char"), "all values, without the padding that they are stored with"),
        "varchar(n)": (_text("varchar"), ALL),
        **{name: (_text(name), ALL) for name in _LENGTHS},
        "enum": (_text("enum"), ALL),
        "set": (_text("set"), "all values, such as `a,c d`"),
        "all of these in utf8mb3 or ascii": (_text("varchar", "utf8mb3"), "valid text"),
        "all of these in cp1251, sjis, gbk and other character sets with holes": (
            _text("varchar", "cp1251"),
            "valid text",
        ),
        "json": (ColumnType("json"), "all values, as the server keeps them"),
    },
    "Bytes": {
        "binary(n)": (ColumnType("binary"), "all values, with their padding"),
        **{
            written: (ColumnType(written.partition("(")[0]), ALL)
            for written in ("varbinary(n)", "tinyblob", "blob", "mediumblob", "longblob")
        },
    },
    "Geometry": {
        name: (ColumnType(name), ALL)
        for name in (
            *("geometry", "point", "linestring", "polygon", "multipoint", "multilinestring"),
            *("multipolygon", "geometrycollection"),
        )
    },
    "Types that not all versions have": {
        "uuid (MariaDB 10.7)": (ColumnType("uuid"), "all values, in lower case"),
        "inet4 (MariaDB 10.10)": (ColumnType("inet4"), ALL),
        "inet6 (MariaDB 10.5)": (ColumnType("inet6"), ALL),
        "vector (MySQL 9, MariaDB 11.7)": (ColumnType("vector"), ALL),
        "any other": (ColumnType("other"), "all values, as the server writes them"),
    },
}
_HOLES = "bytes that are no character of their set"


def groups() -> Mapping[str, Sequence[Row]]:
    return {
        title: [_row(written, *type_) for written, type_ in types.items()]
        for title, types in _TYPES.items()
    }


def _row(written: str, type_: ColumnType, exact: str) -> Row:
    form = carried(type_)
    beyond = joined(form.unfit, _HOLES if exact == "valid text" else None)
    return Row(written, type_.name, form.arrow, joined(exact, form.note), beyond)
