"""Whoever has an ID token of Google's and is on a list (OpenID Connect Core 1.0, 3.1.3.7).

An ID token is signed by Google for one client, the page's, and ends after an hour. Cloud Scheduler
sends one too, made for the same client.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import jwt
from jwt import PyJWK

from headrace.errors import (
    NOT_ALLOWED,
    NOT_SIGNED_IN,
    SETTINGS_INVALID,
    SIGN_IN_EXPIRED,
    Field,
    HeadraceError,
)
from headrace.settings import Settings
from headrace.sign_ins import Caller, PageSignIn, Role
from headrace.sign_ins.allowed import AllowList, is_address, parse_allowed
from headrace.sign_ins.keys import Keys

_ISSUERS = ("https://accounts.google.com", "accounts.google.com")
# Google signs with RSA. Whoever let the token choose could be shown one that is signed with the
# public key as a password, or not at all.
_ALGORITHM = "RS256"
_NEEDED = ("aud", "email", "exp", "iat", "iss", "sub")
# By how many seconds the clocks of Google and of this machine may differ.
_LEEWAY = 30
_LONGEST_TOKEN = 8192
_CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# What is wrong with a token, by the library's error.
_WRONG: Mapping[type[Exception], str] = {
    jwt.InvalidSignatureError: "was changed since it was signed, or signed by somebody else",
    jwt.InvalidAudienceError: "was made for another client",
    jwt.InvalidIssuerError: "was not made by Google",
    jwt.ImmatureSignatureError: "was made in the future",
    jwt.InvalidAlgorithmError: "is not signed as Google signs",
    jwt.MissingRequiredClaimError: "does not say all that is needed",
}
# What each who is on the list of a role may do.
_ROLES = {
    Role.VIEWER: frozenset({Role.VIEWER}),
    Role.EDITOR: frozenset({Role.VIEWER, Role.EDITOR}),
    Role.SCHEDULER: frozenset({Role.SCHEDULER}),
}


class GoogleSignIn:
    def __init__(self, page: PageSignIn, keys: Keys, lists: Mapping[Role, AllowList]) -> None:
        self._page = page
        self._keys = keys
        self._lists = lists

    @property
    def printed(self) -> None:
        return None

    @property
    def page(self) -> PageSignIn:
        return self._page

    def caller(self, token: str) -> Caller:
        claims = self._claims(token)
        address = str(claims["email"]).lower()
        if not is_address(address):
            raise _not_signed_in("names no e-mail address")
        if claims.get("email_verified") is not True:
            raise HeadraceError(
                NOT_ALLOWED,
                f"Google has not verified that the address '{address}' is the caller's.",
                hint="Verify the address in the account's settings with Google, then sign in "
                "again; or sign in as somebody else.",
            )
        organisation = claims.get("hd")
        domain = organisation.lower() if isinstance(organisation, str) else None
        found = [role for role, people in self._lists.items() if people.holds(address, domain)]
        if not found:
            raise HeadraceError(
                NOT_ALLOWED, f"'{address}' is not on the list of those who may use this service."
            )
        return Caller(address, frozenset().union(*(_ROLES[role] for role in found)))

    def _claims(self, token: str) -> dict[str, Any]:
        """What a token says, if Google signed it for our client and it has not ended."""
        try:
            return jwt.decode(
                token,
                self._key(token),
                algorithms=[_ALGORITHM],
                audience=self._page.client_id,
                issuer=_ISSUERS,
                leeway=_LEEWAY,
                options={"require": list(_NEEDED), "strict_aud": True},
            )
        except jwt.ExpiredSignatureError as error:
            raise HeadraceError(SIGN_IN_EXPIRED, "The caller's ID token has ended.") from error
        except jwt.PyJWTError as error:
            raise _not_signed_in(_WRONG.get(type(error), "can't be read")) from error

    def _key(self, token: str) -> PyJWK:
        if len(token) > _LONGEST_TOKEN:
            raise _not_signed_in("is too long")
        header = jwt.get_unverified_header(token)
        if header.get("alg") != _ALGORITHM:  # before strangers can make us fetch keys
            raise jwt.InvalidAlgorithmError
        key = self._keys.key(str(header.get("kid", "")))
        if key is None:
            raise _not_signed_in("is signed with a key that is not one of Google's")
        return key


def open_sign_in(url: str, settings: Settings) -> GoogleSignIn:
    """`google://CLIENT_ID`, with the lists and addresses of the settings."""
    client_id = url.partition("://")[2]
    if not _CLIENT_ID.fullmatch(client_id):
        message = "names no client: google://CLIENT_ID"
        raise HeadraceError(
            SETTINGS_INVALID,
            f"HEADRACE_SIGN_IN {message}.",
            fields=[Field("HEADRACE_SIGN_IN", message)],
        )
    return GoogleSignIn(
        PageSignIn(kind="google", client_id=client_id, address=str(settings.sign_in_page)),
        Keys(str(settings.sign_in_keys)),
        {
            Role.VIEWER: parse_allowed(settings.viewers),
            Role.EDITOR: parse_allowed(settings.editors),
            Role.SCHEDULER: parse_allowed(settings.scheduler),
        },
    )


def _not_signed_in(why: str) -> HeadraceError:
    return HeadraceError(NOT_SIGNED_IN, f"The request's ID token {why}.")
