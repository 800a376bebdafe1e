"""As much of Secret Manager as the vault uses (Secret Manager API, v1), held in memory.

What no client sees is not there: encryption, replication, rights. A secret is seen at once, where
Google's may take a moment.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import google_crc32c
import grpc
from google.cloud.secretmanager_v1 import types
from google.protobuf import empty_pb2

from devservers.google.serving import GrpcServer, Method, StatusError

_SERVICE = "google.cloud.secretmanager.v1.SecretManagerService"
_State: Any = types.SecretVersion.State
_MOST_BYTES = 65536


class SecretManagerServer(GrpcServer):
    """A server for any number of projects."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._secrets: dict[str, types.Secret] = {}
        # By the secret's name, the versions in the order of their numbers.
        self._versions: dict[str, list[tuple[types.SecretVersion, bytes]]] = {}
        empty = empty_pb2.Empty
        super().__init__(
            _SERVICE,
            {
                "CreateSecret": self._method(self._create, types.CreateSecretRequest),
                "DeleteSecret": self._method(
                    self._delete, types.DeleteSecretRequest, empty.SerializeToString
                ),
                "AddSecretVersion": self._method(self._add, types.AddSecretVersionRequest),
                "GetSecretVersion": self._method(self._get, types.GetSecretVersionRequest),
                "ListSecretVersions": self._method(self._list, types.ListSecretVersionsRequest),
                "AccessSecretVersion": self._method(self._access, types.AccessSecretVersionRequest),
                "DestroySecretVersion": self._method(
                    self._destroy, types.DestroySecretVersionRequest
                ),
            },
        )

    def set_state(self, version: str, state: Any) -> None:
        """As an operator would, of `projects/P/secrets/S/versions/N`."""
        self._found(version)[0].state = state

    def _method(self, work: Any, request: Any, write: Any = None) -> Method:
        def locked(message: Any) -> Any:
            with self._lock:
                return work(message)

        return Method(
            locked, request.deserialize, write or (lambda answer: type(answer).serialize(answer))
        )

    def _create(self, request: types.CreateSecretRequest) -> types.Secret:
        name = f"{request.parent}/secrets/{request.secret_id}"
        if name in self._secrets:
            raise StatusError(grpc.StatusCode.ALREADY_EXISTS, f"Secret [{name}] already exists.")
        if "replication" not in request.secret:
            raise StatusError(grpc.StatusCode.INVALID_ARGUMENT, "secret.replication is required")
        secret = types.Secret(request.secret, name=name, create_time=datetime.now(UTC))
        self._secrets[name], self._versions[name] = secret, []
        return secret

    def _delete(self, request: types.DeleteSecretRequest) -> empty_pb2.Empty:
        self._of(request.name)
        del self._secrets[request.name], self._versions[request.name]
        return empty_pb2.Empty()

    def _add(self, request: types.AddSecretVersionRequest) -> types.SecretVersion:
        versions, data = self._of(request.parent), request.payload.data
        given = "data_crc32c" in request.payload
        if given and request.payload.data_crc32c != google_crc32c.value(data):
            raise StatusError(grpc.StatusCode.INVALID_ARGUMENT, "The CRC32C does not match.")
        if not 0 < len(data) <= _MOST_BYTES:
            raise StatusError(grpc.StatusCode.INVALID_ARGUMENT, "The payload is empty or too long.")
        version = types.SecretVersion(
            name=f"{request.parent}/versions/{len(versions) + 1}",
            state=_State.ENABLED,
            create_time=datetime.now(UTC),
            client_specified_payload_checksum=given,
        )
        versions.append((version, data))
        return version

    def _get(self, request: types.GetSecretVersionRequest) -> types.SecretVersion:
        return self._found(request.name)[0]

    def _list(self, request: types.ListSecretVersionsRequest) -> types.ListSecretVersionsResponse:
        newest_first = [version for version, _ in reversed(self._of(request.parent))]
        start, size = int(request.page_token or 0), request.page_size or 100
        end = start + size
        return types.ListSecretVersionsResponse(
            versions=newest_first[start:end],
            next_page_token=str(end) if end < len(newest_first) else "",
            total_size=len(newest_first),
        )

    def _access(
        self, request: types.AccessSecretVersionRequest
    ) -> types.AccessSecretVersionResponse:
        version, data = self._found(request.name)
        if version.state != _State.ENABLED:
            raise StatusError(
                grpc.StatusCode.FAILED_PRECONDITION, f"It is in {version.state.name} state."
            )
        return types.AccessSecretVersionResponse(
            name=version.name,
            payload=types.SecretPayload(data=data, data_crc32c=google_crc32c.value(data)),
        )

    def _destroy(self, request: types.DestroySecretVersionRequest) -> types.SecretVersion:
        version, _ = self._found(request.name)
        if version.state == _State.DESTROYED:
            raise StatusError(grpc.StatusCode.FAILED_PRECONDITION, "It is destroyed already.")
        version.state, version.destroy_time = _State.DESTROYED, datetime.now(UTC)
        return version

    def _of(self, secret: str) -> list[tuple[types.SecretVersion, bytes]]:
        if secret not in self._versions:
            raise StatusError(grpc.StatusCode.NOT_FOUND, f"Secret [{secret}] not found.")
        return self._versions[secret]

    def _found(self, name: str) -> tuple[types.SecretVersion, bytes]:
        secret, _, number = name.partition("/versions/")
        versions = self._of(secret)
        if not 0 < int(number) <= len(versions):
            raise StatusError(grpc.StatusCode.NOT_FOUND, f"Secret Version [{name}] not found.")
        return versions[int(number) - 1]
