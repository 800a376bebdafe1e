"""The values of the connection test: its layers, and what it found at each."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from headrace.problems import WrongField
from headrace.values import Value


class CheckStatus(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    WARNED = "warned"
    SKIPPED = "skipped"


class Layer(StrEnum):
    """What a connection is made of, from the outside in."""

    ADDRESS = "address"
    DNS = "dns"
    TCP = "tcp"
    PROTOCOL = "protocol"
    TLS = "tls"
    LOGIN = "login"
    DATABASE = "database"
    RIGHTS = "rights"
    FITNESS = "fitness"


class Fact(Value):
    """One thing that a check learned, such as the certificate's issuer."""

    name: str = Field(description="What it is, for a person.")
    value: str = Field(description="What was found, for a person.")
    advice: str | None = Field(default=None, description="What to do about it, if anything.")


class Grants(Value):
    """The SQL that makes a user who may read the selection and nothing else.

    To be run by an administrator of the database, who puts a password in its place.
    """

    create: str = Field(description="Makes the user and grants the rights.")
    verify: str = Field(description="Shows the rights that the user has.")
    revoke: str = Field(description="Takes the rights back and removes the user.")


class Check(Value):
    """The result of testing one layer."""

    layer: Layer
    status: CheckStatus
    milliseconds: int = Field(ge=0)
    found: str = Field(description="What was found, in one sentence.")
    code: str | None = Field(default=None, description="The error's code, if it failed.")
    hint: str | None = Field(default=None, description="The next step, if there is one.")
    copy_text: str | None = Field(
        default=None, description="What to copy for the next step: SQL, a line of a file, …."
    )
    fields: tuple[WrongField, ...] = Field(
        default=(), description="The fields of the connection that are probably at fault."
    )
    facts: tuple[Fact, ...] = Field(default=(), description="What else was learned.")
    grants: Grants | None = Field(
        default=None, description="Of the layer 'rights': the SQL for a user who may only read."
    )
