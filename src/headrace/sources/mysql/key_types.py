"""The types of columns by which tables are cut: how their values are written and interpolated.

What lacks here cuts nothing: numbers whose text loses digits, and ENUM and SET, which are compared
as texts but lie in their indexes as numbers.
"""

from __future__ import annotations

import codecs
import re
from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import zip_longest
from uuid import UUID

from headrace.sources.mysql.types import ColumnType

_Spaced = Callable[[ColumnType, str, str, int], Sequence[str]]

# The characters and bytes that are interpolated behind what two keys have in common.
_DIGITS = 4
# Some of the characters in between are elsewhere by the collation, so that one would be too few.
_FEWEST_TEXTS = 32
_BYTES = 8
_PRINTABLE = "".join(map(chr, range(ord(" "), ord("~") + 1)))
_UNCAPITALISED = "".join(character for character in _PRINTABLE if not character.isupper())
_NO_ZERO = "{} >= CAST('0001-01-01' AS DATE)"
_MICROSECONDS = 86_400_000_000

# Python's names of character sets where they differ.
_CODECS = {
    **dict.fromkeys(("utf8mb3", "utf8mb4"), "utf-8"),
    **dict.fromkeys(("ucs2", "utf16"), "utf-16-be"),
    "utf16le": "utf-16-le",
    "utf32": "utf-32-be",
    "latin1": "cp1252",
    "koi8r": "koi8_r",
    "koi8u": "koi8_u",
}


@dataclass(frozen=True)
class KeyType:
    """How values of a type are compared.

    `text` is SQL that writes a value exactly, `constant` writes SQL of such a text that no value
    but this equals, or raises ValueError if there is none. `spaced` gives texts that lie evenly
    between two of them, so that there are about that many pieces; no row depends on where they lie.
    `usable` is a condition of most values for which there is a constant.
    """

    text: str
    constant: Callable[[ColumnType, str], str]
    spaced: _Spaced
    usable: str = "TRUE"


def _between(first: int, last: int, pieces: int) -> Sequence[int]:
    """Whole numbers above the first; the last, if there is none between."""
    if last <= first:
        return ()
    return list(
        dict.fromkeys(first - (first - last) * piece // pieces for piece in range(1, pieces))
    )


def _by_number(number: Callable[[str], int], text: Callable[[int], str]) -> _Spaced:
    def spaced(_: ColumnType, first: str, last: str, pieces: int) -> Sequence[str]:
        return [text(place) for place in _between(number(first), number(last), pieces)]

    return spaced


def _decimal(_: ColumnType, text: str) -> str:
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        raise ValueError("no decimal")
    return text


def _decimals(column_type: ColumnType, first: str, last: str, pieces: int) -> Sequence[str]:
    """All of a column have as many digits behind the point."""
    places = _between(int(first.replace(".", "")), int(last.replace(".", "")), pieces)
    return [_point_put_in(place, column_type.scale) for place in places]


def _point_put_in(number: int, scale: int) -> str:
    digits = f"{abs(number):0{scale + 1}}"
    sign = "-" if number < 0 else ""
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}" if scale else str(number)


def _day(text: str) -> int:
    """A day's number among months of 31 days: there are zero dates, and days that never were."""
    year, month, day = map(int, text[:10].split("-"))
    return (year * 12 + max(month, 1) - 1) * 31 + max(day, 1) - 1


def _date(number: int) -> str:
    months, day = divmod(number, 31)
    year, month = divmod(months, 12)
    return f"{year:04}-{month + 1:02}-{min(day + 1, monthrange(year, month + 1)[1]):02}"


def _moment(text: str) -> int:
    hours, minutes, seconds = text[11:].split(":")
    whole, _, fraction = seconds.partition(".")
    since = (int(hours) * 60 + int(minutes)) * 60 + int(whole)
    return _day(text) * _MICROSECONDS + since * 1_000_000 + int(fraction.ljust(6, "0"))


def _time(number: int) -> str:
    day, since = divmod(number, _MICROSECONDS)
    seconds, fraction = divmod(since, 1_000_000)
    minutes, second = divmod(seconds, 60)
    return f"{_date(day)} {minutes // 60:02}:{minutes % 60:02}:{second:02}.{fraction:06}"


def _constant_date(_: ColumnType, text: str) -> str:
    # The server takes no zero date, nor any that never was, for a date in each of its modes.
    return f"CAST('{date.fromisoformat(text).isoformat()}' AS DATE)"


def _constant_time(_: ColumnType, text: str) -> str:
    return f"CAST('{datetime.fromisoformat(text).isoformat(' ')}' AS DATETIME(6))"


def _characters(column_type: ColumnType, text: str) -> str:
    # In the column's own set, so that the column's collation compares them, and its index serves.
    if not re.fullmatch(r"[a-z0-9_]+", column_type.character_set or ""):
        raise ValueError("no character set")
    return f"_{column_type.character_set} {_bytes(column_type, text)}"


def _bytes(_: ColumnType, text: str) -> str:
    return f"X'{bytes.fromhex(text).hex()}'"


def _spaced_bytes(_: ColumnType, first: str, last: str, pieces: int) -> Sequence[str]:
    low, high = bytes.fromhex(first), bytes.fromhex(last)
    same = _in_common(low, high)
    low, high = (each[same : same + _BYTES].ljust(_BYTES, b"\0") for each in (low, high))
    places = _between(int.from_bytes(low), int.from_bytes(high), pieces)
    return [first[: 2 * same] + place.to_bytes(_BYTES).hex() for place in places]


def _spaced_characters(
    column_type: ColumnType, first: str, last: str, pieces: int
) -> Sequence[str]:
    """By code points with the capitals, and without them, as collations take A for a or don't."""
    pieces = max(pieces, _FEWEST_TEXTS)
    codec = _codec(str(column_type.character_set))
    low, high = (bytes.fromhex(each).decode(codec, "replace") for each in (first, last))
    texts = [
        *_spaced_texts(_PRINTABLE, low, high, pieces),
        *_spaced_texts(_UNCAPITALISED, low.lower(), high.lower(), pieces),
    ]
    return [text.encode(codec, "replace").hex() for text in dict.fromkeys(texts)]


def _spaced_texts(alphabet: str, low: str, high: str, pieces: int) -> Sequence[str]:
    same = _in_common(low, high)
    after, upto = (
        [_rank(alphabet, character) for character in each[same : same + _DIGITS].ljust(_DIGITS)]
        for each in (low, high)
    )
    base = max(len(alphabet) - 1, *after, *upto) + 1
    places = _between(_number(after, base), _number(upto, base), pieces)
    return [
        low[:same] + "".join(_character(alphabet, rank) for rank in _ranks(place, base))
        for place in places
    ]


def _rank(alphabet: str, character: str) -> int:
    beyond = ord(character) - ord(alphabet[-1])
    return len(alphabet) - 1 + beyond if beyond > 0 else max(alphabet.find(character), 0)


def _character(alphabet: str, rank: int) -> str:
    beyond = rank - len(alphabet) + 1
    return chr(ord(alphabet[-1]) + beyond) if beyond > 0 else alphabet[rank]


def _number(ranks: Sequence[int], base: int) -> int:
    number = 0
    for rank in ranks:
        number = number * base + rank
    return number


def _ranks(number: int, base: int) -> Sequence[int]:
    return [number // base**place % base for place in reversed(range(_DIGITS))]


def _codec(character_set: str) -> str:
    try:
        return codecs.lookup(_CODECS.get(character_set, character_set)).name
    except LookupError:
        return "ascii"


def _in_common(first: bytes | str, second: bytes | str) -> int:
    pairs = enumerate(zip_longest(first, second))
    return next((place for place, (one, other) in pairs if one != other), len(first))


def _uuid_number(text: str) -> int:
    """MariaDB sorts by the groups from the last to the first."""
    return int("".join(reversed(text.split("-"))), 16)


def _uuid(number: int) -> str:
    digits = f"{number:032x}"
    groups = (digits[24:], digits[20:24], digits[16:20], digits[12:16], digits[:12])
    return "-".join(groups)


_INTEGER = KeyType("CAST({} AS CHAR)", lambda _, text: str(int(text)), _by_number(int, str))
_TIME = KeyType("CAST({} AS CHAR)", _constant_time, _by_number(_moment, _time), _NO_ZERO)
_TEXT = KeyType("HEX({})", _characters, _spaced_characters)
_BINARY = KeyType("HEX({})", _bytes, _spaced_bytes)

KEY_TYPES = {
    **dict.fromkeys(("tinyint", "tinyint(1)", "smallint", "mediumint", "int", "bigint"), _INTEGER),
    "decimal": KeyType("CAST({} AS CHAR)", _decimal, _decimals),
    "date": KeyType("CAST({} AS CHAR)", _constant_date, _by_number(_day, _date), _NO_ZERO),
    "datetime": _TIME,
    "timestamp": _TIME,
    "char": _TEXT,
    "varchar": _TEXT,
    "binary": _BINARY,
    "varbinary": _BINARY,
    "uuid": KeyType(
        "CAST({} AS CHAR)",
        lambda _, text: f"CAST('{UUID(text)}' AS UUID)",
        _by_number(_uuid_number, _uuid),
    ),
}
