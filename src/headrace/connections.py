"""What it takes to reach a database: one value a source type.

The value drives everything: the form's fields (through its JSON schema), the API's validation,
and what is stored. Credentials are apart from it, so that a stored connection can't hold one.
"""

from __future__ import annotations

import ssl
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)

from headrace.hosts import host_alone
from headrace.values import Text, Value


class TlsMode(StrEnum):
    """How the connection is protected; the names are libpq's ("SSL Support", table 32.1)."""

    DISABLE = "disable"
    REQUIRE = "require"
    VERIFY_CA = "verify-ca"
    VERIFY_FULL = "verify-full"


TLS_MODES = {
    TlsMode.VERIFY_FULL: "Encrypted, certificate valid for this host",
    TlsMode.VERIFY_CA: "Encrypted, certificate valid for any host",
    TlsMode.REQUIRE: "Encrypted, certificate not looked at",
    TlsMode.DISABLE: "Not encrypted",
}


def _certificate(value: str) -> str:
    try:
        ssl.create_default_context(cadata=value)
    except (ssl.SSLError, TypeError) as error:  # TypeError if it is not even ASCII
        raise ValueError("this is no certificate in PEM form") from error
    return value


Host = Annotated[Text, AfterValidator(host_alone)]
# Amazon's file of all regions has 165 kB.
Certificate = Annotated[str, Field(max_length=262_144), AfterValidator(_certificate)]


class Credentials(Value):
    """What the vault keeps. Never returned, never printed."""

    password: SecretStr = Field(
        min_length=1, max_length=1024, json_schema_extra={"format": "password"}
    )


def _type_is_required(schema: dict[str, Any]) -> None:
    """In code a class says the type; in JSON the field does, and nothing stands in for it."""
    schema["required"] = ["type", *schema["required"]]


class _Server(Value):
    """What all databases that are reached over TCP have."""

    model_config = ConfigDict(json_schema_extra=_type_is_required)

    type: str
    host: Host = Field(
        description="Host name or address, without scheme and port.", examples=["db.example.com"]
    )
    port: int = Field(ge=1, le=65535, description="TCP port.")
    database: Text = Field(description="Name of the database.", examples=["shop"])
    user: Text = Field(
        description="User to log in as; reading rights are enough.", examples=["reader"]
    )
    tls: TlsMode = Field(
        default=TlsMode.VERIFY_FULL,
        title="TLS mode",
        description="How the connection is encrypted and verified.",
    )
    ca_certificate: Certificate | None = Field(
        default=None,
        title="CA certificate",
        description="The certificate authority in PEM form, if it is not a public one.",
    )

    @model_validator(mode="after")
    def _certificate_is_used(self) -> Self:
        if self.ca_certificate and self.tls not in (TlsMode.VERIFY_CA, TlsMode.VERIFY_FULL):
            raise ValueError(f"a CA certificate is not looked at with TLS mode '{self.tls}'")
        return self


class PostgresConnection(_Server):
    """A PostgreSQL database, reached over TCP."""

    label: ClassVar = "PostgreSQL"
    password_variable: ClassVar = "PGPASSWORD"  # noqa: S105 - where it is, not what it is

    type: Literal["postgres"] = "postgres"
    port: int = Field(default=5432, ge=1, le=65535, description="TCP port.")

    @property
    def default_schema(self) -> str:
        """The schema that a table's name without one means."""
        return "public"


class MysqlConnection(_Server):
    """A MySQL or MariaDB database, reached over TCP. What others call a schema is a database."""

    label: ClassVar = "MySQL or MariaDB"
    password_variable: ClassVar = "MYSQL_PWD"  # noqa: S105 - where it is, not what it is

    type: Literal["mysql"] = "mysql"
    port: int = Field(default=3306, ge=1, le=65535, description="TCP port.")

    @property
    def default_schema(self) -> str:
        """The schema that a table's name without one means."""
        return self.database


Connection = Annotated[PostgresConnection | MysqlConnection, Field(discriminator="type")]
CONNECTIONS: dict[str, type[PostgresConnection | MysqlConnection]] = {
    "postgres": PostgresConnection,
    "mysql": MysqlConnection,
}
CONNECTION_TYPES = tuple(CONNECTIONS)


def identity(connection: Connection) -> dict[str, str | int]:
    """Where a password would be sent: it is valid for exactly this server, user and database."""
    return {
        "host": connection.host.lower(),
        "port": connection.port,
        "user": connection.user,
        "database": connection.database,
    }
