"""COPY … TO STDOUT: its messages, taken from the driver's socket in large blocks.

pg8000 hands over one row a call; here the decoder finds the rows in what the socket gives. No
other module knows what pg8000 keeps to itself: `_sock`, through which it reads with a buffer of
its own, and `_usock` beneath, which is the socket. The messages are those of "Message Formats"
in the PostgreSQL manual, their order that of "COPY Operations".
"""

from __future__ import annotations

from pg8000.core import Context
from pg8000.exceptions import InterfaceError
from pg8000.native import Connection as Driver

from headrace.errors import PROTOCOL_UNEXPECTED, HeadraceError
from headrace.sources.postgres.errors import translated
from headrace.sources.wire.window import Window

# A row has to fit into one buffer of the server (MaxAllocSize); the rest is for its frame.
LARGEST_MESSAGE = 1024**3 + 1024**2
# What is no row is short: an error's text, a changed setting.
_LARGEST_OTHER = 16 * 1024**2

_BINARY_OUT = b"H"
_DONE = b"c"
_READY = b"Z"
# Error, parameter status, command complete, ready.
_HANDLED = (b"E", b"S", b"C", _READY)
# Notice, notification: nobody here wants them, and the driver would keep a hundred of any length.
_PASSED_OVER = (b"N", b"A", _DONE)


class CopyOut:
    """A COPY under way. The rows begin at `window.start`, after `start` has returned.

    Errors come out as HeadraceErrors; `what` says in them what was being done. After `ended` the
    driver can be used again, after an error it can't.
    """

    def __init__(self, driver: Driver, what: str) -> None:
        self.window = Window()
        self.ended = False
        self._driver = driver
        self._context = Context("COPY")
        self._what = what

    @property
    def rows_sent(self) -> int:
        """The server's count, known after the end."""
        return int(self._context.row_count)

    def start(self, sql: str) -> None:
        """Send `COPY (sql) TO STDOUT`, and wait until the server begins to answer with rows."""
        with translated(self._what):
            self._driver.send_QUERY(f"COPY ({sql}) TO STDOUT (FORMAT binary)")
            self._driver._sock.flush()
            # What the driver's buffer holds comes first; once it is empty it stays so.
            self.window.add(self._driver._sock.read(len(self._driver._sock.peek())))
            while (code := self._pass_message()) != _BINARY_OUT:
                if code == _READY:
                    raise ValueError("the statement was no COPY")

    def receive(self, needed: int) -> None:
        """Wait for more bytes of the message at the window's start, which takes `needed` bytes.

        Raises MemoryError if it is too large for this machine.
        """
        if needed > LARGEST_MESSAGE:
            raise HeadraceError(
                PROTOCOL_UNEXPECTED,
                f"{self._what}: the server announces a row of {needed} bytes; none is that long.",
            )
        self.window.make_room(needed)
        with translated(self._what):
            self._receive()

    def pass_message(self) -> None:
        """Deal with the message at the window's start, which is no row."""
        with translated(self._what):
            if self._pass_message() == _READY:
                # What the server has said since goes to the driver now, since its buffer is empty.
                while self.window.start < self.window.end:
                    self._pass_message()
                self.ended = True

    def _pass_message(self) -> bytes:
        window = self.window
        self._receive_whole(5)
        code = bytes(window.data[window.start : window.start + 1])
        length = int.from_bytes(window.data[window.start + 1 : window.start + 5])
        if not 4 <= length <= _LARGEST_OTHER:
            raise ValueError("no message is of that length")
        self._receive_whole(length + 1)
        data = bytes(window.data[window.start + 5 : window.start + length + 1])
        window.start += length + 1
        self._handle(code, data)
        return code

    def _handle(self, code: bytes, data: bytes) -> None:
        if code == _BINARY_OUT:
            if data[0] != 1:
                raise ValueError("the rows are not binary")
        elif code in _HANDLED:
            self._driver.message_types[code](data, self._context)
        elif code not in _PASSED_OVER:
            raise ValueError("a message out of place")
        if code == _READY and self._context.error is not None:
            raise self._context.error

    def _receive_whole(self, length: int) -> None:
        while self.window.end - self.window.start < length:
            self.window.make_room(length)
            self._receive()

    def _receive(self) -> None:
        try:
            self.window.receive(self._driver._usock)
        except EOFError:
            # The server says why before it hangs up.
            raise self._context.error or InterfaceError("network error") from None
