"""A server that asks for the password itself gets it only if it is the right one, or if told to."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from trustme import CA

from headrace.connections import Credentials, PostgresConnection, TlsMode
from headrace.errors import PASSWORD_WITHHELD, PROTOCOL_UNEXPECTED, HeadraceError
from headrace.sources import connect
from tests.conftest import LOCAL
from tests.diagnosis import impostors
from tests.sources.tls import SSL_REQUEST, pem

PASSWORD = "for-the-right-server-alone"
AUTHORITY = CA()


@contextmanager
def asking(received: list[bytes], *, encrypted: bool) -> Iterator[int]:
    """The port of a server that asks for the password in clear text."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    ask = impostors.clear_text(received)

    def ask_inside(client: socket.socket) -> None:
        assert client.recv(8, socket.MSG_WAITALL) == SSL_REQUEST
        client.sendall(b"S")
        with context.wrap_socket(client, server_side=True) as inside:
            ask(inside)

    with impostors.listening(ask_inside if encrypted else ask) as port:
        yield port


def refused(port: int, tls: TlsMode, authority: CA | None = None) -> HeadraceError:
    connection = PostgresConnection(
        host="127.0.0.1", port=port, database="d", user="u", tls=tls,
        ca_certificate=pem(authority) if authority else None,
    )  # fmt: skip
    with pytest.raises(HeadraceError) as caught:
        connect(connection, Credentials.model_validate({"password": PASSWORD}), LOCAL)
    return caught.value


def test_nothing_is_sent_to_a_server_that_is_not_verified() -> None:
    received: list[bytes] = []
    with asking(received, encrypted=True) as port:
        error = refused(port, TlsMode.REQUIRE)
    assert error.kind is PASSWORD_WITHHELD
    assert "verify-full" in error.hint
    assert PASSWORD.encode() not in b"".join(received)


def test_nothing_is_sent_to_a_server_of_any_public_authority(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whoever stands between has a certificate of such a one, too."""
    public = tmp_path / "public.pem"
    public.write_text(pem(AUTHORITY))
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    received: list[bytes] = []
    with asking(received, encrypted=True) as port:
        assert refused(port, TlsMode.VERIFY_CA).kind is PASSWORD_WITHHELD
        assert PASSWORD.encode() not in b"".join(received)
        assert refused(port, TlsMode.VERIFY_FULL).kind is PROTOCOL_UNEXPECTED
    assert PASSWORD.encode() in b"".join(received)


@pytest.mark.parametrize(
    ("tls", "authority"),
    [
        (TlsMode.VERIFY_FULL, AUTHORITY),
        (TlsMode.VERIFY_CA, AUTHORITY),
        (TlsMode.DISABLE, None),
    ],
)
def test_the_right_server_gets_it_and_so_does_any_if_so_chosen(
    tls: TlsMode, authority: CA | None
) -> None:
    received: list[bytes] = []
    with asking(received, encrypted=tls is not TlsMode.DISABLE) as port:
        error = refused(port, tls, authority)
    assert error.kind is PROTOCOL_UNEXPECTED
    assert PASSWORD.encode() in b"".join(received)
