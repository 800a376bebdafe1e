"""Ways of logging in, and to whom the password itself is told."""

from __future__ import annotations

import ssl
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr
from trustme import CA

from headrace.connections import Credentials, MysqlConnection, TlsMode
from headrace.errors import (
    LOGIN_METHOD_UNKNOWN,
    PASSWORD_REJECTED,
    PASSWORD_WITHHELD,
    HeadraceError,
    Kind,
)
from headrace.sources import connect
from tests.conftest import LOCAL, MariadbDatabase
from tests.diagnosis.impostors import listening
from tests.sources.mysql.impostors import Told, asking_for, proof, sha2
from tests.sources.tls import pem

AUTHORITY = CA()
PASSWORD = "pässwörd"


def reached(port: int, tls: TlsMode = TlsMode.DISABLE) -> MysqlConnection:
    authority = pem(AUTHORITY) if tls in (TlsMode.VERIFY_CA, TlsMode.VERIFY_FULL) else None
    return MysqlConnection(
        host="localhost", port=port, database="d", user="u", tls=tls, ca_certificate=authority
    )


def refusal(connection: MysqlConnection) -> Kind:
    with pytest.raises(HeadraceError) as caught:
        connect(connection, Credentials(password=SecretStr(PASSWORD)), LOCAL)
    assert PASSWORD not in caught.value.detail
    return caught.value.kind


@pytest.fixture
def context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("localhost").configure_cert(context)
    return context


@pytest.mark.parametrize("plugin", ["mysql_native_password", "ed25519"])
def test_mariadbs_own(mariadb_database: MariadbDatabase, plugin: str) -> None:
    if plugin == "ed25519":
        mariadb_database.execute("INSTALL SONAME 'auth_ed25519'")
    user = f"user_{uuid4().hex[:16]}"
    mariadb_database.execute(
        f"CREATE USER {user} IDENTIFIED VIA {plugin} USING PASSWORD('{PASSWORD}');"
        f"GRANT SELECT ON {mariadb_database.name}.* TO {user}"
    )
    connection = mariadb_database.connection.model_copy(update={"user": user})
    try:
        connect(connection, Credentials(password=SecretStr(PASSWORD)), LOCAL).close()
        assert refusal(connection.model_copy(update={"user": "nobody"})) is PASSWORD_REJECTED
    finally:
        mariadb_database.execute(f"DROP USER {user}")
        if plugin == "ed25519":
            mariadb_database.execute("UNINSTALL SONAME 'auth_ed25519'")


def test_mysqls_own_encrypts_the_password_with_the_servers_key() -> None:
    told: Told = []
    with listening(sha2(told)) as port:
        assert refusal(reached(port)) is PASSWORD_REJECTED
    assert told == [proof(PASSWORD.encode()), PASSWORD.encode()]


@pytest.mark.parametrize("tls", [TlsMode.VERIFY_CA, TlsMode.VERIFY_FULL])
def test_mysqls_own_over_tls(context: ssl.SSLContext, tls: TlsMode) -> None:
    told: Told = []
    with listening(sha2(told, context)) as port:
        assert refusal(reached(port, tls)) is PASSWORD_REJECTED
    assert told == [proof(PASSWORD.encode()), PASSWORD.encode()]


def test_a_server_that_is_not_verified_is_not_told(context: ssl.SSLContext) -> None:
    told: Told = []
    with listening(sha2(told, context)) as port:
        assert refusal(reached(port, TlsMode.REQUIRE)) is PASSWORD_WITHHELD
    assert told[0] == proof(PASSWORD.encode())
    assert PASSWORD.encode() not in b"".join(told[1:])


@pytest.mark.parametrize("plugin", [b"mysql_clear_password", b"dialog"])
def test_nobody_is_told_in_plain_text(plugin: bytes) -> None:
    told: Told = []
    with listening(asking_for(plugin, told)) as port:
        assert refusal(reached(port)) is PASSWORD_WITHHELD
    assert told == []


SENDS_IT = [b"mysql_clear_password", b"dialog", b"sha256_password"]


@pytest.mark.parametrize("plugin", SENDS_IT)
def test_an_encrypted_server_that_is_not_verified_is_not_told(
    context: ssl.SSLContext, plugin: bytes
) -> None:
    told: Told = []
    with listening(asking_for(plugin, told, context)) as port:
        assert refusal(reached(port, TlsMode.REQUIRE)) is PASSWORD_WITHHELD
    assert told == []


@pytest.mark.parametrize("plugin", SENDS_IT)
def test_a_server_of_any_public_authority_is_not_told(
    context: ssl.SSLContext, plugin: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whoever stands between has a certificate of such a one, too."""
    public = tmp_path / "public.pem"
    public.write_text(pem(AUTHORITY))
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    told: Told = []
    unchecked = {"tls": TlsMode.VERIFY_CA, "ca_certificate": None}
    with listening(asking_for(plugin, told, context)) as port:
        assert refusal(reached(port).model_copy(update=unchecked)) is PASSWORD_WITHHELD
    assert told == []


@pytest.mark.parametrize("plugin", SENDS_IT)
def test_the_right_server_is_told(context: ssl.SSLContext, plugin: bytes) -> None:
    told: Told = []
    with listening(asking_for(plugin, told, context)) as port:
        assert refusal(reached(port, TlsMode.VERIFY_FULL)) is PASSWORD_REJECTED
    assert told == [PASSWORD.encode() + b"\0"]


@pytest.mark.parametrize("plugin", [b"mysql_old_password", b"auth_gssapi_client"])
def test_a_method_that_is_not_known(plugin: bytes) -> None:
    told: Told = []
    with listening(asking_for(plugin, told)) as port:
        assert refusal(reached(port)) is LOGIN_METHOD_UNKNOWN
    assert told == []
