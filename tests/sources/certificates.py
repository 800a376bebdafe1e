"""Certificates that no authority would sign, and what a server needs to show them."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from trustme import CA, Blob, LeafCert

from devservers.unprivileged import give_away

DAY = timedelta(days=1)


@dataclass(frozen=True)
class SelfMade:
    """A certificate that is signed by its own key, or by another's."""

    common_name: str
    hosts: tuple[str, ...] = ()
    valid: tuple[timedelta, timedelta] = (-DAY, 365 * DAY)
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    signed_by: SelfMade | None = None
    authority: bool = False

    @cached_property
    def certificate(self) -> x509.Certificate:
        now = datetime.now(UTC)
        signer = self.signed_by or self
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(self.common_name))
            .issuer_name(_name(signer.common_name))
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + self.valid[0])
            .not_valid_after(now + self.valid[1])
            .add_extension(
                x509.BasicConstraints(ca=self.authority, path_length=None), critical=True
            )
        )
        if self.hosts:
            names = x509.SubjectAlternativeName([x509.DNSName(host) for host in self.hosts])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(signer.key, hashes.SHA256())

    @property
    def cert_pem(self) -> Blob:
        return Blob(self.certificate.public_bytes(serialization.Encoding.PEM))

    @property
    def cert_chain_pems(self) -> list[Blob]:
        return [self.cert_pem]

    @property
    def private_key_pem(self) -> Blob:
        return Blob(
            self.key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)


def write(certificate: LeafCert | SelfMade, directory: Path) -> dict[str, Path]:
    """The certificate's files, as the server's user may read them."""
    key, chain = directory / "key.pem", directory / "cert.pem"
    key.write_bytes(certificate.private_key_pem.bytes())
    chain.write_bytes(b"".join(part.bytes() for part in certificate.cert_chain_pems))
    for path in (key, chain):
        path.chmod(0o600)
        give_away(path)
    return {"key": key, "chain": chain}


def context(certificate: LeafCert) -> ssl.SSLContext:
    """A server's, with a certificate that somebody signed."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(made)
    return made


def self_made_context(own: SelfMade, directory: Path) -> ssl.SSLContext:
    """A server's, with a certificate that was made here. The seclevel lets a weak one pass."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.set_ciphers("DEFAULT:@SECLEVEL=0")
    file = directory / f"{uuid4()}.pem"
    file.write_bytes(own.private_key_pem.bytes() + own.cert_pem.bytes())
    made.load_cert_chain(file)
    return made


def requiring_clients(authority: CA, made: ssl.SSLContext) -> ssl.SSLContext:
    """The same, but it lets in only who shows a certificate of the authority's."""
    authority.configure_trust(made)
    made.verify_mode = ssl.CERT_REQUIRED
    return made


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
