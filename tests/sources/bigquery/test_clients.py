"""Keys of service accounts, and what Google's errors stand for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.api_core import exceptions
from google.auth.exceptions import RefreshError, TransportError

from headrace.errors import (
    CONNECTION_LOST,
    DATABASE_BUSY,
    DATABASE_CLOSED,
    DATABASE_ERROR,
    PASSWORD_REJECTED,
    PERMISSION_DENIED,
    TABLE_NOT_FOUND,
    HeadraceError,
    Kind,
)
from headrace.sources.bigquery.clients import of_key
from headrace.sources.bigquery.errors import translated

SECRET = "the-words-of-a-server-or-a-key"


@pytest.fixture(scope="module")
def key() -> dict[str, Any]:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {
        "type": "service_account",
        "project_id": "p",
        "private_key_id": "1",
        "private_key": pem.decode(),
        "client_email": "reader@p.iam.gserviceaccount.com",
        "token_uri": "https://oauth2.googleapis.com/token",
    }


def test_a_key_is_used_with_google_alone(key: dict[str, Any]) -> None:
    """A key that names another place to sign in at is not followed there."""
    elsewhere = {"token_uri": "http://169.254.169.254/x", "universe_domain": "example.com"}
    account: Any = of_key(json.dumps({**key, **elsewhere}))
    assert account.service_account_email == "reader@p.iam.gserviceaccount.com"
    assert account._token_uri == "https://oauth2.googleapis.com/token"
    assert account.universe_domain == "googleapis.com"


@pytest.mark.parametrize(
    "spoilt",
    [
        {"type": "external_account"},
        {"type": "authorized_user"},
        {"private_key": SECRET},
        {"private_key": None},
        {"client_email": ...},
    ],
)
def test_what_is_no_key(key: dict[str, Any], spoilt: dict[str, Any]) -> None:
    given = {name: value for name, value in {**key, **spoilt}.items() if value is not ...}
    with pytest.raises(HeadraceError) as caught:
        of_key(json.dumps(given))
    assert caught.value.kind is PASSWORD_REJECTED
    assert SECRET not in f"{caught.value!r} {caught.value.detail} {caught.value.__cause__!r}"


@pytest.mark.parametrize("text", [SECRET, "[]", "null", ""])
def test_what_is_no_json(text: str) -> None:
    with pytest.raises(HeadraceError) as caught:
        of_key(text)
    assert caught.value.kind is PASSWORD_REJECTED


def of_reason(kind: Any, reason: str) -> Exception:
    made: Exception = kind(SECRET, errors=[{"reason": reason, "message": SECRET}])
    return made


def plain(kind: Any, *given: Any, **more: Any) -> Exception:
    made: Exception = kind(SECRET, *given, **more)
    return made


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (of_reason(exceptions.Forbidden, "accessDenied"), PERMISSION_DENIED),
        (of_reason(exceptions.Forbidden, "rateLimitExceeded"), DATABASE_BUSY),
        (of_reason(exceptions.Forbidden, "quotaExceeded"), DATABASE_BUSY),
        (of_reason(exceptions.Forbidden, "billingNotEnabled"), DATABASE_CLOSED),
        (of_reason(exceptions.NotFound, "notFound"), TABLE_NOT_FOUND),
        (of_reason(exceptions.BadRequest, "invalidQuery"), DATABASE_ERROR),
        (of_reason(exceptions.BadRequest, "somethingNew"), DATABASE_ERROR),
        (of_reason(exceptions.InternalServerError, "backendError"), CONNECTION_LOST),
        (plain(exceptions.PermissionDenied), PERMISSION_DENIED),
        (plain(exceptions.Unauthenticated), PASSWORD_REJECTED),
        (plain(exceptions.ResourceExhausted), DATABASE_BUSY),
        (plain(exceptions.ServiceUnavailable), CONNECTION_LOST),
        (plain(exceptions.DeadlineExceeded), CONNECTION_LOST),
        (
            plain(exceptions.RetryError, of_reason(exceptions.Forbidden, "x")),
            PERMISSION_DENIED,
        ),
        (plain(exceptions.RetryError, None), CONNECTION_LOST),
        (plain(RefreshError), PASSWORD_REJECTED),
        (plain(RefreshError, retryable=True), CONNECTION_LOST),
        (plain(TransportError), CONNECTION_LOST),
        (TimeoutError(SECRET), CONNECTION_LOST),
    ],
)
def test_errors_are_told_by_reason_and_status(error: Exception, kind: Kind) -> None:
    with pytest.raises(HeadraceError) as caught, translated("Reading shop.orders"):
        raise error
    assert caught.value.kind is kind
    assert caught.value.detail.startswith("Reading shop.orders: BigQuery: ")
    assert SECRET not in caught.value.detail
