"""What stands for what in docs/errors.md: the tables by which errors from elsewhere are told."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from headrace.diagnosis.dial import BY_ERRNO
from headrace.diagnosis.resolve import BY_EAI
from headrace.errors import (
    CONNECTION_LOST,
    DATABASE_ERROR,
    DNS_UNAVAILABLE,
    HOST_UNREACHABLE,
    TLS_FAILED,
    TLS_REQUIRED,
    TLS_UNTRUSTED,
    Kind,
)
from headrace.sources.bigquery import reasons as bigquery
from headrace.sources.mysql import errors as mysql
from headrace.sources.postgres import errors as postgres
from headrace.sources.tls_failures import AFTER_CERTIFICATE, BY_REASON, BY_VERIFY_CODE

_EAI = {value: name for name, value in vars(socket).items() if name.startswith("EAI_")}


@dataclass(frozen=True)
class Table:
    """Codes of one origin, what they mean here, and where another step than the kind's is given."""

    title: str
    origin: str
    column: str
    meanings: Mapping[str, tuple[Kind, str]]
    hints: Mapping[Kind, str] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        yield from ("", f"### {self.title}", "", self.origin, "")
        yield from (f"| {self.column} | code | cause | next step |", "|---|---|---|---|")
        for code, (kind, cause) in self.meanings.items():
            hint = self.hints.get(kind, kind.hint).replace("|", "\\|")
            yield f"| {code} | `{kind.code}` | {cause} | {hint} |"


TABLES = (
    Table(
        "Looking a host up",
        "What `getaddrinfo` returns (RFC 3493).",
        "EAI",
        {
            **{_EAI[code]: meaning for code, meaning in BY_EAI.items()},
            "any other": (DNS_UNAVAILABLE, "the name servers could not be asked"),
        },
    ),
    Table(
        "Connecting",
        "The operating system's `errno`.",
        "errno",
        {
            **{errno.errorcode[code or 0]: meaning for code, meaning in BY_ERRNO.items()},
            "any other": (HOST_UNREACHABLE, "the name of the error is given"),
        },
    ),
    Table(
        "TLS: the certificate",
        "OpenSSL's `X509_V_ERR_*` (`x509_vfy.h`).",
        "verify code",
        {
            **{str(code): meaning for code, meaning in BY_VERIFY_CODE.items()},
            "any other": (TLS_UNTRUSTED, "the certificate can't be verified"),
        },
    ),
    Table(
        "TLS: the handshake",
        "OpenSSL's `SSL_R_*` (`sslerr.h`), by name.",
        "reason",
        {
            **BY_REASON,
            **{f"{name}, after its certificate": one for name, one in AFTER_CERTIFICATE.items()},
            "any other": (TLS_FAILED, "the two sides could not agree on an encryption"),
        },
    ),
    Table(
        "PostgreSQL",
        "SQLSTATEs (PostgreSQL manual, appendix A). If the whole is not listed, its first two "
        "characters decide. The connection test words the step for the server and user at hand.",
        "SQLSTATE",
        {
            **postgres.BY_SQLSTATE,
            **{f"{code}, at the login": found for code, found in postgres.AT_LOGIN.items()},
            "28000 without TLS, but no such error with it": (
                TLS_REQUIRED,
                "the server lets this user in over encrypted connections alone",
            ),
            **{f"{code}…": meaning for code, meaning in postgres.BY_CLASS.items()},
            "any other": (DATABASE_ERROR, "the server refused the statement"),
            "none, and the connection ends": (CONNECTION_LOST, "the other side closed it"),
        },
    ),
    Table(
        "MySQL and MariaDB",
        "Error numbers (MySQL 8.4 Error Reference; MariaDB Error Codes). The connection test "
        "words the step for the server and user at hand.",
        "number",
        {
            **{str(code): meaning for code, meaning in mysql.BY_NUMBER.items()},
            "any other": (DATABASE_ERROR, "the server refused the statement"),
            "none, and the connection ends": (CONNECTION_LOST, "the other side closed it"),
        },
        mysql.HINTS,
    ),
    Table(
        "BigQuery",
        "The reasons of BigQuery's errors ('Error messages' in its documentation), and the status "
        "where there is none; 403, say, is what gRPC calls PERMISSION_DENIED.",
        "reason",
        {
            **bigquery.BY_REASON,
            **{str(status): meaning for status, meaning in bigquery.BY_STATUS.items()},
            "any other": bigquery.ANY_OTHER,
            "none, and the connection ends": (
                CONNECTION_LOST,
                "Google's servers can't be reached",
            ),
        },
        bigquery.HINTS,
    ),
)
