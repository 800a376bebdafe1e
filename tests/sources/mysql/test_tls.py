"""TLS modes: what is accepted, and which error says what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pymysql
import pytest
from pydantic import SecretStr
from trustme import CA, LeafCert

from devservers.mariadb import USER, MariadbServer, temporary_server
from headrace.checks import Layer
from headrace.connections import Credentials, MysqlConnection, TlsMode
from headrace.diagnosis.diagnose import diagnose
from headrace.errors import (
    PASSWORD_REJECTED,
    TLS_NAME_WRONG,
    TLS_NOT_OFFERED,
    TLS_NOT_SPOKEN,
    TLS_UNTRUSTED,
    HeadraceError,
    Kind,
)
from headrace.sources import connect
from headrace.sources.mysql.database import MysqlDatabase
from tests.conftest import LOCAL
from tests.diagnosis.impostors import listening
from tests.sources.certificates import SelfMade, write
from tests.sources.mysql.impostors import asking_for
from tests.sources.tls import pem

AUTHORITY = CA()
STRANGER = CA()
CREDENTIALS = Credentials(password=SecretStr("only-over-tls"))


@pytest.fixture(scope="module")
def server() -> Iterator[MariadbServer]:
    """A server whose certificate names localhost, and not 127.0.0.1."""
    server = temporary_server()
    try:
        files = write(AUTHORITY.issue_cert("localhost"), server.directory)
        server.options.update(ssl_key=str(files["key"]), ssl_cert=str(files["chain"]))
        server.start()
        password = CREDENTIALS.password.get_secret_value()
        server.execute(
            f"CREATE DATABASE d; CREATE USER safe IDENTIFIED BY '{password}' REQUIRE SSL;"
            "GRANT SELECT ON d.* TO safe"
        )
        yield server
    finally:
        server.remove()


def reached(
    host: str, port: int, tls: TlsMode, authority: CA | SelfMade | None = None
) -> MysqlConnection:
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


@contextmanager
def showing(server: MariadbServer, certificate: LeafCert | SelfMade) -> Iterator[int]:
    """The server's port while it shows another certificate."""
    write(certificate, server.directory)
    server.execute("FLUSH SSL")
    try:
        yield server.port
    finally:
        write(AUTHORITY.issue_cert("localhost"), server.directory)
        server.execute("FLUSH SSL")


def test_a_certificate_that_mysql_made_for_itself(server: MariadbServer) -> None:
    maker = SelfMade("MySQL_Server_8.4.0_Auto_Generated_CA_Certificate", authority=True)
    own = SelfMade("MySQL_Server_8.4.0_Auto_Generated_Server_Certificate", signed_by=maker)
    with showing(server, own) as port:
        for authority in (None, maker):
            with pytest.raises(HeadraceError) as caught:
                connect(
                    reached("localhost", port, TlsMode.VERIFY_FULL, authority), CREDENTIALS, LOCAL
                )
            assert "ca.pem" in caught.value.hint
        # The advice, followed.
        connect(reached("localhost", port, TlsMode.VERIFY_CA, maker), CREDENTIALS, LOCAL).close()


def test_a_server_that_takes_encrypted_connections_alone(server: MariadbServer) -> None:
    connection = reached("127.0.0.1", server.port, TlsMode.DISABLE).model_copy(
        update={"user": USER}
    )
    credentials = Credentials(password=SecretStr(server.password))
    # A session that is there already stays as it is.
    with (
        pymysql.connect(
            host=server.host, port=server.port, user=USER, password=server.password
        ) as session,
        session.cursor() as administrator,
    ):
        administrator.execute("SET GLOBAL require_secure_transport = ON")
        try:
            checks = {check.layer: check for check in diagnose(connection, credentials, LOCAL)}
        finally:
            administrator.execute("SET GLOBAL require_secure_transport = OFF")
    assert ("TLS offered", "yes") in [(f.name, f.value) for f in checks[Layer.TLS].facts]
    # MariaDB says what it says of a wrong password, MySQL has a number of its own for it.
    login = checks[Layer.LOGIN]
    assert login.code == PASSWORD_REJECTED.code
    assert ("connection.tls", "verify-full") in [(f.path, f.suggestion) for f in login.fields]
    assert "TLS mode 'verify-full'" in (login.hint or "")


def test_the_facts_of_a_connection(server: MariadbServer) -> None:
    connection = reached("localhost", server.port, TlsMode.VERIFY_FULL, AUTHORITY)
    checks = {check.layer: check for check in diagnose(connection, CREDENTIALS, LOCAL)}
    facts = {fact.name: fact.value for fact in checks[Layer.TLS].facts}
    assert facts["TLS"] == "TLSv1.3"
    assert facts["For the hosts"] == "localhost"


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
        assert refusal(reached("127.0.0.1", port, TlsMode.REQUIRE)) is TLS_NOT_SPOKEN
