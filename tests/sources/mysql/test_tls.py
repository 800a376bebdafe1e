"""TLS modes: what is accepted, and which error says what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from pydantic import SecretStr
from trustme import CA, LeafCert

from devservers.mariadb import MariadbServer, temporary_server
from devservers.unprivileged import give_away
from headrace.connections import Credentials, MysqlConnection, TlsMode
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
from headrace.sources.mysql.database import MysqlDatabase
from tests.conftest import LOCAL
from tests.diagnosis.impostors import listening
from tests.sources.mysql.impostors import asking_for
from tests.sources.tls import pem

AUTHORITY = CA()
STRANGER = CA()
CREDENTIALS = Credentials(password=SecretStr("only-over-tls"))


def write(certificate: LeafCert, directory: Path) -> dict[str, str]:
    """The certificate's files, as options of mariadbd."""
    key, chain = directory / "key.pem", directory / "cert.pem"
    key.write_bytes(certificate.private_key_pem.bytes())
    chain.write_bytes(b"".join(part.bytes() for part in certificate.cert_chain_pems))
    for path in (key, chain):
        give_away(path)
    return {"ssl_key": str(key), "ssl_cert": str(chain)}


@pytest.fixture(scope="module")
def server() -> Iterator[MariadbServer]:
    """A server whose certificate names localhost, and not 127.0.0.1."""
    server = temporary_server()
    try:
        server.options.update(write(AUTHORITY.issue_cert("localhost"), server.directory))
        server.start()
        password = CREDENTIALS.password.get_secret_value()
        server.execute(
            f"CREATE DATABASE d; CREATE USER safe IDENTIFIED BY '{password}' REQUIRE SSL;"
            "GRANT SELECT ON d.* TO safe"
        )
        yield server
    finally:
        server.remove()


def reached(host: str, port: int, tls: TlsMode, authority: CA | None = None) -> MysqlConnection:
    certificate = pem(authority) if authority else None
    return MysqlConnection(
        host=host, port=port, database="d", user="safe", tls=tls, ca_certificate=certificate
    )


def refusal(connection: MysqlConnection) -> Kind:
    with pytest.raises(HeadraceError) as caught:
        connect(connection, CREDENTIALS, LOCAL)
    return caught.value.kind


@pytest.mark.parametrize(
    ("host", "tls", "authority"),
    [
        ("localhost", TlsMode.VERIFY_FULL, AUTHORITY),
        ("127.0.0.1", TlsMode.VERIFY_CA, AUTHORITY),
        ("127.0.0.1", TlsMode.REQUIRE, None),
    ],
)
def test_accepted(server: MariadbServer, host: str, tls: TlsMode, authority: CA | None) -> None:
    # The account lets nobody in without TLS.
    database = connect(reached(host, server.port, tls, authority), CREDENTIALS, LOCAL)
    assert isinstance(database, MysqlDatabase)
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
    server: MariadbServer, host: str, tls: TlsMode, authority: CA | None, kind: Kind
) -> None:
    assert refusal(reached(host, server.port, tls, authority)) is kind


def test_a_certificate_out_of_date(server: MariadbServer) -> None:
    expired = AUTHORITY.issue_cert("localhost", not_after=datetime(2020, 1, 1))  # noqa: DTZ001
    write(expired, server.directory)
    server.execute("FLUSH SSL")
    try:
        connection = reached("localhost", server.port, TlsMode.VERIFY_FULL, AUTHORITY)
        assert refusal(connection) is TLS_EXPIRED
    finally:
        write(AUTHORITY.issue_cert("localhost"), server.directory)
        server.execute("FLUSH SSL")


@pytest.mark.parametrize("tls", [TlsMode.REQUIRE, TlsMode.VERIFY_CA, TlsMode.VERIFY_FULL])
def test_no_falling_back_to_plain_text(mariadb: MariadbServer, tls: TlsMode) -> None:
    assert refusal(reached("127.0.0.1", mariadb.port, tls)) is TLS_NOT_OFFERED


def test_a_man_in_the_middle_who_takes_the_offer_away_learns_nothing() -> None:
    told: list[bytes] = []
    with listening(asking_for(b"mysql_native_password", told)) as port:
        assert refusal(reached("127.0.0.1", port, TlsMode.REQUIRE)) is TLS_NOT_OFFERED
    assert told == []


def test_a_handshake_that_is_none() -> None:
    greeting = bytes.fromhex("0a382e3400") + bytes(13) + b"\xff\xff\x2d\x02\x00\xff\x81" + bytes(20)
    framed = len(greeting).to_bytes(3, "little") + b"\0" + greeting
    with listening(lambda client: client.sendall(framed + b"plain text" * 10)) as port:
        assert refusal(reached("127.0.0.1", port, TlsMode.REQUIRE)) is TLS_FAILED
