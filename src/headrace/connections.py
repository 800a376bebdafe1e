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
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError, PydanticKnownError

from headrace.bigquery_connection import BigqueryConnection
from headrace.hosts import host_alone
from headrace.instances import instance_alone
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


_PROTECTION = {
    TlsMode.DISABLE: 0,
    TlsMode.REQUIRE: 1,
    TlsMode.VERIFY_CA: 2,
    TlsMode.VERIFY_FULL: 2,
}


class AddressType(StrEnum):
    """By which of its addresses an instance of Cloud SQL is reached."""

    PUBLIC = "public"
    PRIVATE = "private"
    PSC = "psc"


ADDRESS_TYPES = {
    AddressType.PUBLIC: "Public address",
    AddressType.PRIVATE: "Private address, in a network of yours",
    AddressType.PSC: "Private Service Connect",
}


class Login(StrEnum):
    """What proves to an instance of Cloud SQL who logs in."""

    PASSWORD = "password"  # noqa: S105 - what it is called
    IAM = "iam"


LOGINS = {
    Login.PASSWORD: "The user's password",
    Login.IAM: "IAM: this service's own account, without a password",
}


def _certificate(value: str) -> str:
    try:
        ssl.create_default_context(cadata=value)
    except (ssl.SSLError, TypeError) as error:  # TypeError if it is not even ASCII
        raise ValueError("this is no certificate in PEM form") from error
    return value


Host = Annotated[Text, AfterValidator(host_alone)]
Instance = Annotated[Text, AfterValidator(instance_alone)]
# Amazon's file of all regions has 165 kB.
Certificate = Annotated[str, Field(max_length=262_144), AfterValidator(_certificate)]


# The key of a service account has about 2,400 characters.
LONGEST_PASSWORD = 16_384


class Credentials(Value):
    """What the vault keeps. Never returned, never printed."""

    password: SecretStr = Field(
        min_length=1, max_length=LONGEST_PASSWORD, json_schema_extra={"format": "password"}
    )

    @staticmethod
    def none() -> Credentials:
        """Those of a connection that needs no password; no input is read as them."""
        return Credentials.model_construct(password=SecretStr(""))


class ServiceAccountKey(Credentials):
    """The same, as a form asks for it that wants a key."""

    password: SecretStr = Field(
        min_length=1,
        max_length=LONGEST_PASSWORD,
        title="Service account key",
        description="All of the JSON file, from { to }.",
        json_schema_extra={"format": "password"},
    )


def _type_is_required(schema: dict[str, Any]) -> None:
    """In code a class says the type; in JSON the field does, and nothing stands in for it."""
    schema["required"] = ["type", *schema["required"]]


class _Server(Value):
    """What all databases that are reached over TCP have.

    Either a host and a port say where it is, or the name of an instance of Cloud SQL does.
    """

    model_config = ConfigDict(json_schema_extra=_type_is_required)

    type: str
    instance: Instance | None = Field(
        default=None,
        title="Cloud SQL instance",
        description="The instance's connection name, in place of host and port.",
        examples=["my-project:europe-west3:shop"],
    )
    ip_type: AddressType = Field(
        default=AddressType.PUBLIC,
        title="Reached by",
        description="Which of the instance's addresses is connected to.",
    )
    host: Host | None = Field(
        default=None,
        validate_default=True,
        description="Host name or address, without scheme and port.",
        examples=["db.example.com"],
    )
    port: int = Field(ge=1, le=65535, description="TCP port.")
    database: Text = Field(description="Name of the database.", examples=["shop"])
    login: Login = Field(
        default=Login.PASSWORD,
        title="Login by",
        description="What proves to the instance who logs in.",
    )
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

    @field_validator("host")
    @classmethod
    def _one_of_both(cls, host: str | None, info: ValidationInfo) -> str | None:
        if "instance" in info.data and not host and not info.data["instance"]:
            raise PydanticKnownError("missing")
        if host and info.data.get("instance"):
            raise ValueError("can't be given beside an instance of Cloud SQL")
        return host

    @field_validator("port", "tls", "ca_certificate")
    @classmethod
    def _of_a_host(cls, value: Any, info: ValidationInfo) -> Any:
        if info.data.get("instance") and value != cls._default(info):
            raise ValueError("is of no use with an instance of Cloud SQL, which has its own")
        return value

    @field_validator("ip_type", "login")
    @classmethod
    def _of_an_instance(cls, value: Any, info: ValidationInfo) -> Any:
        if info.data.get("instance", "unknown") is None and value != cls._default(info):
            raise ValueError("is for an instance of Cloud SQL alone")
        return value

    @field_validator("user")
    @classmethod
    def _user_of_account(cls, user: str, info: ValidationInfo) -> str:
        known = cls._of_service_account(user)
        if info.data.get("login") is Login.IAM and user != known:
            words = f"is '{known}' in the database, for that service account"
            context = {"words": words, "suggestion": known}
            raise PydanticCustomError("user", "{words}", context)
        return user

    @classmethod
    def _default(cls, info: ValidationInfo) -> Any:
        return cls.model_fields[info.field_name or ""].default

    @classmethod
    def _of_service_account(cls, address: str) -> str:
        """What the database calls the user of an account's address (Cloud SQL, "IAM users")."""
        raise NotImplementedError

    @model_validator(mode="after")
    def _certificate_is_used(self) -> Self:
        if self.ca_certificate and self.tls not in (TlsMode.VERIFY_CA, TlsMode.VERIFY_FULL):
            raise ValueError(f"a CA certificate is not looked at with TLS mode '{self.tls}'")
        return self

    @property
    def hostname(self) -> str:
        """The host, which only a connection without an instance has."""
        return self.host or ""

    @property
    def server(self) -> str:
        """The host's name or the instance's."""
        return self.instance or self.hostname

    @property
    def place(self) -> str:
        """Where the server is, as errors say it."""
        return f"instance {self.instance}" if self.instance else f"{self.host} port {self.port}"

    @property
    def needs_password(self) -> bool:
        return self.login is Login.PASSWORD

    @property
    def protection(self) -> int:
        """How well a password is guarded on its way; a step down needs the password again."""
        return _PROTECTION[self.tls]

    @property
    def identity(self) -> dict[str, str | int]:
        """See the function of this name."""
        return {**self._where, "user": self.user, "database": self.database}

    @property
    def _where(self) -> dict[str, str | int]:
        if self.instance is None:
            return {"host": self.hostname.lower(), "port": self.port}
        # No password is stored for who logs in by IAM, and none may be taken for his.
        by = {} if self.needs_password else {"login": self.login.value}
        return {"instance": self.instance, **by}


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

    @classmethod
    def _of_service_account(cls, address: str) -> str:
        return address.removesuffix(".gserviceaccount.com")


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

    @classmethod
    def _of_service_account(cls, address: str) -> str:
        return address.partition("@")[0]


# What is reached at an address of its own, and what is at Google's.
ServerConnection = PostgresConnection | MysqlConnection
Connection = Annotated[ServerConnection | BigqueryConnection, Field(discriminator="type")]
CONNECTIONS: dict[str, type[ServerConnection | BigqueryConnection]] = {
    "postgres": PostgresConnection,
    "mysql": MysqlConnection,
    "bigquery": BigqueryConnection,
}
CONNECTION_TYPES = tuple(CONNECTIONS)


def identity(connection: Connection) -> dict[str, str | int]:
    """Where a password would be sent: it is valid for exactly this server, user and database."""
    return connection.identity
