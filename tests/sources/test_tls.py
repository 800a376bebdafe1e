"""TLS modes: what is accepted, and which error says what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from pydantic import SecretStr
from trustme import CA

from devservers.postgres import USER, PostgresServer
from headrace.connections import Credentials, PostgresConnection, TlsMode
from headrace.errors import (
    TLS_EXPIRED,
    TLS_FAILED,
    TLS_NAME_WRONG,
    TLS_NOT_OFFERED,
    TLS_UNTRUSTED,
    HeadraceError,
    Kind,
)
from headrace.sources import connect
from tests.conftest import LOCAL
from tests.diagnosis.impostors import listening
from tests.sources.tls import pem, tls_front

AUTHORITY = CA()
STRANGER = CA()


@pytest.fixture(scope="module")
def port(postgres: PostgresServer) -> Iterator[int]:
    """A server whose certificate names localhost, and not 127.0.0.1."""
    with tls_front(postgres, AUTHORITY.issue_cert("localhost")) as port:
        yield port


@pytest.fixture
def credentials(postgres: PostgresServer) -> Credentials:
    return Credentials(password=SecretStr(postgres.password))


def reached(host: str, port: int, tls: TlsMode, authority: CA | None = None) -> PostgresConnection:
    return PostgresConnection(
        host=host,
        port=port,
        database="postgres",
        user=USER,
        tls=tls,
        ca_certificate=pem(authority) if authority else None,
    )


def refusal(connection: PostgresConnection, credentials: Credentials) -> Kind:
    with pytest.raises(HeadraceError) as caught:
        connect(connection, credentials, LOCAL)
    return caught.value.kind


@pytest.mark.parametrize(
    ("host", "tls", "authority"),
    [
        ("localhost", TlsMode.VERIFY_FULL, AUTHORITY),
        ("127.0.0.1", TlsMode.VERIFY_CA, AUTHORITY),
        ("127.0.0.1", TlsMode.REQUIRE, None),
    ],
)
def test_accepted(
    port: int, credentials: Credentials, host: str, tls: TlsMode, authority: CA | None
) -> None:
    # The front lets nothing through that is not encrypted.
    database = connect(reached(host, port, tls, authority), credentials, LOCAL)
    assert list(database.list_tables()) == []
    database.close()


@pytest.mark.parametrize(
    ("host", "tls", "authority", "kind"),
    [
        ("127.0.0.1", TlsMode.VERIFY_FULL, AUTHORITY, TLS_NAME_WRONG),
        ("localhost", TlsMode.VERIFY_FULL, STRANGER, TLS_UNTRUSTED),
        ("localhost", TlsMode.VERIFY_FULL, None, TLS_UNTRUSTED),
        ("localhost", TlsMode.VERIFY_CA, STRANGER, TLS_UNTRUSTED),
    ],
)
def test_refused(
    port: int, credentials: Credentials, host: str, tls: TlsMode, authority: CA | None, kind: Kind
) -> None:
    assert refusal(reached(host, port, tls, authority), credentials) is kind


def test_a_certificate_out_of_date(postgres: PostgresServer, credentials: Credentials) -> None:
    expired = AUTHORITY.issue_cert("localhost", not_after=datetime(2020, 1, 1))  # noqa: DTZ001
    with tls_front(postgres, expired) as port:
        connection = reached("localhost", port, TlsMode.VERIFY_FULL, AUTHORITY)
        assert refusal(connection, credentials) is TLS_EXPIRED


@pytest.mark.parametrize("tls", [TlsMode.REQUIRE, TlsMode.VERIFY_CA, TlsMode.VERIFY_FULL])
def test_no_falling_back_to_plain_text(
    postgres: PostgresServer, credentials: Credentials, tls: TlsMode
) -> None:
    connection = reached("127.0.0.1", postgres.port, tls)
    assert refusal(connection, credentials) is TLS_NOT_OFFERED


def test_a_handshake_that_is_none(credentials: Credentials) -> None:
    with listening(lambda client: client.sendall(b"S" + b"plain text" * 10)) as port:
        connection = reached("127.0.0.1", port, TlsMode.REQUIRE)
        assert refusal(connection, credentials) is TLS_FAILED
