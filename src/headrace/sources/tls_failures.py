"""What can be wrong with a handshake: by OpenSSL's codes, never by prose.

Certificates fail with X509_V_ERR_* (x509_vfy.h), handshakes with SSL_R_* (sslerr.h), which Python
gives by name.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from headrace.connections import ServerConnection
from headrace.errors import (
    TLS_CLIENT_CERTIFICATE,
    TLS_EXPIRED,
    TLS_FAILED,
    TLS_NAME_WRONG,
    TLS_NOT_SPOKEN,
    TLS_NOT_YET_VALID,
    TLS_SELF_SIGNED,
    TLS_TOO_OLD,
    TLS_UNTRUSTED,
    Field,
    HeadraceError,
    Kind,
)
from headrace.sources.authorities import advice
from headrace.sources.certificates import Certificate, facts, listed

BY_VERIFY_CODE: dict[int, tuple[Kind, str]] = {
    2: (TLS_UNTRUSTED, "the CA certificate is not the last of its chain"),
    9: (TLS_NOT_YET_VALID, "the server's certificate is not valid yet"),
    10: (TLS_EXPIRED, "the server's certificate has expired"),
    18: (TLS_SELF_SIGNED, "the server's certificate is signed by itself"),
    19: (TLS_UNTRUSTED, "no known authority vouches for the certificate"),
    20: (TLS_UNTRUSTED, "no known authority vouches for the certificate"),
    21: (TLS_UNTRUSTED, "no known authority vouches for the certificate"),
    24: (TLS_UNTRUSTED, "the certificate is signed by one that may sign none"),
    62: (TLS_NAME_WRONG, "the server's certificate does not name this host"),
    64: (TLS_NAME_WRONG, "the server's certificate does not name this address"),
    66: (TLS_TOO_OLD, "the key of the server's certificate is too short to be safe"),
    67: (TLS_TOO_OLD, "the key of an authority of the certificate's is too short to be safe"),
    68: (TLS_TOO_OLD, "the certificate is signed in a way that is no longer safe"),
    79: (TLS_UNTRUSTED, "the certificate is signed by one that may sign none"),
}
_NOT_VERIFIED = (TLS_UNTRUSTED, "the certificate can't be verified")

_ASKS = "the server asks for a certificate of the client's own"
_NO_VERSION = "the server speaks no version of TLS that is safe today"
_NO_TLS = "what the server sends is no TLS"

BY_REASON: dict[str, tuple[Kind, str]] = {
    "WRONG_VERSION_NUMBER": (TLS_NOT_SPOKEN, _NO_TLS),
    "HTTP_REQUEST": (TLS_NOT_SPOKEN, _NO_TLS),
    "PACKET_LENGTH_TOO_LONG": (TLS_NOT_SPOKEN, _NO_TLS),
    "UNSUPPORTED_PROTOCOL": (TLS_TOO_OLD, _NO_VERSION),
    "TLSV1_ALERT_PROTOCOL_VERSION": (TLS_TOO_OLD, _NO_VERSION),
    "TLSV1_ALERT_INSUFFICIENT_SECURITY": (TLS_TOO_OLD, "the server has no cipher that is safe"),
    "DH_KEY_TOO_SMALL": (TLS_TOO_OLD, "the server's key is too short to be safe"),
    "EE_KEY_TOO_SMALL": (TLS_TOO_OLD, "the key of the server's certificate is too short"),
    "WRONG_SIGNATURE_TYPE": (TLS_TOO_OLD, "the server signs in a way that is no longer safe"),
    "UNSAFE_LEGACY_RENEGOTIATION_DISABLED": (TLS_TOO_OLD, "the server's TLS is too old to be safe"),
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": (TLS_CLIENT_CERTIFICATE, _ASKS),
    "SSLV3_ALERT_NO_CERTIFICATE": (TLS_CLIENT_CERTIFICATE, _ASKS),
    "SSLV3_ALERT_BAD_CERTIFICATE": (TLS_CLIENT_CERTIFICATE, _ASKS),
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": (TLS_CLIENT_CERTIFICATE, _ASKS),
    "SSLV3_ALERT_HANDSHAKE_FAILURE": (
        TLS_FAILED,
        "the server found no cipher that both sides have",
    ),
    "TLSV1_UNRECOGNIZED_NAME": (TLS_NAME_WRONG, "the server knows no host of this name"),
    "TLSV1_ALERT_ACCESS_DENIED": (TLS_FAILED, "the server lets nobody in over TLS from here"),
    "TLSV1_ALERT_INTERNAL_ERROR": (TLS_FAILED, "the server met an internal error"),
    "UNEXPECTED_EOF_WHILE_READING": (TLS_FAILED, "the server hung up during the handshake"),
}
# Which of these it is depends on whether what we sent last arrived before or after.
_HANGING_UP = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
_NOT_AGREED = (TLS_FAILED, "the two sides could not agree on an encryption")

# In TLS 1.2 a server that misses the client's certificate says no more than this; but by then it
# has shown its own.
AFTER_CERTIFICATE = {"SSLV3_ALERT_HANDSHAKE_FAILURE": (TLS_CLIENT_CERTIFICATE, _ASKS)}


@dataclass(frozen=True)
class _Step:
    """What is known of a failure beyond its code: a better reason, and a better next step."""

    reason: str
    hint: str | None = None
    copy: str | None = None
    fields: tuple[Field, ...] = ()


def refused_later(error: ssl.SSLError, what: str) -> HeadraceError | None:
    """What the server has against the handshake after its end, as TLS 1.3 lets it."""
    kind, reason = BY_REASON.get(_reason(error), _NOT_AGREED)
    return HeadraceError(kind, f"{what}: {reason}.") if kind is TLS_CLIENT_CERTIFICATE else None


def failure(
    error: ssl.SSLError | ConnectionError,
    connection: ServerConnection,
    chain: Sequence[bytes],
    what: str,
) -> HeadraceError:
    """What failed, and the next step; `chain` is what the server showed, its own first."""
    kind, reason = _cause(error, seen=bool(chain))
    own = Certificate.read(chain[0]) if chain else None
    step = _STEPS[kind](reason, own, connection) if own and kind in _STEPS else _Step(reason)
    return HeadraceError(
        kind,
        f"{what}: {step.reason}.",
        hint=step.hint,
        copy=step.copy,
        fields=step.fields,
        facts=facts(chain),
    )


def _cause(error: ssl.SSLError | ConnectionError, *, seen: bool) -> tuple[Kind, str]:
    if isinstance(error, _HANGING_UP):
        return BY_REASON["UNEXPECTED_EOF_WHILE_READING"]
    if isinstance(error, ssl.SSLCertVerificationError):
        return BY_VERIFY_CODE.get(error.verify_code, _NOT_VERIFIED)
    by_reason = {**BY_REASON, **AFTER_CERTIFICATE} if seen else BY_REASON
    return by_reason.get(_reason(error), _NOT_AGREED)


def _reason(error: OSError) -> str:
    # Errors of Python's own have none.
    return getattr(error, "reason", None) or ""


def _untrusted(reason: str, own: Certificate, connection: ServerConnection) -> _Step:
    reason = f"{reason}; its authority is '{own.issuer}'"
    if found := advice(connection.hostname, own.issuer):
        return _Step(reason, found.hint, found.copy)
    if connection.ca_certificate:
        hint = (
            f"The CA certificate that was given is not that of '{own.issuer}': give that "
            "authority's file. If it is a public authority, leave the CA certificate empty."
        )
    else:
        hint = (
            f"Give the file of the authority '{own.issuer}' as the CA certificate: your database's "
            "provider, or whoever runs the database, has it."
        )
    return _Step(reason, hint)


def _self_signed(reason: str, own: Certificate, connection: ServerConnection) -> _Step:
    found = advice(connection.hostname, own.issuer)
    return _Step(reason, found.hint, found.copy) if found else _Step(reason)


def _expired(reason: str, own: Certificate, _: ServerConnection) -> _Step:
    if own.days_left >= 0:
        return _Step("a certificate of an authority above the server's has expired")
    return _Step(f"{reason}, on {own.valid_until:%Y-%m-%d}")


def _not_yet_valid(reason: str, own: Certificate, _: ServerConnection) -> _Step:
    return _Step(f"{reason}: it begins on {own.valid_from:%Y-%m-%d}")


def _name_wrong(reason: str, own: Certificate, connection: ServerConnection) -> _Step:
    if not own.hosts:
        found = advice(connection.hostname, own.issuer)
        hint = found.hint if found else (
            "Have the certificate made anew with the host's name in it (subjectAltName). Or choose "
            "the TLS mode 'verify-ca' and give its authority's file as the CA certificate."
        )  # fmt: skip
        return _Step(f"{reason}, and no other either", hint, fields=_HOST_OR_MODE)
    meant = _meant(connection.hostname, own.hosts)
    fields = (Field("connection.host", f"the certificate is for {listed(own.hosts)}", meant),)
    return _Step(f"{reason}; it is for {listed(own.hosts)}", copy=meant, fields=fields)


_HOST_OR_MODE = (Field("connection.tls", "the certificate names no host"),)


def _meant(host: str, names: Sequence[str]) -> str | None:
    """The name in the same domain as the host that is most like it.

    Whoever stands between can show a certificate that is valid for a host of his own; so a name
    of another domain is shown, but not suggested.
    """
    plain = host.lower().removesuffix(".")
    domain = _domain(plain)
    related = [name for name in map(str.lower, names) if domain and _domain(name) == domain]
    return next(iter(get_close_matches(plain, related, n=1, cutoff=0)), None)


def _domain(name: str) -> str | None:
    """The part of a name that belongs to one owner, as far as its form tells."""
    labels = name.split(".")
    # In co.uk, com.au and the like the second label is short, and is nobody's own.
    size = 3 if len(labels[-2:][0]) <= 3 else 2
    owned = len(labels) >= size and "*" not in name and not labels[-1].isdigit()
    return ".".join(labels[-size:]) if owned else None


_STEPS: dict[Kind, Callable[[str, Certificate, ServerConnection], _Step]] = {
    TLS_UNTRUSTED: _untrusted,
    TLS_SELF_SIGNED: _self_signed,
    TLS_EXPIRED: _expired,
    TLS_NOT_YET_VALID: _not_yet_valid,
    TLS_NAME_WRONG: _name_wrong,
}
