"""Who may call: whoever holds the token of the settings."""

from __future__ import annotations

import hmac

from flask import Request

from headrace.errors import NOT_SIGNED_IN, SIGN_IN_NOT_CONFIGURED, HeadraceError
from headrace.settings import Settings


def authenticate(request: Request, settings: Settings) -> str:
    """Who calls: all who hold the token are one caller. Looks at the bearer token alone.

    Raises NOT_SIGNED_IN or SIGN_IN_NOT_CONFIGURED.
    """
    expected = settings.token.get_secret_value() if settings.token else ""
    if not expected:
        raise HeadraceError(SIGN_IN_NOT_CONFIGURED, "No token is set, so nobody may call.")
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        raise HeadraceError(NOT_SIGNED_IN, "The request carries no bearer token.")
    if not hmac.compare_digest(given.strip().encode(), expected.encode()):
        raise HeadraceError(NOT_SIGNED_IN, "The request's token is not the right one.")
    return "token"
