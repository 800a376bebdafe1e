"""Where the well-known providers of databases keep the files of their certificate authorities.

A provider is recognised by its host names, or else by what its authority calls itself, since many
databases are reached by an address or a name of one's own. Anybody can call himself so; so this
decides what is advised alone, and each file comes from the provider, never from the server.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Advice:
    """What to do to have a provider's certificates verified, and what to copy for it."""

    hint: str
    copy: str | None = None


@dataclass(frozen=True)
class _Provider:
    """`host` and `issuer` are patterns; `{region}` in the rest is the group of that name."""

    hint: str
    copy: str | None = None
    host: str | None = None
    issuer: str | None = None

    def advice(self, host: str, issuer: str) -> Advice | None:
        found = (self.host and re.fullmatch(self.host, host)) or (
            self.issuer and re.fullmatch(self.issuer, issuer)
        )
        if not found:
            return None
        copy = self.copy.format(**found.groupdict()) if self.copy else None
        return Advice(self.hint, copy)


_AMAZON = (
    "Amazon RDS signs with authorities of its own: download the file of your database's region "
    "and give it as the CA certificate."
)
_PUBLIC = (
    "{} has its certificates from public authorities: leave the CA certificate empty, and have "
    "whoever runs this service update its list of public authorities (Debian: ca-certificates)."
)

_PROVIDERS = (
    _Provider(
        _AMAZON,
        "https://truststore.pki.us-gov-west-1.rds.amazonaws.com/{region}/{region}-bundle.pem",
        host=r"(?:.+\.)?(?P<region>us-gov-[a-z0-9-]+)\.rds\.amazonaws\.com",
        issuer=r"Amazon RDS (?P<region>us-gov-[a-z]+-\d+) .*",
    ),
    _Provider(
        _AMAZON,
        "https://truststore.pki.rds.amazonaws.com/{region}/{region}-bundle.pem",
        host=r"(?:.+\.)?(?P<region>[a-z0-9-]+)\.rds\.amazonaws\.com",
        issuer=r"Amazon RDS (?P<region>[a-z]+-[a-z]+-\d+) .*",
    ),
    _Provider(
        "Azure has its certificates from DigiCert Global Root G2 and Microsoft RSA Root "
        "Certificate Authority 2017, which are public authorities: leave the CA certificate "
        "empty, or give the files of both, one after the other.",
        "https://cacerts.digicert.com/DigiCertGlobalRootG2.crt.pem",
        host=r".+\.(postgres|mysql|mariadb)\.database\.azure\.com",
    ),
    _Provider(
        "Google Cloud SQL has an authority for each instance: download its server-ca.pem (in the "
        "console under Connections, Security) and give it as the CA certificate. An instance that "
        "is reached by its address is verified with the TLS mode 'verify-ca'.",
        "gcloud sql ssl server-ca-certs list --instance=INSTANCE --format='value(cert)'",
        host=r".+\.sql\.goog",
        issuer=r"Google Cloud SQL .*",
    ),
    _Provider(
        "DigitalOcean has an authority of your own: download ca-certificate.crt (in the control "
        "panel under the database's connection details) and give it as the CA certificate.",
        host=r".+\.db\.ondigitalocean\.com",
    ),
    _Provider(
        "Aiven has an authority for each project: download ca.pem (in the console under the "
        "service's connection information) and give it as the CA certificate.",
        host=r".+\.aivencloud\.com",
        issuer=r"[0-9a-f-]{36}.* Project CA.*",
    ),
    _Provider(
        "Supabase signs with an authority of its own: download prod-ca-2021.crt (in the dashboard "
        "under Database, Settings, SSL Configuration) and give it as the CA certificate.",
        "https://supabase-downloads.s3-ap-southeast-1.amazonaws.com/prod/ssl/prod-ca-2021.crt",
        host=r".+\.supabase\.(co|com)",
        issuer=r"Supabase .*",
    ),
    _Provider(_PUBLIC.format("Neon"), host=r".+\.neon\.tech"),
    _Provider(_PUBLIC.format("PlanetScale"), host=r".+\.psdb\.cloud"),
    _Provider(
        "If this is Heroku Postgres, it has certificates that can be verified once they are asked "
        "for; leave the CA certificate empty then. For another database on this machine, have its "
        "certificate's file sent to you and give it as the CA certificate.",
        "heroku data:labs:enable enhanced-certificates -a APP --addon=ADDON",
        host=r"ec2-.+\.compute(-1)?\.amazonaws\.com",
    ),
    _Provider(
        "MySQL made this certificate for itself when it was first started: have whoever runs it "
        "send you ca.pem from its data directory, give that as the CA certificate, and choose the "
        "TLS mode 'verify-ca', since the certificate names no host.",
        issuer=r"MySQL_Server_.+_Auto_Generated_CA_Certificate",
    ),
)


def advice(host: str, issuer: str = "") -> Advice | None:
    """What to do to have this host's certificate verified, if its provider is a well-known one."""
    name = host.lower().removesuffix(".")
    found = (provider.advice(name, issuer) for provider in _PROVIDERS)
    return next((one for one in found if one), None)
