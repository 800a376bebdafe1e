"""Whoever holds the one token of the settings may do everything: a person's own machine."""

from __future__ import annotations

import hmac

from pydantic import SecretStr

from headrace.errors import NOT_SIGNED_IN, SIGN_IN_NOT_CONFIGURED, HeadraceError
from headrace.settings import Settings
from headrace.sign_ins import Caller, PageSignIn, Role

# All who hold the token are one caller.
_HOLDER = Caller("token", frozenset(Role))


class TokenSignIn:
    def __init__(self, token: SecretStr) -> None:
        self._token = token

    @property
    def printed(self) -> SecretStr:
        return self._token

    @property
    def page(self) -> PageSignIn:
        return PageSignIn()

    def caller(self, token: str) -> Caller:
        if not hmac.compare_digest(token.encode(), self._token.get_secret_value().encode()):
            raise HeadraceError(NOT_SIGNED_IN, "The request's token is not the right one.")
        return _HOLDER


def open_sign_in(_url: str, settings: Settings) -> TokenSignIn:
    if settings.token is None or not settings.token.get_secret_value():
        raise HeadraceError(SIGN_IN_NOT_CONFIGURED, "No token is set, so nobody may call.")
    return TokenSignIn(settings.token)
