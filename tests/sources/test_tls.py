"""TLS modes: what is accepted, which error says what is wrong, and what is learned."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr
from trustme import CA

from devservers.postgres import USER, PostgresServer
from headrace.checks import Check, CheckStatus, Layer
from headrace.connections import Credentials, PostgresConnection, TlsMode
from headrace.diagnosis.diagnose import diagnose
from headrace.errors import (
    LOGIN_NOT_PERMITTED,
    TLS_CLIENT_CERTIFICATE,
    TLS_EXPIRED,
    TLS_FAILED,
    TLS_NAME_WRONG,
    TLS_NOT_OFFERED,
    TLS_NOT_SPOKEN,
    TLS_NOT_YET_VALID,
    TLS_REQUIRED,
    TLS_SELF_SIGNED,
    TLS_TOO_OLD,
    TLS_UNTRUSTED,
    HeadraceError,
    Kind,
)
from headrace.sources import connect
from tests.conftest import LOCAL
from tests.diagnosis.impostors import Conversation, listening
from tests.sources.certificates import (
    DAY,
    SelfMade,
    context,
    requiring_clients,
    self_made_context,
)
from tests.sources.tls import SSL_REQUEST, pem, tls_front

AUTHORITY = CA(organization_name="The Right Ones")
STRANGER = CA()
MAKER = SelfMade("Maker", authority=True)


@pytest.fixture(scope="module")
def port(postgres: PostgresServer) -> Iterator[int]:
    """A server whose certificate names localhost, and not 127.0.0.1."""
    with tls_front(postgres, context(AUTHORITY.issue_cert("localhost"))) as port:
        yield port


@pytest.fixture
def credentials(postgres: PostgresServer) -> Credentials:
    return Credentials(password=SecretStr(postgres.password))


def reached(
    host: str, port: int, tls: TlsMode, authority: CA | SelfMade | None = None
) -> PostgresConnection:
    return PostgresConnection(
        host=host,
        port=port,
        database="postgres",
        user=USER,
        tls=tls,
        ca_certificate=pem(authority) if authority else None,
    )


def refused(connection: PostgresConnection, credentials: Credentials) -> HeadraceError:
    with pytest.raises(HeadraceError) as caught:
        connect(connection, credentials, LOCAL)
    return caught.value


def refusal(connection: PostgresConnection, credentials: Credentials) -> Kind:
    return refused(connection, credentials).kind


def checked(connection: PostgresConnection, credentials: Credentials) -> Check:
    """What the connection test says of TLS."""
    checks = {check.layer: check for check in diagnose(connection, credentials, LOCAL)}
    return checks[Layer.TLS]


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


@pytest.mark.parametrize("tls", [TlsMode.REQUIRE, TlsMode.VERIFY_CA, TlsMode.VERIFY_FULL])
def test_no_falling_back_to_plain_text(
    postgres: PostgresServer, credentials: Credentials, tls: TlsMode
) -> None:
    connection = reached("127.0.0.1", postgres.port, tls)
    assert refusal(connection, credentials) is TLS_NOT_OFFERED


# --- certificates -----------------------------------------------------------------------------


def test_an_unknown_authority_is_named(port: int, credentials: Credentials) -> None:
    connection = reached("localhost", port, TlsMode.VERIFY_FULL)
    error = refused(connection, credentials)
    assert "'The Right Ones'" in error.detail
    assert "'The Right Ones' as the CA certificate" in error.hint
    assert error.facts["For the hosts"] == "localhost"


def test_another_authority_than_the_one_given(port: int, credentials: Credentials) -> None:
    error = refused(reached("localhost", port, TlsMode.VERIFY_FULL, STRANGER), credentials)
    assert "is not that of 'The Right Ones'" in error.hint


def test_a_providers_authority(
    postgres: PostgresServer, credentials: Credentials, tmp_path: Path
) -> None:
    maker = SelfMade("Google Cloud SQL Server CA", authority=True)
    own = SelfMade("project:instance", signed_by=maker)
    with tls_front(postgres, self_made_context(own, tmp_path)) as port:
        error = refused(reached("localhost", port, TlsMode.VERIFY_FULL), credentials)
        assert (error.kind, error.copy is not None) == (TLS_UNTRUSTED, True)
        assert "server-ca.pem" in error.hint
        unverified = checked(reached("localhost", port, TlsMode.REQUIRE), credentials)
        assert unverified.status is CheckStatus.WARNED
        assert "server-ca.pem" in (unverified.hint or "")


def test_a_certificate_that_signs_itself(
    postgres: PostgresServer, credentials: Credentials, tmp_path: Path
) -> None:
    own = SelfMade("localhost", ("localhost",))
    with tls_front(postgres, self_made_context(own, tmp_path)) as port:
        error = refused(reached("localhost", port, TlsMode.VERIFY_FULL), credentials)
        assert error.kind is TLS_SELF_SIGNED
        assert error.facts["SHA-256 fingerprint"].count(":") == 31
        # The advice, followed.
        connect(reached("localhost", port, TlsMode.VERIFY_FULL, own), credentials, LOCAL).close()


@pytest.mark.parametrize(
    ("own", "kind", "said"),
    [
        (
            SelfMade("db", ("localhost",), (-9 * DAY, -DAY), signed_by=MAKER),
            TLS_EXPIRED,
            "server's certificate has expired, on 20",
        ),
        (
            SelfMade("db", ("localhost",), (DAY, 9 * DAY), signed_by=MAKER),
            TLS_NOT_YET_VALID,
            "it begins on 20",
        ),
        (SelfMade("db", signed_by=MAKER), TLS_NAME_WRONG, "it is for db."),
        (SelfMade("a server's", signed_by=MAKER), TLS_NAME_WRONG, "and no other either"),
        (
            SelfMade(
                "db", ("localhost",), signed_by=MAKER,
                key=rsa.generate_private_key(public_exponent=65537, key_size=1024),
            ),
            TLS_TOO_OLD,
            "too short",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_certificate(
    postgres: PostgresServer,
    credentials: Credentials,
    tmp_path: Path,
    own: SelfMade,
    kind: Kind,
    said: str,
) -> None:
    with tls_front(postgres, self_made_context(own, tmp_path)) as port:
        error = refused(reached("localhost", port, TlsMode.VERIFY_FULL, MAKER), credentials)
    assert error.kind is kind
    assert said in error.detail


def test_an_authority_that_has_expired(
    postgres: PostgresServer, credentials: Credentials, tmp_path: Path
) -> None:
    maker = SelfMade("Old", valid=(-9 * DAY, -DAY), authority=True)
    own = SelfMade("db", ("localhost",), signed_by=maker)
    with tls_front(postgres, self_made_context(own, tmp_path)) as port:
        error = refused(reached("localhost", port, TlsMode.VERIFY_FULL, maker), credentials)
    assert error.kind is TLS_EXPIRED
    assert "an authority above" in error.detail


def test_the_names_of_a_certificate_for_another_host(port: int, credentials: Credentials) -> None:
    error = refused(reached("127.0.0.1", port, TlsMode.VERIFY_FULL, AUTHORITY), credentials)
    assert "it is for localhost" in error.detail
    (field,) = error.fields
    assert (field.path, field.suggestion) == ("connection.host", None)


def test_a_certificates_words_are_cleaned(
    postgres: PostgresServer, credentials: Credentials, tmp_path: Path
) -> None:
    maker = SelfMade("\x1b[31m<script>", authority=True)
    own = SelfMade("\x1b]0;x\x07", ("<b>", "db.example.com"), signed_by=maker)
    with tls_front(postgres, self_made_context(own, tmp_path)) as port:
        check = checked(reached("localhost", port, TlsMode.VERIFY_FULL), credentials)
    assert check.code == TLS_UNTRUSTED.code
    shown = check.model_dump_json()
    assert "??31m?script?" in shown
    assert not [sign for sign in ("\\u001b", "\x1b", "<", "\\u0007") if sign in shown]


# --- handshakes -------------------------------------------------------------------------------


def old() -> ssl.SSLContext:
    made = context(AUTHORITY.issue_cert("localhost"))
    made.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        made.minimum_version = ssl.TLSVersion.TLSv1
        made.maximum_version = ssl.TLSVersion.TLSv1_1
    return made


def test_versions_that_are_no_longer_safe(
    postgres: PostgresServer, credentials: Credentials
) -> None:
    with tls_front(postgres, old()) as port:
        for tls in (TlsMode.REQUIRE, TlsMode.VERIFY_FULL):
            assert refusal(reached("localhost", port, tls), credentials) is TLS_TOO_OLD


def test_no_cipher_that_both_have(postgres: PostgresServer, credentials: Credentials) -> None:
    made = context(AUTHORITY.issue_cert("localhost"))
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers("ECDHE-RSA-AES128-SHA")  # for a key that this certificate does not have
    with tls_front(postgres, made) as port:
        assert refusal(reached("localhost", port, TlsMode.REQUIRE), credentials) is TLS_FAILED


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_certificate_of_our_own_is_asked_for(
    postgres: PostgresServer, credentials: Credentials, version: ssl.TLSVersion
) -> None:
    made = requiring_clients(AUTHORITY, context(AUTHORITY.issue_cert("localhost")))
    made.maximum_version = version
    with tls_front(postgres, made) as port:
        connection = reached("localhost", port, TlsMode.VERIFY_FULL, AUTHORITY)
        assert refusal(connection, credentials) is TLS_CLIENT_CERTIFICATE
        # In TLS 1.3 the server says so after the handshake; the layer is the right one even so.
        assert checked(connection, credentials).code == TLS_CLIENT_CERTIFICATE.code


def agreeing(answer: bytes) -> Conversation:
    def converse(client: socket.socket) -> None:
        client.recv(8, socket.MSG_WAITALL)
        client.sendall(b"S" + answer)

    return converse


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"plain text" * 10, TLS_NOT_SPOKEN),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", TLS_NOT_SPOKEN),
        (b"SSH-2.0-OpenSSH_9.2\r\n", TLS_NOT_SPOKEN),
        # Alerts: 70 is protocol_version, 112 unrecognized_name, 80 internal_error, 40 is
        # handshake_failure, 116 certificate_required.
        (b"\x15\x03\x03\x00\x02\x02\x46", TLS_TOO_OLD),
        (b"\x15\x03\x03\x00\x02\x02\x70", TLS_NAME_WRONG),
        (b"\x15\x03\x03\x00\x02\x02\x50", TLS_FAILED),
        (b"\x15\x03\x03\x00\x02\x02\x28", TLS_FAILED),
        (b"\x15\x03\x03\x00\x02\x02\x74", TLS_CLIENT_CERTIFICATE),
        (b"", TLS_FAILED),
    ],
)
def test_an_answer_to_the_handshake(credentials: Credentials, answer: bytes, kind: Kind) -> None:
    with listening(agreeing(answer)) as port:
        error = refused(reached("127.0.0.1", port, TlsMode.REQUIRE), credentials)
    assert error.kind is kind


# --- what is learned --------------------------------------------------------------------------


def test_the_facts_of_a_connection(port: int, credentials: Credentials) -> None:
    check = checked(reached("localhost", port, TlsMode.VERIFY_FULL, AUTHORITY), credentials)
    assert (check.status, check.hint) == (CheckStatus.PASSED, None)
    facts = {fact.name: fact.value for fact in check.facts}
    assert facts["TLS"] == "TLSv1.3"
    assert facts["Cipher"].endswith(" bits")
    assert facts["Signed by"] == "The Right Ones"
    assert facts["For the hosts"] == "localhost"
    assert facts["Certificates sent"] == "1"


def test_the_facts_of_a_certificate_that_is_not_trusted(
    port: int, credentials: Credentials
) -> None:
    check = checked(reached("localhost", port, TlsMode.VERIFY_FULL), credentials)
    assert (check.status, check.code) == (CheckStatus.FAILED, TLS_UNTRUSTED.code)
    facts = {fact.name: fact.value for fact in check.facts}
    assert facts["Signed by"] == "The Right Ones"


@pytest.mark.parametrize(("days", "status"), [(13, CheckStatus.WARNED), (15, CheckStatus.PASSED)])
def test_a_certificate_that_ends_soon(
    postgres: PostgresServer,
    credentials: Credentials,
    tmp_path: Path,
    days: int,
    status: CheckStatus,
) -> None:
    own = SelfMade("db", ("localhost",), (-DAY, (days + 0.5) * DAY), signed_by=MAKER)
    with tls_front(postgres, self_made_context(own, tmp_path)) as port:
        check = checked(reached("localhost", port, TlsMode.VERIFY_FULL, MAKER), credentials)
    assert check.status is status
    assert ("renew the certificate" in (check.hint or "")) is (status is CheckStatus.WARNED)


def test_a_server_that_takes_encrypted_connections_alone(
    port: int, credentials: Credentials
) -> None:
    connection = reached("127.0.0.1", port, TlsMode.DISABLE)
    checks = {check.layer: check for check in diagnose(connection, credentials, LOCAL)}
    assert ("TLS offered", "yes") in [(f.name, f.value) for f in checks[Layer.TLS].facts]
    login = checks[Layer.LOGIN]
    assert (login.status, login.code) == (CheckStatus.FAILED, TLS_REQUIRED.code)
    assert [(f.path, f.suggestion) for f in login.fields] == [("connection.tls", "verify-full")]


def test_a_user_who_may_not_log_in_either_way(
    credentials: Credentials,
) -> None:
    made = context(AUTHORITY.issue_cert("localhost"))
    told: list[bytes] = []

    def refuses(client: socket.socket) -> None:
        fields = b"SFATAL\0VFATAL\0C28000\0\0"
        error = b"E" + (len(fields) + 4).to_bytes(4) + fields
        if client.recv(8, socket.MSG_WAITALL) == SSL_REQUEST:
            client.sendall(b"S")
            with made.wrap_socket(client, server_side=True) as inside:
                told.append(inside.recv(1024))
                inside.sendall(error)
        else:
            client.sendall(error)

    with listening(refuses) as port:
        connection = reached("127.0.0.1", port, TlsMode.DISABLE)
        checks = {check.layer: check for check in diagnose(connection, credentials, LOCAL)}
    assert checks[Layer.LOGIN].code == LOGIN_NOT_PERMITTED.code
    names = f"user\0{USER}\0database\0postgres\0\0".encode()
    assert [words[8:] for words in told if words] == [names]  # and no password


def test_what_is_not_verified_or_not_encrypted(
    postgres: PostgresServer, credentials: Credentials, port: int
) -> None:
    own = checked(reached("127.0.0.1", port, TlsMode.VERIFY_CA, AUTHORITY), credentials)
    assert own.status is CheckStatus.PASSED
    unencrypted = checked(reached("127.0.0.1", postgres.port, TlsMode.DISABLE), credentials)
    assert "verify-full" in (unencrypted.hint or "")
    assert [(f.name, f.value) for f in unencrypted.facts] == [("TLS offered", "no")]
