"""The rows of a prepared statement: its packets, taken from the driver's socket in large blocks.

PyMySQL's own cursors hand over one row a call, as text that has lost digits of FLOAT; here the
decoder finds the rows of the binary protocol in what the socket gives. The formats are those of
"Packets" and "Binary Protocol Resultset" in the MySQL Source Code Documentation.
"""

from __future__ import annotations

from collections.abc import Sequence

from headrace.errors import VALUE_TOO_LARGE, HeadraceError
from headrace.sources.mysql.driver import Driver, WireField
from headrace.sources.mysql.errors import translated
from headrace.sources.wire.window import Window

_HEADER = 4
_LONGEST = 0xFFFFFF  # a packet of this length goes on in the next one
_END = 0xFE
_ERROR = 0xFF
# MySQL's own client takes no more ("max_allowed_packet").
_LARGEST_ROW = 1 << 30
# What is no row is short: the end of the rows, an error's text.
_LONGEST_OTHER = 64 * 1024
# A result of a function larger than max_allowed_packet, and one cut by GROUP_CONCAT.
_CUT = {1301, 1260}


class RowTooLargeError(MemoryError):
    """A row is too large for this machine, or for any client; `beginning` is what came of it."""

    def __init__(self, beginning: bytearray) -> None:
        super().__init__()
        self.beginning = beginning


class Result:
    """A statement under way. The rows begin at `window.start`, after `start` has returned.

    Errors come out as HeadraceErrors; `what` says in them what was being done. After `ended` the
    driver can be used again, after an error it can't.
    """

    def __init__(self, driver: Driver, what: str) -> None:
        self.window = Window()
        self.ended = False
        self.rows_sent = 0
        """The server's own count, known after the end."""
        self._driver = driver
        self._what = what
        self._statement = 0

    def start(self, sql: str) -> Sequence[WireField]:
        """Run the statement; returns the columns as the server announces them."""
        with translated(self._what):
            self._statement = self._driver.prepare(sql)
            fields = self._driver.execute(self._statement)
            self._driver.drain_into(self.window)
            return fields

    def receive(self, needed: int) -> None:
        """Wait for more bytes of the packet at the window's start, which takes `needed` bytes.

        Raises MemoryError.
        """
        self.window.make_room(needed)
        with translated(self._what):
            self.window.receive(self._driver.socket)

    def join(self) -> bytearray:
        """The row at the window's start, whose packets follow each other.

        Raises RowTooLargeError.
        """
        row = bytearray()
        length = _LONGEST
        while length == _LONGEST:
            length = int.from_bytes(self._take(_HEADER)[:3], "little")
            try:
                self._append(row, length)
            except MemoryError as error:
                raise RowTooLargeError(row) from error
        return row

    def pass_packet(self) -> None:
        """Deal with the packet at the window's start, which is no row."""
        with translated(self._what):
            length = int.from_bytes(self._take(_HEADER)[:3], "little")
            if not 0 < length <= _LONGEST_OTHER:
                raise ValueError("no packet but a row is of that length")
            packet = self._take(length)
            if packet[0] == _ERROR:
                self._driver.raise_error(packet)
            if packet[0] != _END or length > 8 or self.window.start != self.window.end:
                raise ValueError("a packet out of place")
            self._driver.forget(self._statement)
            if int.from_bytes(packet[1:3], "little"):
                self._check_warnings()
            self.rows_sent = self._count()
            self.ended = True

    def _count(self) -> int:
        """Ask how many rows the last statement had ("FOUND_ROWS()"), as its end does not say."""
        with self._driver.cursor() as cursor:
            cursor.execute("SELECT FOUND_ROWS()")
            ((rows,),) = cursor.fetchall()
        return int(rows)

    def _check_warnings(self) -> None:
        """Raises VALUE_TOO_LARGE if the server has cut a value, of which it only warns."""
        if any(number in _CUT for _, number, _ in self._driver.show_warnings()):
            raise HeadraceError(
                VALUE_TOO_LARGE,
                f"{self._what}: the server has cut a value that is larger than it allows.",
                hint="Have max_allowed_packet raised in the database; it needs room for the "
                "largest value.",
            )

    def _append(self, row: bytearray, length: int) -> None:
        window = self.window
        if len(row) + length > _LARGEST_ROW:
            raise MemoryError
        while length:
            if window.start == window.end:
                self.receive(1)
            end = min(window.start + length, window.end)
            with memoryview(window.data) as data, data[window.start : end] as piece:
                row += piece
            length -= end - window.start
            window.start = end

    def _take(self, size: int) -> bytes:
        window = self.window
        while window.end - window.start < size:
            self.receive(size)
        taken = bytes(window.data[window.start : window.start + size])
        window.start += size
        return taken
