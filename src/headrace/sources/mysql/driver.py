"""PyMySQL with what it lacks: TLS or no connection, and rows straight from its socket.

All that leans on PyMySQL's inner workings stands here. The protocol is that of the MySQL Source
Code Documentation, "Client/Server Protocol".
"""

from __future__ import annotations

import io
import socket
import ssl
import struct
from dataclasses import dataclass
from typing import Any

import pymysql
from pymysql.constants import CLIENT, FLAG
from pymysql.protocol import FieldDescriptorPacket

from headrace.connections import Credentials, MysqlConnection, TlsMode
from headrace.errors import (
    LOGIN_METHOD_UNKNOWN,
    PASSWORD_WITHHELD,
    PROTOCOL_UNEXPECTED,
    TLS_NOT_OFFERED,
    HeadraceError,
)
from headrace.sources.clear_text import check_may_be_sent
from headrace.sources.mysql import errors
from headrace.sources.wire.window import Window

# A server may work for long before it sends its first row; one that has vanished is noticed
# earlier, by keep-alive probes.
SILENCE_SECONDS = 3600

_STMT_PREPARE = 0x16
_STMT_EXECUTE = 0x17
_STMT_CLOSE = 0x19

_BINARY = 63  # the number of the "character set" of bytes

_LONGEST_GREETING = 4096
_LONGEST_PACKET = 0xFFFFFF
_MOST_COLUMNS = 4096  # of a table, and of a result

# All of these prove that we know the password; the first two may also send it, encrypted.
_PLUGINS = {
    b"caching_sha2_password",
    b"sha256_password",
    b"mysql_native_password",
    b"client_ed25519",
}
# These send the password itself.
_CLEAR_PLUGINS = {b"mysql_clear_password", b"dialog"}


@dataclass(frozen=True)
class WireField:
    """A column as the server announces it: its name, and MySQL's code for how its values come."""

    name: str
    type_code: int
    binary: bool
    unsigned: bool
    scale: int


class Driver(pymysql.Connection):  # type: ignore[misc]
    """A connection that is made over a given socket."""

    _sock: socket.socket | None
    _rfile: Any
    _auth_plugin_name: str

    def __init__(
        self, connection: MysqlConnection, credentials: Credentials, database: str | None
    ) -> None:
        """Nothing is connected yet. Without a database the login says nothing of one."""
        super().__init__(
            host=connection.server,
            user=connection.user,
            password=credentials.password.get_secret_value().encode(),
            database=database,
            charset="utf8mb4",
            client_flag=CLIENT.MULTI_RESULTS,
            program_name="headrace",
            autocommit=None,
            local_infile=False,  # a server could ask for any file of this machine
            read_timeout=SILENCE_SECONDS,
            write_timeout=SILENCE_SECONDS,
            ssl_disabled=True,  # by the driver, which comes too late to verify it
            defer_connect=True,
        )
        self._connection = connection
        self._greeting: bytes | None = None

    def request_tls(self, sock: socket.socket, what: str) -> None:
        """Receive the server's greeting and answer that TLS follows.

        Raises TLS_NOT_OFFERED, PROTOCOL_UNEXPECTED, and the errors with which a server may greet.
        """
        greeting = _packet(sock, what)
        if greeting[0] == 0xFF:
            raise errors.refusal(int.from_bytes(greeting[1:3], "little"), what)
        if not _capabilities(greeting, what) & CLIENT.SSL:
            raise HeadraceError(TLS_NOT_OFFERED, f"{what}: the server does not offer it.")
        self._greeting = greeting
        self.client_flag |= CLIENT.SSL
        # The server takes these flags for good and does not look at those that come encrypted,
        # so they are the driver's own ("Protocol::SSLRequest").
        charset = pymysql.charset.charset_by_name(self.charset).id
        request = struct.pack("<IIB23x", self.client_flag, _LONGEST_PACKET, charset)
        sock.sendall(len(request).to_bytes(3, "little") + b"\x01" + request)

    def prepare(self, sql: str) -> int:
        """Prepare a statement without parameters; returns its number."""
        self._execute_command(_STMT_PREPARE, sql)
        answer = self._read_packet().get_all_data()
        number, columns, parameters = struct.unpack_from("<IHH", answer, 1)
        if parameters:
            raise ValueError("a statement with parameters")
        self._read_fields(columns)
        return int(number)

    def execute(self, statement: int) -> list[WireField]:
        """Start a prepared statement; its rows follow, in the binary protocol, unread."""
        self._execute_command(_STMT_EXECUTE, struct.pack("<IBI", statement, 0, 1))
        columns = self._read_packet().read_length_encoded_integer()
        if not 0 < columns <= _MOST_COLUMNS:
            raise ValueError("a statement that has no rows, or too many columns")
        return self._read_fields(columns)

    @property
    def announced_session(self) -> int:
        """The session's number as the greeting told it, of which there are 32 bits."""
        return int(self.server_thread_id[0])

    @property
    def socket(self) -> socket.socket:
        """The socket; only after `drain_into` does it hold all that is to come."""
        if self._sock is None:
            raise EOFError
        sock: socket.socket = self._sock
        return sock

    def drain_into(self, window: Window) -> None:
        """Move what the driver has received beyond its last packet to the window.

        From then on the socket itself may be read. If the driver holds nothing this waits for
        some bytes, as there are always more to come.
        """
        # With bytes in its buffer, read1 gives all of these and no others.
        received = self._rfile.read1(io.DEFAULT_BUFFER_SIZE)
        if not received:
            raise EOFError
        window.add(received)

    def raise_error(self, packet: bytes) -> None:
        """Raise the driver's exception for an error packet."""
        pymysql.err.raise_mysql_exception(packet)

    def forget(self, statement: int) -> None:
        """Close a prepared statement; the server does not answer."""
        self._execute_command(_STMT_CLOSE, struct.pack("<I", statement))

    def close(self) -> None:
        """Close once or more, also when the other side is gone."""
        if not self._closed:
            super().close()

    def _read_fields(self, number: int) -> list[WireField]:
        packets = [self._read_packet(FieldDescriptorPacket) for _ in range(number)]
        if number and not self._read_packet().is_eof_packet():
            raise ValueError("more columns than announced")
        return [
            WireField(
                name=packet.name,
                type_code=packet.type_code,
                binary=packet.charsetnr == _BINARY,
                unsigned=bool(packet.flags & FLAG.UNSIGNED),
                scale=packet.scale,
            )
            for packet in packets
        ]

    def _get_server_information(self) -> None:
        """Read the greeting, which has been received already if TLS was asked for."""
        if self._greeting is None:
            super()._get_server_information()
        else:
            stream, self._rfile = self._rfile, io.BytesIO(_framed(self._greeting))
            super()._get_server_information()
            self._rfile = stream
            self._next_seq_id = 2  # 1 was the request for TLS
        # An instance of Cloud SQL decrypts before its database, which sees a connection in plain
        # text and takes a password by the database's own key alone.
        instance = self._connection.instance is not None
        self._secure = isinstance(self._sock, ssl.SSLSocket) and not instance
        if self._auth_plugin_name not in {plugin.decode() for plugin in _PLUGINS}:
            # The server then asks for what the user's account needs; see _process_auth.
            self._auth_plugin_name = "mysql_native_password"
        if self._auth_plugin_name == "sha256_password" and self._secure:
            # The driver would ask for a key, since it knows nothing of the encryption yet.
            self._auth_plugin_name = "mysql_native_password"

    def _read_bytes(self, number: int) -> bytes:
        """Read a part of a packet.

        The driver joins a packet of the greatest length to the next one, and so on for as long as
        the server likes; but what it reads itself is short.
        """
        if number == _LONGEST_PACKET:
            raise ValueError("no packet but a row is of that length")
        received: bytes = super()._read_bytes(number)
        return received

    def write_packet(self, payload: bytes) -> None:
        """Send a packet; the password itself goes to a server that is verified, if to any."""
        if payload == self.password + b"\0":
            check_may_be_sent(self._connection)
        super().write_packet(payload)

    def _process_auth(self, plugin_name: bytes, auth_packet: Any, handler: Any = None) -> Any:
        """Answer the server's choice of a login method."""
        if plugin_name in _CLEAR_PLUGINS and self._connection.tls is TlsMode.DISABLE:
            raise HeadraceError(
                PASSWORD_WITHHELD,
                "Logging in: the server asks for the password itself, but the connection is not "
                "encrypted; nothing was sent.",
            )
        if plugin_name not in _PLUGINS | _CLEAR_PLUGINS:
            raise HeadraceError(
                LOGIN_METHOD_UNKNOWN,
                "Logging in: the server asks for a login method that is not known here.",
                hint=errors.HINTS[LOGIN_METHOD_UNKNOWN],
            )
        return super()._process_auth(plugin_name, auth_packet, handler)


def offers_tls(heard: bytes) -> bool | None:
    """Whether a server that greets like this offers TLS; None if it is no greeting."""
    try:
        return bool(_capabilities(heard[4:], "Reading the greeting") & CLIENT.SSL)
    except HeadraceError:
        return None


def _framed(payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "little") + b"\x00" + payload


def _packet(sock: socket.socket, what: str) -> bytes:
    """The server's first packet, and not a byte more: what follows must come encrypted."""
    length = int.from_bytes(_exactly(sock, 4, what)[:3], "little")
    if not 0 < length <= _LONGEST_GREETING:
        raise errors.unexpected(what)
    return _exactly(sock, length, what)


def _exactly(sock: socket.socket, size: int, what: str) -> bytes:
    received = b""
    while len(received) < size:
        more = sock.recv(size - len(received))
        if not more:
            raise HeadraceError(
                PROTOCOL_UNEXPECTED, f"{what}: the other side closed the connection."
            )
        received += more
    return received


def _capabilities(greeting: bytes, what: str) -> int:
    """The server's capability flags ("Protocol::HandshakeV10")."""
    version_end = greeting.find(b"\0", 1)
    low = version_end + 1 + 4 + 8 + 1  # behind the session's number, the salt, a filler
    if greeting[:1] != b"\n" or version_end < 0 or len(greeting) < low + 7:
        raise errors.unexpected(what)
    return (
        int.from_bytes(greeting[low : low + 2], "little")
        | int.from_bytes(greeting[low + 5 : low + 7], "little") << 16
    )
