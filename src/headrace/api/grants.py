"""Write the SQL of a user who may read the selection and nothing else. Nothing is touched."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from headrace import sources
from headrace.checks import Grants
from headrace.connections import Connection
from headrace.model import Selection
from headrace.services import Services
from headrace.values import NO_CONTROLS, Value

UserName = Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=NO_CONTROLS)]


class GrantsRequest(Value):
    """Of which database, what shall be read, and by whom."""

    connection: Connection
    selection: tuple[Selection, ...] = Field(min_length=1, max_length=1000)
    user: UserName = Field(default=sources.READER, description="The name of the user to be made.")


def write_grants(_: Services, request: GrantsRequest) -> Grants:
    """Three scripts for an administrator, who puts a password in its place."""
    return sources.grants(request.connection, request.selection, request.user)
