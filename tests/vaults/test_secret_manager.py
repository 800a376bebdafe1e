"""What can go wrong between the vault and Secret Manager, at the wire, and what is sent there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import google_crc32c
import grpc
import pytest
from google.cloud.secretmanager_v1 import SecretManagerServiceClient, types
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
    SecretManagerServiceGrpcTransport,
)
from pydantic import SecretStr

from devservers.google.secret_manager import SecretManagerServer
from devservers.google.serving import lost, refused, silent, spoilt
from devservers.ports import free_port
from headrace.connections import Credentials, PostgresConnection
from headrace.credentials import settle, store
from headrace.errors import (
    SETTINGS_INVALID,
    VAULT_BUSY,
    VAULT_FORBIDDEN,
    VAULT_MISSING,
    VAULT_UNAVAILABLE,
    VAULT_UNREADABLE,
    HeadraceError,
    Kind,
)
from headrace.google_calls import Patience, emulator_channel
from headrace.settings import Settings
from headrace.vaults.secret_manager import SecretManager, open_vault

Status = grpc.StatusCode
Operation = Callable[[SecretManager], object]
State: Any = types.SecretVersion.State

PAYLOAD = b"s3cret-payload"
PATIENT, HASTY = Patience(), Patience(all=0.1)
AGAIN = (
    Status.UNAVAILABLE,
    Status.DEADLINE_EXCEEDED,
    Status.RESOURCE_EXHAUSTED,
    Status.ABORTED,
    Status.INTERNAL,
)
# What each operation asks of Secret Manager.
OPERATIONS: Mapping[str, tuple[str, Operation]] = {
    "add": ("AddSecretVersion", lambda vault: vault.add("one", PAYLOAD)),
    "create": ("CreateSecret", lambda vault: vault.add("new", PAYLOAD)),
    "read": ("AccessSecretVersion", lambda vault: vault.read("one", 1)),
    "versions": ("ListSecretVersions", lambda vault: vault.versions("one")),
    "destroy": ("DestroySecretVersion", lambda vault: vault.destroy("one", 1)),
    "delete": ("DeleteSecret", lambda vault: vault.delete("one")),
}
each_operation = pytest.mark.parametrize("operation", OPERATIONS)


def opened(address: str, project: str, patience: Patience = PATIENT) -> SecretManager:
    transport = SecretManagerServiceGrpcTransport(channel=emulator_channel(address))
    client = SecretManagerServiceClient(transport=transport)
    return SecretManager(client, project, patience=patience)


@pytest.fixture
def project() -> str:
    return f"p{uuid4().hex}"


@pytest.fixture
def server(secret_manager_server: SecretManagerServer) -> SecretManagerServer:
    return secret_manager_server


@pytest.fixture
def vault(server: SecretManagerServer, project: str) -> SecretManager:
    """A vault that holds PAYLOAD as version 1 of 'one'."""
    vault = opened(server.address, project)
    vault.add("one", PAYLOAD)
    server.heal()
    return vault


def error_of(call: Callable[[], object]) -> HeadraceError:
    with pytest.raises(HeadraceError) as caught:
        call()
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"
    return caught.value


@pytest.mark.parametrize("status", AGAIN)
@each_operation
def test_what_may_pass_is_tried_again(
    vault: SecretManager, server: SecretManagerServer, operation: str, status: grpc.StatusCode
) -> None:
    method, call = OPERATIONS[operation]
    server.fail(method, refused(status))

    call(vault)

    assert len(server.requests[method]) == 2


@each_operation
def test_a_server_that_says_nothing_is_asked_again(
    vault: SecretManager, server: SecretManagerServer, project: str, operation: str
) -> None:
    method, call = OPERATIONS[operation]
    server.fail(method, silent)

    call(opened(server.address, project, Patience(attempt=0.5)))

    assert len(server.requests[method]) > 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (Status.UNAVAILABLE, VAULT_UNAVAILABLE),
        (Status.DEADLINE_EXCEEDED, VAULT_UNAVAILABLE),
        (Status.RESOURCE_EXHAUSTED, VAULT_BUSY),
        (Status.ABORTED, VAULT_BUSY),
    ],
)
@each_operation
def test_what_does_not_pass_is_told_apart(
    vault: SecretManager,
    server: SecretManagerServer,
    project: str,
    operation: str,
    status: grpc.StatusCode,
    kind: Kind,
) -> None:
    method, call = OPERATIONS[operation]
    server.fail(method, *[refused(status)] * 100)

    error = error_of(lambda: call(opened(server.address, project, HASTY)))

    assert error.kind is kind
    assert error.transient
    assert status.name in error.detail


@pytest.mark.parametrize("status", [Status.PERMISSION_DENIED, Status.UNAUTHENTICATED])
@each_operation
def test_what_is_forbidden_is_not_absent(
    vault: SecretManager, server: SecretManagerServer, operation: str, status: grpc.StatusCode
) -> None:
    method, call = OPERATIONS[operation]
    server.fail(method, refused(status))

    error = error_of(lambda: call(vault))

    assert error.kind is VAULT_FORBIDDEN
    assert not error.transient
    assert len(server.requests[method]) == 1


def test_a_project_that_is_not_there(vault: SecretManager, server: SecretManagerServer) -> None:
    server.fail("CreateSecret", refused(Status.NOT_FOUND))

    assert error_of(lambda: vault.add("new", PAYLOAD)).kind is VAULT_MISSING


def test_nobody_listens(project: str) -> None:
    vault = opened(f"127.0.0.1:{free_port()}", project, HASTY)

    assert error_of(lambda: vault.read("one", 1)).kind is VAULT_UNAVAILABLE


@pytest.mark.parametrize("status", [Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED])
def test_a_version_whose_answer_was_lost_is_added_again(
    vault: SecretManager, server: SecretManagerServer, status: grpc.StatusCode
) -> None:
    """The number that is returned is the last one, and every one holds what was to be stored."""
    server.fail("AddSecretVersion", lost(status))

    assert vault.add("one", b"two") == 3
    assert vault.versions("one") == [1, 2, 3]
    assert [vault.read("one", number) for number in (1, 2, 3)] == [PAYLOAD, b"two", b"two"]


@pytest.mark.parametrize("method", ["CreateSecret", "DestroySecretVersion", "DeleteSecret"])
def test_what_was_done_and_not_answered_is_done(
    vault: SecretManager, server: SecretManagerServer, method: str
) -> None:
    operation, call = next((name, c) for name, (m, c) in OPERATIONS.items() if m == method)
    server.fail(method, lost(Status.UNAVAILABLE))

    call(vault)

    assert vault.versions("new" if operation == "create" else "one") == (
        [1] if operation == "create" else []
    )


def test_a_new_secret_may_not_be_seen_at_once(
    vault: SecretManager, server: SecretManagerServer
) -> None:
    server.fail("AddSecretVersion", *[refused(Status.NOT_FOUND)] * 3)

    assert vault.add("new", PAYLOAD) == 1
    assert vault.read("new", 1) == PAYLOAD


def test_a_secret_is_made_with_its_replication_and_a_label(
    vault: SecretManager, server: SecretManagerServer, project: str
) -> None:
    vault.add("new", PAYLOAD)

    (request,) = server.requests["CreateSecret"]
    assert (request.parent, request.secret_id) == (f"projects/{project}", "new")
    assert "automatic" in request.secret.replication
    assert dict(request.secret.labels) == {"managed-by": "headrace"}


def test_a_payload_is_sent_with_its_checksum(
    vault: SecretManager, server: SecretManagerServer
) -> None:
    vault.add("one", b"two")

    (request,) = server.requests["AddSecretVersion"]
    assert request.payload.data_crc32c == google_crc32c.value(b"two")


def changed(answer: types.AccessSecretVersionResponse) -> None:
    answer.payload.data = answer.payload.data[:-1] + b"!"


def cut(answer: types.AccessSecretVersionResponse) -> None:
    answer.payload.data = answer.payload.data[:-1]


def without_checksum(answer: types.AccessSecretVersionResponse) -> None:
    del answer.payload.data_crc32c


@pytest.mark.parametrize("change", [changed, cut, without_checksum])
def test_a_payload_that_arrives_damaged_is_read_again(
    vault: SecretManager, server: SecretManagerServer, project: str, change: Callable[[Any], None]
) -> None:
    server.fail("AccessSecretVersion", spoilt(change), spoilt(change))
    assert vault.read("one", 1) == PAYLOAD

    server.fail("AccessSecretVersion", *[spoilt(change)] * 100)
    hasty = opened(server.address, project, HASTY)
    error = error_of(lambda: hasty.read("one", 1))
    assert error.kind is VAULT_UNREADABLE
    assert "damaged" in error.detail


def test_a_version_whose_checksum_was_not_looked_at_is_added_again(
    vault: SecretManager, server: SecretManagerServer
) -> None:
    def unchecked(answer: types.SecretVersion) -> None:
        answer.client_specified_payload_checksum = False

    server.fail("AddSecretVersion", spoilt(unchecked))

    assert vault.add("one", b"two") == 3


def test_a_disabled_version_is_there_and_can_not_be_read(
    vault: SecretManager, server: SecretManagerServer, project: str
) -> None:
    server.set_state(f"projects/{project}/secrets/one/versions/1", State.DISABLED)

    assert vault.versions("one") == [1]
    assert error_of(lambda: vault.read("one", 1)).kind is VAULT_UNREADABLE

    # The job may read secrets and nothing else.
    server.fail("GetSecretVersion", refused(Status.PERMISSION_DENIED))
    assert error_of(lambda: vault.read("one", 1)).kind is VAULT_UNREADABLE


def test_a_version_that_is_to_be_destroyed_later_is_gone(
    vault: SecretManager, server: SecretManagerServer, project: str
) -> None:
    """Where a secret's versions are destroyed with a delay, they are only disabled until then."""
    name = f"projects/{project}/secrets/one/versions/1"
    server.set_state(name, State.DISABLED)

    def scheduled(answer: Any) -> None:
        for version in getattr(answer, "versions", [answer]):
            version.scheduled_destroy_time = datetime.now(UTC)

    server.fail("GetSecretVersion", spoilt(scheduled))  # which the server keeps so
    assert vault.read("one", 1) is None
    assert vault.versions("one") == []


def test_all_pages_of_versions_are_read(vault: SecretManager) -> None:
    for number in range(2, 103):
        assert vault.add("one", b"x") == number

    assert vault.versions("one") == list(range(1, 103))


def test_the_last_two_passwords_are_kept(vault: SecretManager) -> None:
    connection = PostgresConnection(host="db.example.com", port=5432, database="d", user="u")
    for number in range(4):
        credentials = Credentials(password=SecretStr(f"password {number}"))
        version = store(vault, "credentials", connection, credentials)
        settle(vault, "credentials", version)

    assert vault.versions("credentials") == [3, 4]


@pytest.mark.parametrize(
    "url",
    [
        "secretmanager://",
        "secretmanager://Project",
        "secretmanager://project/prefix",
        "secretmanager://project?emulator=vault.example.com:80",
        "secretmanager://project?timeout=1",
    ],
)
def test_a_url_that_can_not_be_used_is_refused(url: str, settings: Settings) -> None:
    assert error_of(lambda: open_vault(url, settings)).kind is SETTINGS_INVALID


def test_without_credentials_nothing_is_opened(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))

    error = error_of(lambda: open_vault("secretmanager://project", settings))

    assert error.kind is VAULT_FORBIDDEN
