"""What a server's certificate says, for people to read.

A stranger chose every word of it: names hold letters, digits and common signs alone, and are cut.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import NameOID

_COMMON_NAME = NameOID.COMMON_NAME
_LONGEST_NAME = 64
_LONGEST_HOST = 253
_MOST_HOSTS = 8

_NOT_SHOWN = re.compile(r"[^\w .,:@&'()/+*-]")
_HOST = re.compile(r"(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
# Most common names are no host's, such as MySQL_Server_8.4.0_Auto_Generated_Server_Certificate.
_PLAIN = re.compile(r"(\*\.)?[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")

# What the library raises for a certificate that breaks the rules.
_UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    x509.InvalidVersion,
)


@dataclass(frozen=True)
class Certificate:
    """The parts of a certificate that say whose it is, who vouches for it, and for how long."""

    subject: str
    issuer: str
    hosts: tuple[str, ...]
    valid_from: datetime
    valid_until: datetime
    key: str
    fingerprint: str

    @classmethod
    def read(cls, der: bytes) -> Self | None:
        """None if it can't be read."""
        try:
            certificate = x509.load_der_x509_certificate(der)
            return cls(
                subject=_shown_name(certificate.subject),
                issuer=_shown_name(certificate.issuer),
                hosts=_hosts(certificate),
                valid_from=certificate.not_valid_before_utc,
                valid_until=certificate.not_valid_after_utc,
                key=_key(certificate),
                fingerprint=hashlib.sha256(der).hexdigest().upper(),
            )
        except _UNREADABLE:
            return None

    @property
    def days_left(self) -> int:
        """Whole days until it expires; negative if it has."""
        return (self.valid_until - datetime.now(UTC)).days

    def facts(self) -> dict[str, str]:
        """By name, in the order in which to show them."""
        return {
            "Certificate of": self.subject,
            "Signed by": self.issuer,
            "For the hosts": listed(self.hosts) or "none",
            "Valid": f"{self.valid_from:%Y-%m-%d} to {self.valid_until:%Y-%m-%d}, {self._left()}",
            "Key": self.key,
            "SHA-256 fingerprint": re.sub("(..)(?=.)", r"\1:", self.fingerprint),
        }

    def _left(self) -> str:
        if datetime.now(UTC) < self.valid_from:
            return "not yet"
        days = abs(self.days_left + 1) if self.days_left < 0 else self.days_left
        unit = "day" if days == 1 else "days"
        return f"expired {days} {unit} ago" if self.days_left < 0 else f"{days} {unit} left"


def facts(chain: Sequence[bytes]) -> dict[str, str]:
    """What there is to say of the certificates that a server showed, its own first."""
    if not chain:
        return {}
    own = Certificate.read(chain[0])
    told = own.facts() if own else {"Certificate": "can't be read"}
    return {**told, "Certificates sent": str(len(chain))}


def listed(hosts: Sequence[str]) -> str:
    """The first few of the hosts, and how many there are more."""
    more = f" and {len(hosts) - _MOST_HOSTS} more" if len(hosts) > _MOST_HOSTS else ""
    return ", ".join(hosts[:_MOST_HOSTS]) + more


def _shown_name(name: x509.Name) -> str:
    """The common name and the organisation, of which one may be missing."""
    parts = [
        part.value
        for oid in (_COMMON_NAME, NameOID.ORGANIZATION_NAME)
        for part in name.get_attributes_for_oid(oid)[:1]
    ]
    return ", ".join(_shown(part) for part in parts) or "nobody who is named"


def _shown(text: str | bytes) -> str:
    words = text if isinstance(text, str) else ""
    shown = " ".join(_NOT_SHOWN.sub("?", words).split())
    return shown if len(shown) <= _LONGEST_NAME else f"{shown[:_LONGEST_NAME]}…"


def _hosts(certificate: x509.Certificate) -> tuple[str, ...]:
    """What OpenSSL compares with the host: those names alone that could be one, and addresses."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        common = [part.value for part in certificate.subject.get_attributes_for_oid(_COMMON_NAME)]
        return tuple(name for name in common if isinstance(name, str) and _PLAIN.fullmatch(name))
    hosts = [
        host
        for host in names.get_values_for_type(x509.DNSName)
        if len(host) <= _LONGEST_HOST and _HOST.fullmatch(host)
    ]
    return (*hosts, *map(str, names.get_values_for_type(x509.IPAddress)))


def _key(certificate: x509.Certificate) -> str:
    try:
        key = certificate.public_key()
    except UnsupportedAlgorithm:
        return "of a kind that is not known here"
    kind = type(key).__name__.removesuffix("PublicKey")  # RSA, EC, Ed25519, …
    size = getattr(key, "key_size", None)
    return f"{kind}, {size} bits" if size else kind
