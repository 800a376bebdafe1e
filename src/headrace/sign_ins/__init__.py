"""Ways of signing in: how a caller shows who he is, and what he may do then."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

from pydantic import Field, SecretStr

from headrace.values import Value

SCHEMES = {
    "token": "headrace.sign_ins.token:open_sign_in",
    "google": "headrace.sign_ins.google:open_sign_in",
}


class Role(StrEnum):
    """What somebody may do."""

    VIEWER = "viewer"  # see
    EDITOR = "editor"  # connect and change
    SCHEDULER = "scheduler"  # start what is due


@dataclass(frozen=True)
class Caller:
    """Somebody who has shown who he is."""

    name: str
    roles: frozenset[Role]


class PageSignIn(Value):
    """How the page has a person sign in."""

    kind: Literal["token", "google"] = Field(
        default="token", description="The printed token, or an ID token of Google's."
    )
    client_id: str | None = Field(
        default=None, description="The OAuth client of the page, for Google."
    )
    address: str | None = Field(
        default=None, description="Where the browser goes to sign in with Google."
    )


class SignIn(Protocol):
    """A way of signing in.

    Opening one raises SIGN_IN_NOT_CONFIGURED if by its settings nobody could ever call.
    """

    @property
    def printed(self) -> SecretStr | None:
        """The token that is printed for whoever starts the local server, if there is one."""
        ...

    @property
    def page(self) -> PageSignIn:
        """What the page has to know."""
        ...

    def caller(self, token: str) -> Caller:
        """Who shows this bearer token.

        Raises NOT_SIGNED_IN, SIGN_IN_EXPIRED, or NOT_ALLOWED if it is certain who calls and he is
        on no list; SIGN_IN_UNAVAILABLE if the token can't be checked now.
        """
        ...
