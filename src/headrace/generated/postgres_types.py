"""The types of PostgreSQL 13 to 18, for docs/types.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from headrace.destinations import bigquery_types
from headrace.generated.type_rows import ALL, Row, joined
from headrace.sources.postgres.types import ColumnType, carried

HEAD = """## PostgreSQL

Versions 13 to 18. \
A number in parentheses is the first version that has a type. `serial` and its like are integers. \
A generated column, stored or virtual (18), is carried as its type, and a domain as the type \
beneath it. In a database whose encoding is `SQL_ASCII`, text that is not UTF-8 is refused.
"""


def _named(name: str, modifier: int = -1) -> ColumnType:
    return ColumnType(name, modifier)


def _numeric(precision: int, scale: int) -> ColumnType:
    """The modifier as PostgreSQL packs it."""
    return _named("numeric", 4 + (precision << 16) + scale)


def _array(element: ColumnType) -> ColumnType:
    return ColumnType(f"_{element.name}", element.modifier, element=element)


_MADE = ColumnType(None, -1)
_MOMENTS = "4713 BC to January 294247"

# Each type as it is written, in the type table, and for which values it is exact as it is.
_TYPES: dict[str, dict[str, tuple[ColumnType, str]]] = {
    "Numbers": {
        "smallint": (_named("int2"), "-32768 to 32767"),
        "integer": (_named("int4"), "-2147483648 to 2147483647"),
        "bigint": (_named("int8"), "-9223372036854775808 to 9223372036854775807"),
        "numeric(10, 2), and all up to 38 digits": (_numeric(10, 2), "all but NaN"),
        "numeric(38, 10), with more than 29 digits before or 9 after the point": (
            _numeric(38, 10),
            "all but NaN",
        ),
        "numeric(39, 0), and all of more digits": (_numeric(39, 0), ALL),
        "numeric": (_named("numeric"), "all values, NaN and (14) infinity among them"),
        "real": (_named("float4"), "all values, -0, NaN and infinity among them"),
        "double precision": (_named("float8"), "all values, -0, NaN and infinity among them"),
        "money": (_named("money"), "all values, as the database's `lc_monetary` writes them"),
        "boolean": (_named("bool"), ALL),
    },
    "Dates and times": {
        "date": (_named("date"), "4713 BC to 5874897"),
        "time": (_named("time"), "00:00:00 to 23:59:59.999999"),
        "time with time zone": (_named("timetz"), "all values, such as `12:00:00.5+02`"),
        "timestamp": (_named("timestamp"), _MOMENTS),
        "timestamp with time zone": (_named("timestamptz"), f"{_MOMENTS}, in UTC"),
        "interval": (_named("interval"), "all values, in ISO 8601: `P1Y2M3DT4H5M6.000007S`"),
    },
    "Text and bytes": {
        "text": (_named("text"), ALL),
        "character varying(n)": (_named("varchar"), ALL),
        "character(n)": (_named("bpchar"), "all values, with their padding"),
        "name": (_named("name"), ALL),
        '"char"': (_named("char"), ALL),
        "bytea": (_named("bytea"), ALL),
        "bit(n)": (_named("bit"), "all values, such as `101`"),
        "bit varying(n)": (_named("varbit"), "all values, such as `101`"),
        "uuid": (_named("uuid"), "all values, in lower case"),
    },
    "Documents and search": {
        "json": (_named("json"), "all values, to the letter"),
        "jsonb": (_named("jsonb"), "all values, numbers to the last digit"),
        "jsonpath": (_named("jsonpath"), "all values, as the server writes them"),
        "xml": (_named("xml"), "all values, as the server writes them"),
        "tsvector": (_named("tsvector"), ALL),
        "tsquery": (_named("tsquery"), ALL),
    },
    "Addresses": {
        "inet": (_named("inet"), "all values; the netmask is written unless it is all ones"),
        "cidr": (_named("cidr"), ALL),
        "macaddr": (_named("macaddr"), ALL),
        "macaddr8": (_named("macaddr8"), ALL),
    },
    "Geometry": {
        "point": (_named("point"), "all values, such as `(1.5,-2)`"),
        "line": (_named("line"), "all values, such as `{1,-2.5,3}`"),
        "lseg": (_named("lseg"), "all values, such as `[(1,2),(3,4)]`"),
        "box": (_named("box"), "all values, such as `(3,4),(1,2)`"),
        "path": (_named("path"), "all values, such as `[(1,2),(3,4)]`"),
        "polygon": (_named("polygon"), "all values, such as `((0,0),(0,1),(1,0))`"),
        "circle": (_named("circle"), "all values, such as `<(1,-2),0.1>`"),
    },
    "Ranges": {
        "int4range": (_named("int4range"), "all values, such as `[1,6)`"),
        "int8range": (_named("int8range"), ALL),
        "numrange": (_named("numrange"), ALL),
        "daterange": (_named("daterange"), ALL),
        "tsrange": (_named("tsrange"), ALL),
        "tstzrange": (_named("tstzrange"), "all values, in UTC"),
        "a range type of one's own": (_MADE, ALL),
        "int4multirange (14)": (_named("int4multirange"), "all values, such as `{[1,3),[5,8)}`"),
        "int8multirange (14)": (_named("int8multirange"), ALL),
        "nummultirange (14)": (_named("nummultirange"), ALL),
        "datemultirange (14)": (_named("datemultirange"), ALL),
        "tsmultirange (14)": (_named("tsmultirange"), ALL),
        "tstzmultirange (14)": (_named("tstzmultirange"), "all values, in UTC"),
    },
    "Arrays": {
        "integer[], and of all types here that are not carried as what the server writes": (
            _array(_named("int4")),
            "arrays of one dimension",
        ),
        "numeric(10, 2)[]": (_array(_numeric(10, 2)), "arrays of one dimension"),
        "timestamp[]": (_array(_named("timestamp")), "arrays of one dimension"),
        "text[]": (_array(_named("text")), "arrays of one dimension"),
        "uuid[]": (_array(_named("uuid")), "arrays of one dimension"),
        "numeric[]": (_array(_named("numeric")), "all values, such as `{1.10,NULL,NaN}`"),
        "interval[], and of all types carried as what the server writes": (
            _array(_named("interval")),
            "all values, such as `{P1D,NULL}`",
        ),
        "integer[][], and all declared with several dimensions": (
            ColumnType("_int4", -1),
            "all values, such as `{{1,2},{3,NULL}}`",
        ),
        "int2vector": (_named("int2vector"), "all values, such as `1 -2 3`"),
        "oidvector": (_named("oidvector"), "all values, such as `1 2 3`"),
    },
    "The server's own": {
        "oid": (_named("oid"), "0 to 4294967295"),
        **{
            written: (_named(written.split()[0]), ALL)
            for written in (
                *("xid", "xid8", "cid", "tid", "pg_lsn", "pg_snapshot", "txid_snapshot"),
                *("regclass", "regtype", "regproc", "regprocedure", "regoper", "regoperator"),
                *("regnamespace", "regrole", "regcollation", "regconfig", "regdictionary"),
                *("aclitem", "refcursor"),
            )
        },
    },
    "Types that somebody made": {
        "an enumeration": (ColumnType(None, -1, enum=True), ALL),
        "a composite type, or a table's": (_MADE, 'all values, such as `(1,"a b")`'),
        "a base type": (_MADE, "all values, as its output function writes them"),
        "an array of these": (_MADE, ALL),
    },
    "Extensions": {
        "PostGIS: geometry": (_named("postgis.geometry"), ALL),
        "PostGIS: geography": (_named("postgis.geography"), ALL),
        "PostGIS: box2d, box3d, raster and others": (_named("postgis.box2d"), ALL),
        "hstore": (_named("hstore.hstore"), 'all values, such as `"a"=>"1", "b"=>NULL`'),
        "citext": (_named("citext.citext"), ALL),
        "ltree": (_named("ltree.ltree"), ALL),
        "cube": (_named("cube.cube"), ALL),
        "isn: isbn and its like": (_named("isn.isbn"), ALL),
        "pgvector: vector": (_named("vector.vector"), "all values, such as `[1,2.5]`"),
        "any other": (_named("other.other"), "all values, as its output function writes them"),
    },
}


def groups() -> Mapping[str, Sequence[Row]]:
    return {
        title: [_row(written, *type_) for written, type_ in types.items()]
        for title, types in _TYPES.items()
    }


def _row(written: str, type_: ColumnType, exact: str) -> Row:
    form = carried(type_)
    there = bigquery_types.beyond(form.arrow)
    return Row(
        written,
        type_.name,
        form.arrow,
        joined(exact, form.note),
        joined(form.unfit, there and f"in BigQuery {there}"),
    )
