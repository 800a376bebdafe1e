"""The bytes that have been received from a socket and are not decoded yet."""

from __future__ import annotations

import socket

BLOCK_BYTES = 1024 * 1024


class Window:
    """`data[start:end]` holds the bytes; a decoder moves `start`, `receive` moves `end`.

    `data` has BLOCK_BYTES unless one message needs more. It grows with the bytes that come, not
    by what a message claims to be, and shrinks afterwards.
    """

    def __init__(self) -> None:
        self.data = bytearray(BLOCK_BYTES)
        self.start = 0
        self.end = 0
        self.bytes_received = 0

    def make_room(self, needed: int) -> None:
        """Make room for at least one more byte of a message that takes `needed` bytes in all.

        Raises MemoryError.
        """
        held = self.end - self.start
        if held <= BLOCK_BYTES // 2 < len(self.data) // 2:
            self.data = self.data[self.start : self.end] + bytes(BLOCK_BYTES - held)
            self.start, self.end = 0, held
        elif self.start and held <= len(self.data) // 2:
            self.data[:held] = self.data[self.start : self.end]
            self.start, self.end = 0, held
        elif self.end == len(self.data):
            needed += self.start
            self.data.extend(bytes(min(len(self.data), max(needed - len(self.data), BLOCK_BYTES))))

    def receive(self, sock: socket.socket) -> None:
        """Wait for bytes and add them. Raises EOFError at the connection's end, and OSError."""
        with memoryview(self.data) as view, view[self.end :] as room:
            received = sock.recv_into(room)
        if not received:
            raise EOFError
        self.end += received
        self.bytes_received += received

    def add(self, data: bytes) -> None:
        """Add bytes that have been received in another way; they have to find room."""
        if len(data) > len(self.data) - self.end:
            raise ValueError("more bytes than there is room for")
        self.data[self.end : self.end + len(data)] = data
        self.end += len(data)
        self.bytes_received += len(data)
