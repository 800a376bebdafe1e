"""What the plain decoders share, which the compiled ones have to agree with.

They are written to be read. Values are those that Arrow's buffers hold: days, microseconds,
units of a decimal's last digit; text as bytes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

from headrace.sources.wire.columns import Kind, Status


@dataclass(frozen=True)
class Column:
    kind: Kind
    precision: int = 0
    scale: int = 0
    nullify: bool = False
    element: Kind | None = None


@dataclass
class Decoded:
    """What came of a stream: whole rows, and why and where it stopped."""

    rows: list[list[Any]] = field(default_factory=list)
    replaced: int = 0
    position: int = 0
    status: Status = Status.MORE


class MalformedError(Exception):
    """Bytes that contradict themselves."""

    status = Status.LENGTH


class UnfitError(Exception):
    """A value that the column can't hold."""

    status = Status.VALUE


class ShapeError(Exception):
    """Another number of columns."""

    status = Status.SHAPE


class Bytes:
    """Bytes that are taken from the front; there have to be as many as are asked for."""

    def __init__(self, data: bytes, order: str) -> None:
        self.rest = data
        self._order = order

    def take(self, length: int) -> bytes:
        if not 0 <= length <= len(self.rest):
            raise MalformedError
        taken, self.rest = self.rest[:length], self.rest[length:]
        return taken

    def number(self, form: str) -> int:
        form = self._order + form
        (number,) = struct.unpack(form, self.take(struct.calcsize(form)))
        return int(number)

    def end(self) -> None:
        if self.rest:
            raise MalformedError


def text(data: bytes) -> bytes:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        raise UnfitError from None
    return data
