"""The first words over a connection, before a driver uses it: who is there?"""

from __future__ import annotations

import socket
import ssl
import struct
import time
from contextlib import suppress

from headrace.diagnosis.recognise import Knock, Service, recognise

# More than any greeting has. What a server sends beyond is left unread.
_MOST_HEARD = 4096

_HEADER = struct.Struct("!BBHHBB")  # of a packet of SQL Server's: type, status, length, …
_PRELOGIN_OPTIONS = (
    struct.pack("!BHHBHHB", 0, 11, 6, 1, 17, 1, 0xFF)  # version and encryption, then the end
    + bytes(6)
    + b"\x02"  # no encryption, until both have agreed on one
)

_WORDS = {
    Knock.SSL_REQUEST: struct.pack("!ii", 8, 80877103),
    Knock.PRELOGIN: _HEADER.pack(0x12, 1, 8 + len(_PRELOGIN_OPTIONS), 0, 0, 0) + _PRELOGIN_OPTIONS,
    Knock.HTTP: b"OPTIONS * HTTP/1.0\r\n\r\n",  # every web server has an answer to it
}


class Opening:
    """A connected socket, and what was said and heard over it so far."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.said = b""
        self.heard = b""
        self.ended = False
        self._asked: Knock | None = None

    def knock(self, knock: Knock, host: str) -> None:
        """Say something that the one who is expected answers to."""
        self._asked = knock
        self.said = _WORDS.get(knock) or _client_hello(host)
        try:
            self.sock.sendall(self.said)
        except OSError:
            self.ended = True

    def listen(self, seconds: float) -> Service | None:
        """Who is there, as soon as that can be told, or None after so many seconds."""
        until = time.monotonic() + seconds
        while (service := recognise(self.heard, self._asked)) is None:
            if self.ended or len(self.heard) >= _MOST_HEARD or not self._hear(until):
                return None
        return service

    def close(self) -> None:
        self.sock.close()

    def _hear(self, until: float) -> bool:
        """Whether more has come; what has come already is heard even when the time is up."""
        self.sock.settimeout(max(until - time.monotonic(), 0))
        try:
            piece = self.sock.recv(_MOST_HEARD - len(self.heard))
        except (TimeoutError, BlockingIOError):
            return False
        except OSError:
            piece = b""
        finally:
            with suppress(OSError):
                self.sock.settimeout(None)
        self.ended = not piece
        self.heard += piece
        return bool(piece)


def _client_hello(host: str) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # nothing but the fact of an answer is of interest
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        ours = context.wrap_bio(incoming, outgoing, server_hostname=host)
    except ValueError:  # no certificate could carry that name
        ours = context.wrap_bio(incoming, outgoing)
    with suppress(ssl.SSLWantReadError):
        ours.do_handshake()
    return outgoing.read()
