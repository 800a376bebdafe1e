"""What speaks at a port, told from the first bytes that come from there.

Nothing of these bytes is kept but what is recognised: a version is cut to digits and dots, an
error to its number. The formats are those of the MySQL Source Code Documentation ("Connection
Phase"), of the PostgreSQL manual ("Message Formats"), of [MS-TDS] 2.2.6.5, RFC 8446 and RFC 9113.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum, auto


class Knock(Enum):
    """What to say to a server that does not speak first."""

    SSL_REQUEST = auto()  # PostgreSQL's: is TLS to be had?
    PRELOGIN = auto()  # SQL Server's first packet
    CLIENT_HELLO = auto()  # TLS from the first byte
    HTTP = auto()


class Speaks(StrEnum):
    """What speaks there; the value is its name for a person."""

    POSTGRES = "PostgreSQL"
    MYSQL = "MySQL"
    MARIADB = "MariaDB"
    MYSQL_OR_MARIADB = "MySQL or MariaDB"  # an error as a greeting does not tell which
    MYSQL_X = "MySQL's X Protocol"
    SQL_SERVER = "SQL Server"
    HTTP = "a web server (HTTP)"
    TLS = "a server that speaks TLS from the first byte"
    SSH = "an SSH server"
    MAIL = "a mail server"
    FTP = "an FTP server"
    REDIS = "Redis"
    AMQP = "a message broker (AMQP)"
    VNC = "a remote desktop (VNC)"
    TEXT = "something that speaks in lines of text"


@dataclass(frozen=True)
class Service:
    """Somebody who was recognised.

    `refusal` is the number (MySQL) or the SQLSTATE of an error that stands in place of a
    greeting; it is empty if the error has none.
    """

    speaks: Speaks
    version: str | None = None
    refusal: str | None = None

    def __str__(self) -> str:
        return f"{self.speaks} {self.version}" if self.version else str(self.speaks)


# Greetings, and answers to an SSLRequest, are shorter than this.
_LONGEST = 4096

# Older clones of MySQL take no server of version 10 for their like, so MariaDB adds this.
_MYSQL_VERSION = re.compile(rb"(?:5\.5\.5-(?=1\d\.))?(\d{1,3}(?:\.\d{1,3}){1,3})(?!\d)")
_FIRST_OWN_ERROR = 1000  # lower numbers are the operating system's

# MySQL's X Protocol begins with a notice "hello".
_X_HELLO = b"\x05\x00\x00\x00\x0b\x08\x05\x1a\x00"

_SQL_SERVERS = {
    11: "2012", 12: "2014", 13: "2016", 14: "2017", 15: "2019", 16: "2022", 17: "2025",
}  # fmt: skip

_TEXTS: tuple[tuple[re.Pattern[bytes], Speaks], ...] = (
    (re.compile(rb"SSH-"), Speaks.SSH),
    (re.compile(rb"HTTP/\d"), Speaks.HTTP),
    (re.compile(rb"(?i)<(!doctype html|html)"), Speaks.HTTP),
    (re.compile(rb"RFB \d{3}"), Speaks.VNC),
    (re.compile(rb"AMQP\x00"), Speaks.AMQP),
    (re.compile(rb"-(ERR|NOAUTH|DENIED|MISCONF|LOADING) "), Speaks.REDIS),
    (re.compile(rb"(?i)220[ -].*SMTP"), Speaks.MAIL),
    (re.compile(rb"\+OK|\* OK"), Speaks.MAIL),
    (re.compile(rb"(?i)220[ -].*FTP"), Speaks.FTP),
    # A line that has ended, or has gone on for so long that it is one anyway.
    (re.compile(rb"[\t\x20-\x7e]{3,}\r?\n|[\t\x20-\x7e]{64}"), Speaks.TEXT),
)


def recognise(heard: bytes, asked: Knock | None = None) -> Service | None:
    """Who says this, unasked or as the answer to a knock; None if that can't be told (yet).

    Never raises, whatever the bytes are.
    """
    for recogniser in _IN_BYTES:
        if service := recogniser(heard):
            return service
    if asked is Knock.SSL_REQUEST and (service := _postgres(heard)):
        return service
    for pattern, speaks in _TEXTS:
        if pattern.match(heard):
            return Service(speaks)
    return None


def _mysql(heard: bytes) -> Service | None:
    length = int.from_bytes(heard[:3], "little")
    if len(heard) < 7 or heard[3] != 0 or not 2 < length <= _LONGEST:
        return None
    payload = heard[4 : 4 + length]
    if payload[0] == 0xFF:
        error = int.from_bytes(payload[1:3], "little")
        known = error >= _FIRST_OWN_ERROR
        return Service(Speaks.MYSQL_OR_MARIADB, refusal=str(error)) if known else None
    version, ended, _ = payload[1:].partition(b"\0")
    if payload[0] != 10 or not ended:
        return None
    number = _MYSQL_VERSION.match(version)
    return Service(
        Speaks.MARIADB if b"mariadb" in version.lower() else Speaks.MYSQL,
        number[1].decode("ascii") if number else None,
    )


def _mysql_x(heard: bytes) -> Service | None:
    return Service(Speaks.MYSQL_X) if heard.startswith(_X_HELLO) else None


def _sql_server(heard: bytes) -> Service | None:
    """The answer to a pre-login: its options begin with the version, and say where that stands."""
    length = int.from_bytes(heard[2:4])
    if heard[:2] != b"\x04\x01" or not 8 < length <= _LONGEST or heard[8:9] != b"\x00":
        return None
    at = 8 + int.from_bytes(heard[9:11])
    if len(heard) <= at:
        return None
    return Service(Speaks.SQL_SERVER, _SQL_SERVERS.get(heard[at]))


def _tls(heard: bytes) -> Service | None:
    if len(heard) < 7 or heard[1] != 3 or heard[2] > 4:
        return None
    server_hello = heard[0] == 0x16 and heard[5] == 2  # 1 would be an echo of our own
    alert = heard[0] == 0x15 and heard[3:5] == b"\x00\x02" and heard[5] in (1, 2)
    return Service(Speaks.TLS) if server_hello or alert else None


def _http_2(heard: bytes) -> Service | None:
    """A frame with settings, which such servers may send unasked."""
    settings = heard[:2] == b"\0\0" and heard[3:9] == b"\x04\0\0\0\0\0" and heard[2] % 6 == 0
    return Service(Speaks.HTTP) if settings else None


def _postgres(heard: bytes) -> Service | None:
    """The answer to an SSLRequest, which is a single byte; or an error in its place."""
    if heard in (b"S", b"N"):
        return Service(Speaks.POSTGRES)
    if heard[:1] != b"E" or len(heard) < 6:
        return None
    if 8 < int.from_bytes(heard[1:5]) <= _LONGEST and heard[5:6] in (b"S", b"V", b"C", b"M"):
        state = re.search(rb"\0C([0-9A-Z]{5})\0", heard[5:])
        return Service(Speaks.POSTGRES, refusal=state[1].decode("ascii") if state else "")
    # The form of protocol 2, in which a server says that it can't start another process.
    if re.fullmatch(rb"E[^\0\r]{4,}\n\0", heard):
        return Service(Speaks.POSTGRES, refusal="")
    return None


_IN_BYTES: tuple[Callable[[bytes], Service | None], ...] = (
    _mysql,
    _mysql_x,
    _sql_server,
    _tls,
    _http_2,
)
