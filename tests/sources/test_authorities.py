"""Which provider's authority is advised for a host."""

from __future__ import annotations

import pytest

from headrace.sources.authorities import advice

IRELAND = "https://truststore.pki.rds.amazonaws.com/eu-west-1/eu-west-1-bundle.pem"
GOVERNMENT = (
    "https://truststore.pki.us-gov-west-1.rds.amazonaws.com/us-gov-east-1/us-gov-east-1-bundle.pem"
)


@pytest.mark.parametrize(
    ("host", "issuer", "said", "copy"),
    [
        ("d.x1.eu-west-1.rds.amazonaws.com", "", "Amazon", IRELAND),
        ("D.X1.EU-WEST-1.RDS.AMAZONAWS.COM.", "", "Amazon", IRELAND),
        (
            "10.0.0.1", "Amazon RDS eu-west-1 Root CA RSA2048 G1", "Amazon",
            IRELAND,
        ),
        (
            "d.x1.us-gov-east-1.rds.amazonaws.com", "", "Amazon",
            GOVERNMENT,
        ),
        (
            "d.postgres.database.azure.com", "", "Microsoft RSA Root",
            "https://cacerts.digicert.com/DigiCertGlobalRootG2.crt.pem",
        ),
        ("10.0.0.1", "Google Cloud SQL Server CA, Google, Inc", "server-ca.pem", "gcloud "),
        ("d.b.db.ondigitalocean.com", "", "ca-certificate.crt", None),
        ("d.p.aivencloud.com", "", "ca.pem", None),
        ("db.ref.supabase.co", "", "prod-ca-2021.crt", "https://supabase-downloads."),
        ("aws-0-eu-central-1.pooler.supabase.com", "", "prod-ca-2021.crt", "https://supabase-"),
        ("ep-x.eu-central-1.aws.neon.tech", "", "leave the CA certificate empty", None),
        ("aws.connect.psdb.cloud", "", "leave the CA certificate empty", None),
        ("ec2-1-2-3-4.compute-1.amazonaws.com", "", "Heroku", "heroku "),
        ("10.0.0.1", "MySQL_Server_8.0.36_Auto_Generated_CA_Certificate", "verify-ca", None),
    ],
)  # fmt: skip
def test_a_provider(host: str, issuer: str, said: str, copy: str | None) -> None:
    found = advice(host, issuer)
    assert found is not None
    assert said in found.hint
    assert (found.copy or "").startswith(copy or "")
    assert (found.copy is None) == (copy is None)


@pytest.mark.parametrize(
    "host",
    [
        "db.example.com",
        "rds.amazonaws.com.example.com",
        "evilrds.amazonaws.com",
        "neon.tech",
        "10.0.0.1",
    ],
)
def test_nobody_known(host: str) -> None:
    assert advice(host, "Example Root") is None
