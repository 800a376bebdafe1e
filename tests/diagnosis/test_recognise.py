"""Who is recognised by the first bytes, and that nothing of these bytes gets any further."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.diagnosis.recognise import Knock, Service, Speaks, recognise
from tests.diagnosis.impostors import MYSQL_GREETING

SSL = Knock.SSL_REQUEST


def mysql(version: bytes, more: int = 60) -> bytes:
    payload = b"\x0a" + version + b"\0" + bytes(more)
    return len(payload).to_bytes(3, "little") + b"\0" + payload


def refusal(number: int, text: bytes = b"#08004Too many connections") -> bytes:
    payload = b"\xff" + number.to_bytes(2, "little") + text
    return len(payload).to_bytes(3, "little") + b"\0" + payload


def postgres_error(state: bytes) -> bytes:
    fields = b"SFATAL\0VFATAL\0C" + state + b"\0Mtext of the server\0\0"
    return b"E" + (len(fields) + 4).to_bytes(4) + fields


# Azure SQL's and SQL Server 2022's answer to a pre-login.
SQL_SERVER = bytes.fromhex(
    "0401002b0000010000001a00060100200001020021000103002200000400220001ff1000104e0000000000"
)

CASES: list[tuple[bytes, Knock | None, Service | None]] = [
    (MYSQL_GREETING, None, Service(Speaks.MYSQL, "8.0.36")),
    (mysql(b"8.4.3"), None, Service(Speaks.MYSQL, "8.4.3")),
    (mysql(b"8.0.mysql_aurora.3.04.0"), None, Service(Speaks.MYSQL, "8.0")),
    (mysql(b"5.7.44-log"), None, Service(Speaks.MYSQL, "5.7.44")),
    (mysql(b"5.5.5-10.11.6-MariaDB-0+deb12u1"), None, Service(Speaks.MARIADB, "10.11.6")),
    (mysql(b"11.4.2-MariaDB-ubu2404"), None, Service(Speaks.MARIADB, "11.4.2")),
    (mysql(b"<b>8.0.1\x1b[2J"), None, Service(Speaks.MYSQL)),
    (mysql(b"99999.1.2.3.4.5"), None, Service(Speaks.MYSQL)),
    (mysql(b"8.0.36"), SSL, Service(Speaks.MYSQL, "8.0.36")),
    (refusal(1040), None, Service(Speaks.MYSQL_OR_MARIADB, refusal="1040")),
    (refusal(1129), SSL, Service(Speaks.MYSQL_OR_MARIADB, refusal="1129")),
    (refusal(1130, b"Host '10.0.0.1' is not"), None,
     Service(Speaks.MYSQL_OR_MARIADB, refusal="1130")),
    (refusal(7), None, None),
    (mysql(b"8.0.36")[:9], None, None),  # more is to come
    (b"\xff\xff\xff\x00" + bytes(100), None, None),
    (bytes.fromhex("050000000b08051a00"), None, Service(Speaks.MYSQL_X)),
    (b"S", SSL, Service(Speaks.POSTGRES)),
    (b"N", SSL, Service(Speaks.POSTGRES)),
    (b"S", None, None),
    (b"S", Knock.HTTP, None),
    (b"SS", SSL, None),
    (b"N\r\n", SSL, None),
    (postgres_error(b"53300"), SSL, Service(Speaks.POSTGRES, refusal="53300")),
    (postgres_error(b"<b>"), SSL, Service(Speaks.POSTGRES, refusal="")),
    (b"Ecould not fork new process for connection: no memory\n\0", SSL,
     Service(Speaks.POSTGRES, refusal="")),
    (b"ERROR\r\n", SSL, Service(Speaks.TEXT)),  # memcached
    (SQL_SERVER, Knock.PRELOGIN, Service(Speaks.SQL_SERVER, "2022")),
    (SQL_SERVER.replace(b"\xff\x10", b"\xff\x63"), None, Service(Speaks.SQL_SERVER)),
    (bytes.fromhex("15030300020228"), SSL, Service(Speaks.TLS)),
    (bytes.fromhex("160303004a0200004603"), Knock.CLIENT_HELLO, Service(Speaks.TLS)),
    (bytes.fromhex("16030100f8010000f403"), Knock.CLIENT_HELLO, None),  # our own, sent back
    (b"HTTP/1.1 400 Bad Request\r\n", SSL, Service(Speaks.HTTP)),
    (b"HTTP/1.0 200 OK", None, Service(Speaks.HTTP)),
    (b"<html>\r\n<head><title>400 Bad", SSL, Service(Speaks.HTTP)),
    (b"<!DOCTYPE HTML PUBLIC", SSL, Service(Speaks.HTTP)),
    (bytes.fromhex("000006040000000000000500004000"), None, Service(Speaks.HTTP)),
    (b"SSH-2.0-OpenSSH_9.2p1\r\n", None, Service(Speaks.SSH)),
    (b"220 mail.example.com ESMTP Postfix\r\n", None, Service(Speaks.MAIL)),
    (b"+OK Dovecot ready.\r\n", None, Service(Speaks.MAIL)),
    (b"* OK [CAPABILITY IMAP4rev1] ready\r\n", None, Service(Speaks.MAIL)),
    (b"220 (vsFTPd 3.0.3)\r\n", None, Service(Speaks.FTP)),
    (b"220 ready\r\n", None, Service(Speaks.TEXT)),
    (b"220 rea", None, None),
    (b"-ERR unknown command\r\n", Knock.HTTP, Service(Speaks.REDIS)),
    (b"-NOAUTH Authentication required.\r\n", Knock.HTTP, Service(Speaks.REDIS)),
    (b"AMQP\0\0\x09\x01", SSL, Service(Speaks.AMQP)),
    (b"RFB 003.008\n", None, Service(Speaks.VNC)),
    (b"@RSYNCD: 31.0\n", None, Service(Speaks.TEXT)),
    (bytes.fromhex("0000000804d2162f"), SSL, None),  # an echo
    (b"", None, None),
    (b"\x00", SSL, None),
]  # fmt: skip


@pytest.mark.parametrize(("heard", "asked", "service"), CASES)
def test_who_it_is(heard: bytes, asked: Knock | None, service: Service | None) -> None:
    assert recognise(heard, asked) == service


@pytest.mark.parametrize(("heard", "asked", "service"), CASES)
def test_what_follows_changes_nothing(
    heard: bytes, asked: Knock | None, service: Service | None
) -> None:
    # But for PostgreSQL's one byte, to which nothing may be added in plain text.
    if service and heard not in (b"S", b"N"):
        for more in (b"\0", b"\r\n220 SMTP FTP\r\n", bytes(5000)):
            after = recognise(heard + more, asked)
            assert after is not None
            assert after.speaks is service.speaks or service.speaks is Speaks.POSTGRES


def spoiled(heard: bytes, length: int, at: int, byte: int, more: bytes) -> bytes:
    """A case with one byte changed, cut off somewhere, and with something behind it."""
    return (heard[:at] + bytes([byte]) + heard[at + 1 :])[:length] + more


NEAR = st.builds(
    spoiled,
    st.sampled_from([heard for heard, _, _ in CASES]),
    st.integers(0, 120), st.integers(0, 40), st.integers(0, 255), st.binary(max_size=40),
)  # fmt: skip
NUMBER = re.compile(r"\d{1,3}(\.\d{1,3}){1,3}|20\d\d")
REFUSAL = re.compile(r"[1-9]\d{3,4}|[0-9A-Z]{5}|")


@given(st.binary(max_size=300) | NEAR, st.sampled_from([None, *Knock]))
def test_whatever_comes_is_recognised_or_not(heard: bytes, asked: Knock | None) -> None:
    service = recognise(heard, asked)
    assert recognise(heard, asked) == service
    if service is None:
        return
    # Nothing but a name of our own, a number, and a code.
    assert service.version is None or NUMBER.fullmatch(service.version)
    assert service.refusal is None or REFUSAL.fullmatch(service.refusal)
    assert str(service) in (service.speaks.value, f"{service.speaks.value} {service.version}")


@given(st.binary(max_size=200))
def test_the_version_is_all_that_is_kept_of_a_greeting(version: bytes) -> None:
    service = recognise(mysql(version.replace(b"\0", b"")))
    assert service is not None
    assert service.version is None or NUMBER.fullmatch(service.version)
