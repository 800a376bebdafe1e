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


def seconds_from_now(seconds: int) -> int:
    return int(time.time()) + seconds


# --- who is let in ----------------------------------------------------------------------------

BOTH = {Role.VIEWER, Role.EDITOR}


@pytest.mark.parametrize(
    ("email", "changed", "roles"),
    [
        (EDITOR, {}, BOTH),
        ("Ada@Example.COM", {}, BOTH),
        (VIEWER, {}, {Role.VIEWER}),
        ("x@editors.example", {"hd": "editors.example"}, BOTH),
        ("x@another.example", {"hd": "editors.example"}, BOTH),
        ("x@viewers.example", {"hd": "another.example"}, {Role.VIEWER}),
        ("x@viewers.example", {"hd": "editors.example"}, BOTH),
        (SCHEDULER, {}, {Role.SCHEDULER}),
        (EDITOR, {"iss": "accounts.google.com"}, BOTH),
    ],
)
def test_who_is_on_a_list_has_its_rights(
    caller: Caller, email: str, changed: dict[str, Any], roles: set[Role]
) -> None:
    assert caller(signed(claims(email, **changed))) == (email.lower(), roles)


@pytest.mark.parametrize(("claim", "seconds"), [("exp", -10), ("iat", 10)])
def test_the_clocks_may_differ_a_little(caller: Caller, claim: str, seconds: int) -> None:
    said = {**claims(), claim: seconds_from_now(seconds)}
    assert caller(signed(said)) == (EDITOR, BOTH)


@pytest.mark.parametrize(
    ("email", "organisation"),
    [
        (STRANGER, None),
        ("ada@example.com.evil.org", None),
        ("x@sub.editors.example", "sub.editors.example"),
        # The address of a domain alone: the account may be one that nobody administers.
        ("x@editors.example", None),
        ("x@editors.example", ["editors.example"]),
        ("x@elsewhere.org", ""),
    ],
)
def test_who_is_on_no_list_is_told_who_he_is(caller: Caller, email: str, organisation: Any) -> None:
    code, detail = refusal(caller, signed(claims(email, hd=organisation)))
    assert code == "not_allowed"
    assert f"'{email}' is not on the list" in detail


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


@pytest.mark.parametrize(
    ("make", "code", "words"),
    [
        (
            lambda: signed(claims(iat=seconds_from_now(-3660), exp=seconds_from_now(-60))),
            "sign_in_expired", "has ended",
        ),
        (lambda: signed(claims(iat=seconds_from_now(60))), "not_signed_in", "in the future"),
        (lambda: signed(claims(aud="another")), "not_signed_in", "another client"),
        (lambda: signed(claims(aud=[CLIENT_ID, "another"])), "not_signed_in", "another client"),
        (lambda: signed(claims(iss="https://evil.example")), "not_signed_in", "not made by Google"),
        (lambda: signed(claims(), OTHERS), "not_signed_in", "a key that is not one of Google's"),
        (lambda: altered(claims()), "not_signed_in", "changed since it was signed"),
        (lambda: unsigned(claims()), "not_signed_in", "not signed as Google signs"),
        (
            lambda: signed_with_the_public_key(claims()),
            "not_signed_in", "not signed as Google signs",
        ),
        (lambda: signed(claims(email="nobody")), "not_signed_in", "no e-mail address"),
        (lambda: signed(claims(email="a@b\n@c")), "not_signed_in", "no e-mail address"),
        (lambda: signed(claims(email="")), "not_signed_in", "no e-mail address"),
        (lambda: "x", "not_signed_in", "can't be read"),
        (lambda: "x.y.z", "not_signed_in", "can't be read"),
        (lambda: "é" * 10, "not_signed_in", "can't be read"),
        (lambda: signed(claims(padding="x" * 9000)), "not_signed_in", "too long"),
    ],
)  # fmt: skip
def test_a_token_that_is_none_is_refused(
    caller: Caller, make: Callable[[], str], code: str, words: str
) -> None:
    found, detail = refusal(caller, make())
    assert (found, words in detail) == (code, True), detail


@pytest.mark.parametrize("name", ["exp", "iat", "iss", "aud", "sub", "email"])
def test_a_token_that_does_not_say_all_is_refused(caller: Caller, name: str) -> None:
    code, detail = refusal(caller, signed(without(name)))
    assert (code, "does not say all" in detail) == ("not_signed_in", True), detail


def test_a_token_signed_with_anothers_key_under_our_keys_name(caller: Caller) -> None:
    forged = jwt.encode(claims(), OTHERS.private, algorithm="RS256", headers={"kid": OURS.id})
    assert refusal(caller, forged)[0] == "not_signed_in"


def test_an_expired_token_of_a_stranger_is_not_called_expired(caller: Caller) -> None:
    """Who can't sign learns nothing of what is inside."""
    forged = jwt.encode(
        claims(exp=seconds_from_now(-60)),
        OTHERS.private,
        algorithm="RS256",
        headers={"kid": OURS.id},
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
