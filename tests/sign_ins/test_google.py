"""Which ID tokens are taken, and in whose name; every refusal says which it is."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import hashes, hmac, serialization
from jwt.utils import base64url_encode

from headrace.errors import HeadraceError
from headrace.services import Services
from headrace.settings import Settings
from headrace.sign_ins import Role
from tests.sign_ins.provider import (
    CLIENT_ID,
    EDITOR,
    OTHERS,
    OURS,
    SCHEDULER,
    STRANGER,
    VIEWER,
    Provider,
    claims,
    signed,
)

Caller = Callable[[str], tuple[str, set[Role]]]


@pytest.fixture
def caller(settings: Settings) -> Caller:
    sign_in = Services(settings).sign_in

    def identify(token: str) -> tuple[str, set[Role]]:
        found = sign_in.caller(token)
        return found.name, set(found.roles)

    return identify


def refusal(caller: Caller, token: str) -> tuple[str, str]:
    with pytest.raises(HeadraceError) as raised:
        caller(token)
    assert token not in raised.value.detail
    return raised.value.code, raised.value.detail


# --- who is let in ----------------------------------------------------------------------------

BOTH = {Role.VIEWER, Role.EDITOR}


@pytest.mark.parametrize(
    ("said", "roles"),
    [
        (claims(EDITOR), BOTH),
        (claims("Ada@Example.COM"), BOTH),
        (claims(VIEWER), {Role.VIEWER}),
        (claims("x@editors.example", hd="editors.example"), BOTH),
        (claims("x@another.example", hd="editors.example"), BOTH),
        (claims("x@viewers.example", hd="another.example"), {Role.VIEWER}),
        (claims("x@viewers.example", hd="editors.example"), BOTH),
        (claims(SCHEDULER), {Role.SCHEDULER}),
        (claims(iss="accounts.google.com"), BOTH),
        (claims(exp=int(time.time()) - 10), BOTH),  # the clocks may differ a little
        (claims(iat=int(time.time()) + 10), BOTH),
    ],
)
def test_who_is_on_a_list_has_its_rights(
    caller: Caller, said: dict[str, Any], roles: set[Role]
) -> None:
    assert caller(signed(said)) == (said["email"].lower(), roles)


@pytest.mark.parametrize(
    "said",
    [
        claims(STRANGER),
        claims("ada@example.com.evil.org"),
        claims("x@sub.editors.example", hd="sub.editors.example"),
        # The address of a domain alone: the account may be one that nobody administers.
        claims("x@editors.example"),
        claims("x@editors.example", hd=["editors.example"]),
        claims("x@elsewhere.org", hd=""),
    ],
)
def test_who_is_on_no_list_is_told_who_he_is(caller: Caller, said: dict[str, Any]) -> None:
    code, detail = refusal(caller, signed(said))
    assert code == "not_allowed"
    assert f"'{said['email']}' is not on the list" in detail


def test_empty_lists_let_nobody_in(settings: Settings) -> None:
    nobody = settings.model_copy(update={"viewers": "", "editors": "", "scheduler": ""})
    sign_in = Services(nobody).sign_in
    for email in (EDITOR, VIEWER, SCHEDULER):
        with pytest.raises(HeadraceError) as raised:
            sign_in.caller(signed(claims(email, hd="example.com")))
        assert raised.value.code == "not_allowed"


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_address_that_is_not_verified_is_nobodys(caller: Caller, verified: Any) -> None:
    code, detail = refusal(caller, signed(claims(email_verified=verified)))
    assert code == "not_allowed"
    assert "has not verified" in detail


# --- tokens that are none ---------------------------------------------------------------------


def unsigned(said: dict[str, Any]) -> str:
    header = {"alg": "none", "typ": "JWT", "kid": OURS.id}
    parts = [base64url_encode(json.dumps(part).encode()) for part in (header, said)]
    return b".".join([*parts, b""]).decode()


def signed_with_the_public_key(said: dict[str, Any]) -> str:
    """As HS256 with the public key's text as its secret, which anybody can do."""
    public = OURS.private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    header = {"alg": "HS256", "typ": "JWT", "kid": OURS.id}
    parts = [base64url_encode(json.dumps(part).encode()) for part in (header, said)]
    mac = hmac.HMAC(public, hashes.SHA256())
    mac.update(b".".join(parts))
    return b".".join([*parts, base64url_encode(mac.finalize())]).decode()


def altered(said: dict[str, Any]) -> str:
    head, _, signature = signed(said).split(".")
    other = base64url_encode(json.dumps(claims(SCHEDULER)).encode()).decode()
    return f"{head}.{other}.{signature}"


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in claims().items() if key != name}


NOW = int(time.time())


@pytest.mark.parametrize(
    ("token", "code", "words"),
    [
        (signed(claims(exp=NOW - 60, iat=NOW - 3660)), "sign_in_expired", "has ended"),
        (signed(claims(iat=NOW + 300)), "not_signed_in", "in the future"),
        (signed(claims(aud="another-client")), "not_signed_in", "another client"),
        (signed(claims(aud=[CLIENT_ID, "another"])), "not_signed_in", "another client"),
        (signed(claims(iss="https://evil.example")), "not_signed_in", "not made by Google"),
        (signed(claims(), OTHERS), "not_signed_in", "a key that is not one of Google's"),
        (altered(claims()), "not_signed_in", "changed since it was signed"),
        (unsigned(claims()), "not_signed_in", "not signed as Google signs"),
        (signed_with_the_public_key(claims()), "not_signed_in", "not signed as Google signs"),
        (signed(claims(email="nobody")), "not_signed_in", "no e-mail address"),
        (signed(claims(email="a@b\n@c")), "not_signed_in", "no e-mail address"),
        *(
            (signed(without(name)), "not_signed_in", "does not say all")
            for name in ("exp", "iat", "iss", "aud", "sub", "email")
        ),
        (signed(claims(email="")), "not_signed_in", "no e-mail address"),
        ("x", "not_signed_in", "can't be read"),
        ("x.y.z", "not_signed_in", "can't be read"),
        ("é" * 10, "not_signed_in", "can't be read"),
        (signed(claims(padding="x" * 9000)), "not_signed_in", "too long"),
    ],
)
def test_a_token_that_is_none_is_refused(caller: Caller, token: str, code: str, words: str) -> None:
    found, detail = refusal(caller, token)
    assert (found, words in detail) == (code, True), detail


def test_a_token_signed_with_anothers_key_under_our_keys_name(caller: Caller) -> None:
    forged = jwt.encode(claims(), OTHERS.private, algorithm="RS256", headers={"kid": OURS.id})
    assert refusal(caller, forged)[0] == "not_signed_in"


def test_an_expired_token_of_a_stranger_is_not_called_expired(caller: Caller) -> None:
    """Who can't sign learns nothing of what is inside."""
    forged = jwt.encode(
        claims(exp=NOW - 60), OTHERS.private, algorithm="RS256", headers={"kid": OURS.id}
    )
    assert refusal(caller, forged)[0] == "not_signed_in"


def test_a_client_has_to_be_named(settings: Settings) -> None:
    with pytest.raises(HeadraceError) as raised:
        _ = Services(settings.model_copy(update={"sign_in": "google://"})).sign_in
    assert raised.value.code == "settings_invalid"


def test_keys_that_can_not_be_fetched_are_no_refusal(caller: Caller, provider: Provider) -> None:
    provider.broken = True
    assert refusal(caller, signed(claims()))[0] == "sign_in_unavailable"
    provider.broken = False
    assert caller(signed(claims())) == (EDITOR, BOTH)
