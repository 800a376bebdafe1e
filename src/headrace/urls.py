"""A connection as people write it: `postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…`.

An instance of Cloud SQL stands among the options, in place of the host:
`postgresql://USER@/DATABASE?instance=PROJECT:REGION:NAME&login=iam`. BigQuery has a project and,
if it is to be one alone, a dataset: `bigquery://PROJECT/DATASET`.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from pydantic import SecretStr, ValidationError

from headrace.bigquery_connection import BigqueryConnection, BigqueryLogin
from headrace.connections import (
    Connection,
    Credentials,
    MysqlConnection,
    PostgresConnection,
    ServerConnection,
    TlsMode,
)
from headrace.errors import URL_INVALID, Field, HeadraceError
from headrace.validation import wrong_fields

_SERVERS: dict[str, type[ServerConnection]] = {
    "postgresql": PostgresConnection,
    "postgres": PostgresConnection,
    "mysql": MysqlConnection,
    "mariadb": MysqlConnection,
}
BY_SCHEME: dict[str, type[ServerConnection | BigqueryConnection]] = {
    **_SERVERS,
    "bigquery": BigqueryConnection,
}

# What the databases' own clients call the options and the modes of TLS. MySQL's PREFERRED is
# missing, since it falls back to plain text.
_OF_CLOUD_SQL = {"instance": "instance", "ip-type": "ip_type", "login": "login"}
_OPTIONS = {
    **{"sslmode": "tls", "ssl-mode": "tls", "sslrootcert": "ca", "ssl-ca": "ca"},
    **_OF_CLOUD_SQL,
}
_OF_BIGQUERY = {
    "billing-project": "billing_project",
    "location": "location",
    "login": "login",
}
_MYSQL_MODES = {
    "DISABLED": TlsMode.DISABLE,
    "REQUIRED": TlsMode.REQUIRE,
    "VERIFY_CA": TlsMode.VERIFY_CA,
    "VERIFY_IDENTITY": TlsMode.VERIFY_FULL,
}


def from_url(url: str) -> tuple[Connection, Credentials | None]:
    """The connection of a URL, and its credentials if it holds a password.

    `mysql://` and `mariadb://` are read like `postgresql://`; MySQL's names `ssl-mode` and
    `ssl-ca` mean the same as PostgreSQL's. Raises URL_INVALID, with the wrong parts as fields.
    No part of the URL is repeated: any may be a piece of a password.
    """
    parts, port = _split(url)
    if parts.scheme == "bigquery":
        return _of_bigquery(parts), None
    if set("/@") & set(parts.path.removeprefix("/")):
        # What stands in front of it as the host may then be a piece of a password.
        raise _invalid("has another / or @ behind what looks like its host")
    given = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    if not given.keys() <= _OPTIONS.keys() or parts.fragment:
        raise _invalid(f"has options other than {', '.join(_OPTIONS)}")
    options = {_OPTIONS[key]: value for key, value in given.items()}
    mode = options.get("tls", TlsMode.VERIFY_FULL)
    values = {
        **{name: options[name] for name in _OF_CLOUD_SQL.values() if name in options},
        "host": unquote(parts.hostname) if parts.hostname else None,
        "user": unquote(parts.username or ""),
        "database": unquote(parts.path.removeprefix("/")),
        "tls": _MYSQL_MODES.get(mode.upper(), mode),
        "ca_certificate": _read_certificate(options["ca"]) if "ca" in options else None,
    }
    try:
        connection = _SERVERS[parts.scheme].model_validate(
            values if port is None else {**values, "port": port}
        )
        password = unquote(parts.password or "")
        return connection, Credentials(password=SecretStr(password)) if password else None
    except ValidationError as error:
        fields = wrong_fields(error)
        names = ", ".join(field.path for field in fields)
        raise HeadraceError(URL_INVALID, f"The URL is wrong in {names}.", fields=fields) from None


def _of_bigquery(parts: SplitResult) -> BigqueryConnection:
    """`bigquery://PROJECT/DATASET?billing-project=…&location=…&login=key`.

    Without a login it is this machine's own account that reads. A key never stands in a URL.
    """
    given = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    if not given.keys() <= _OF_BIGQUERY.keys() or parts.fragment or "@" in parts.netloc:
        raise _invalid(f"has something else than a project and {', '.join(_OF_BIGQUERY)}")
    values = {
        "project": unquote(parts.netloc),
        "datasets": unquote(parts.path.strip("/")) or None,
        "login": BigqueryLogin.IAM,
        **{_OF_BIGQUERY[key]: value for key, value in given.items()},
    }
    try:
        return BigqueryConnection.model_validate(values)
    except ValidationError as error:
        fields = wrong_fields(error)
        names = ", ".join(field.path for field in fields)
        raise HeadraceError(URL_INVALID, f"The URL is wrong in {names}.", fields=fields) from None


def _split(url: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        # `from None`: the error holds the part that could not be read.
        raise _invalid("can't be taken apart") from None
    if parts.scheme not in BY_SCHEME:
        raise _invalid(f"begins with none of {', '.join(f'{name}://' for name in BY_SCHEME)}")
    return parts, port


def _invalid(what: str) -> HeadraceError:
    return HeadraceError(URL_INVALID, f"The URL {what}.")


def _read_certificate(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        raise HeadraceError(
            URL_INVALID,
            "The certificate authority's file can't be read.",
            fields=[Field("sslrootcert", "is not the path of a readable file in PEM form")],
        ) from None
