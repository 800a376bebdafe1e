"""Who calls, and whether he may: from the headers alone, before the body is read."""

from __future__ import annotations

from flask import Request

from headrace.api.operations import Operation
from headrace.errors import EDITORS_ONLY, NOT_ALLOWED, NOT_SIGNED_IN, SCHEDULER_ONLY, HeadraceError
from headrace.sign_ins import Caller, Role, SignIn

# How somebody is refused who lacks a role.
REFUSALS = {
    Role.VIEWER: NOT_ALLOWED,
    Role.EDITOR: EDITORS_ONLY,
    Role.SCHEDULER: SCHEDULER_ONLY,
}


def authenticate(request: Request, sign_in: SignIn) -> Caller:
    """Who calls. Looks at the bearer token alone. Raises what `SignIn.caller` does."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        raise HeadraceError(NOT_SIGNED_IN, "The request carries no bearer token.")
    return sign_in.caller(given.strip())


def permit(caller: Caller, operation: Operation) -> None:
    """Raises the refusal of the role that the caller lacks."""
    role = operation.does.role
    if role not in caller.roles:
        raise HeadraceError(
            REFUSALS[role], f"'{caller.name}' is no {role}, which this operation is for."
        )
