"""A login that PostgreSQL refuses: what the connection test advises, and that the advice helps."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

import pytest
from pydantic import SecretStr

from devservers.pgbouncer import pgbouncer
from devservers.postgres import USER, PostgresServer, temporary_server
from devservers.unprivileged import as_unprivileged
from headrace.checks import CheckStatus, Layer
from headrace.connections import Credentials, PostgresConnection, TlsMode
from headrace.diagnosis.addresses import LOOPBACK
from headrace.diagnosis.network import Network
from headrace.sources.postgres.pg_hba import lines_to_add
from tests.conftest import Database
from tests.diagnosis import impostors
from tests.sources.probing import failed, probed, probed_as

PASSWORD = "tr0ub4dor-&-3"


@contextmanager
def role(database: Database, name: str, options: str) -> Iterator[None]:
    database.execute(f"CREATE ROLE {name} PASSWORD '{PASSWORD}' {options}")
    try:
        yield
    finally:
        database.execute(f"DROP ROLE {name}")


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server whose configuration a test may change."""
    server = temporary_server()
    try:
        yield server.start()
    finally:
        server.remove()


def reload(server: PostgresServer, hba: str) -> None:
    """Let the server's administrator in, and whomever else the lines of pg_hba.conf let in."""
    server.pg_hba.write_text(f"host all {USER} 127.0.0.1/32 scram-sha-256\n{hba}\n")
    server.reload()


@pytest.mark.parametrize("options", ["LOGIN VALID UNTIL '2020-01-01'", None])
def test_a_password_that_ran_out_is_told_like_an_unknown_user(
    database: Database, options: str | None
) -> None:
    name = f"o'hara\\{database.name}"
    quoted = f'"{name}"'
    if options is None:
        check = failed(probed_as(database, name, PASSWORD))
    else:
        with role(database, quoted, options):
            check = failed(probed_as(database, name, PASSWORD))
            assert database.execute(check.copy_text or "").endswith("t|2020-01-01 00:00:00+00")
    assert (check.layer, check.code) == (Layer.LOGIN, "password_rejected")
    assert "VALID UNTIL" in (check.hint or "")
    assert [field.path for field in check.fields] == ["credentials.password", "connection.user"]
    assert database.execute(check.copy_text or "") == ""  # nobody is called so any more


def test_a_role_that_may_not_log_in(database: Database) -> None:
    name = f"group_{database.name}"
    with role(database, name, "NOLOGIN"):
        check = failed(probed_as(database, name, PASSWORD))
    assert (check.layer, check.code) == (Layer.LOGIN, "login_not_permitted")
    assert f'ALTER ROLE "{name}" LOGIN' in (check.hint or "")
    assert "TLS" not in (check.hint or "")  # the server has none


@pytest.mark.parametrize(
    ("database_name", "user"), [("shop", "reader"), ("all", "Sales reader"), ('a"b,c', "all")]
)
def test_the_line_to_add_to_pg_hba_lets_this_user_in_and_nobody_else(
    own_server: PostgresServer, database_name: str, user: str
) -> None:
    quoted = '"' + database_name.replace('"', '""') + '"'
    own_server.psql(f"CREATE DATABASE {quoted}")
    for name in (user, "someone_else"):
        own_server.psql(f"CREATE ROLE \"{name}\" LOGIN PASSWORD '{PASSWORD}'")
    database = Database(own_server, database_name)
    reload(own_server, "")
    check = failed(probed_as(database, user, PASSWORD))
    assert (check.layer, check.code) == (Layer.LOGIN, "login_not_permitted")
    assert (check.copy_text or "").startswith("host ")
    reload(own_server, check.copy_text or "")
    assert probed_as(database, user, PASSWORD)[Layer.DATABASE].status is CheckStatus.PASSED
    refused = failed(probed_as(database, "someone_else", PASSWORD))
    assert refused.code == "login_not_permitted"
    elsewhere = failed(probed_as(database, user, PASSWORD, database="template1"))
    assert elsewhere.code == "login_not_permitted"


def test_the_line_has_the_addresses_that_the_operator_names(own_server: PostgresServer) -> None:
    own_server.psql(f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'")
    reload(own_server, "")
    connection = Database(own_server, "postgres").connection
    egress = (ip_address("203.0.113.7"), ip_address("2001:db8::7"))
    checks = probed(
        connection.model_copy(update={"user": "reader"}),
        Credentials(password=SecretStr(PASSWORD)),
        network=Network(allowed=LOOPBACK, egress=egress),
    )
    assert failed(checks).copy_text == (
        "host postgres reader 203.0.113.7/32 scram-sha-256\n"
        "host postgres reader 2001:db8::7/128 scram-sha-256"
    )


@pytest.mark.parametrize(("tls", "kind"), [("disable", "host"), ("verify-full", "hostssl")])
def test_the_line_is_for_connections_like_this_one(tls: str, kind: str) -> None:
    connection = PostgresConnection(host="h", database="shop", user="reader", tls=TlsMode(tls))
    line = lines_to_add(connection, [ip_address("203.0.113.7")])
    assert line == f"{kind} shop reader 203.0.113.7/32 scram-sha-256"


@pytest.mark.parametrize("method", [impostors.kerberos, impostors.oauth])
def test_another_login_method_than_a_password(
    database: Database, method: impostors.Conversation
) -> None:
    with impostors.listening(method) as port:
        check = failed(probed_as(database, "reader", PASSWORD, port=port))
    assert (check.layer, check.code) == (Layer.LOGIN, "login_method_unknown")
    assert check.copy_text == f"host {database.name} reader 127.0.0.1/32 scram-sha-256"


def test_no_connection_is_left(database: Database) -> None:
    name = f"limited_{database.name}"
    with role(database, name, "LOGIN CONNECTION LIMIT 0"):
        check = failed(probed_as(database, name, PASSWORD))
    assert (check.layer, check.code) == (Layer.LOGIN, "too_many_connections")
    assert database.execute(check.copy_text or "")  # who is connected


def test_a_server_that_is_not_ready(own_server: PostgresServer) -> None:
    """A replica without hot standby lets nobody in for as long as it is one."""
    own_server.stop()
    data = own_server.directory / "data"
    (data / "standby.signal").touch()
    options = {
        "hot_standby": "off",
        "port": str(own_server.port),
        "listen_addresses": own_server.host,
        "unix_socket_directories": "",
    }
    arguments = [part for item in options.items() for part in ("-c", "=".join(item))]
    binaries = own_server.release.binaries()
    process = subprocess.Popen(
        [binaries / "postgres", "-D", data, *arguments],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **as_unprivileged(),
    )  # fmt: skip
    asked: list[str | Path] = [
        binaries / "pg_isready", "-q", "-h", own_server.host, "-p", str(own_server.port)
    ]  # fmt: skip
    try:
        while subprocess.run(asked, check=False).returncode != 1:  # it answers, and refuses
            assert process.poll() is None
            time.sleep(0.05)
        check = failed(probed_as(Database(own_server, "postgres"), USER, own_server.password))
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait()
    assert (check.layer, check.code) == (Layer.LOGIN, "server_not_ready")


@pytest.mark.parametrize(
    "changed", [{"password": "wrong"}, {"user": "nobody_here"}, {"database": "nowhere"}]
)
def test_a_pooler_does_not_say_what_it_refuses(database: Database, changed: dict[str, str]) -> None:
    given = {"user": USER, "password": database.server.password, **changed}
    with pgbouncer(database.server, "transaction") as port:
        check = failed(probed_as(database, port=port, **given))
    assert (check.layer, check.code) == (Layer.LOGIN, "pooler_refused")
    assert {field.path for field in check.fields} == {
        "connection.user", "connection.database", "credentials.password",
    }  # fmt: skip


def test_a_pooler_that_pools_statements(database: Database) -> None:
    with pgbouncer(database.server, "statement") as port:
        check = failed(probed_as(database, USER, database.server.password, port=port))
    assert (check.layer, check.code) == (Layer.LOGIN, "pooler_refused")
    assert "pool_mode" in (check.hint or "")


def test_a_server_that_answers_nothing_after_the_login(database: Database) -> None:
    with impostors.listening(impostors.lets_everybody_in) as port:
        check = failed(probed_as(database, "reader", PASSWORD, port=port))
    assert (check.layer, check.code) == (Layer.LOGIN, "protocol_unexpected")
