"""Which host is suggested in place of the one that a certificate is not for."""

from __future__ import annotations

import ssl

import pytest

from headrace.connections import PostgresConnection
from headrace.errors import TLS_FAILED, TLS_UNTRUSTED
from headrace.sources.tls_failures import failure
from tests.sources.certificates import SelfMade


def suggested(host: str, *names: str) -> str | None:
    connection = PostgresConnection(host=host, database="d", user="u")
    error = ssl.SSLCertVerificationError()
    error.verify_code = 62
    failed = failure(error, connection, [SelfMade("db", names).der], "Testing")
    (field,) = failed.fields
    assert field.suggestion == failed.copy
    assert all(name in failed.detail for name in names)
    return field.suggestion


@pytest.mark.parametrize(
    ("host", "names", "meant"),
    [
        ("db.example.com", ("db1.example.com",), "db1.example.com"),
        ("bd1.example.com", ("web.example.com", "db1.example.com"), "db1.example.com"),
        ("DB.Example.com.", ("db1.example.com",), "db1.example.com"),
        ("db.example.com", ("example.com",), "example.com"),
        ("db.example.co.uk", ("db1.example.co.uk",), "db1.example.co.uk"),
    ],
)
def test_a_name_in_the_same_domain(host: str, names: tuple[str, ...], meant: str) -> None:
    assert suggested(host, *names) == meant


@pytest.mark.parametrize(
    ("host", "names"),
    [
        # Whoever stands between can have a certificate for a host of his own.
        ("db.example.com", ("db.evil.com",)),
        ("db.example.com", ("example.com.evil.com",)),
        ("db.example.com", ("evilexample.com",)),
        ("db.example.co.uk", ("evil.co.uk",)),
        ("shop.co.uk", ("evil.co.uk",)),
        ("db.example.com", ("*.example.com",)),
        ("10.0.0.1", ("10.0.0.2.example.com",)),
        ("localhost", ("db.example.com",)),
    ],
)
def test_no_name_of_somebody_elses(host: str, names: tuple[str, ...]) -> None:
    assert suggested(host, *names) is None


def test_codes_that_are_not_in_the_tables() -> None:
    connection = PostgresConnection(host="db.example.com", database="d", user="u")
    verify = ssl.SSLCertVerificationError()
    verify.verify_code = 9999
    assert failure(verify, connection, [], "Testing").kind is TLS_UNTRUSTED
    assert failure(ssl.SSLError(), connection, [], "Testing").kind is TLS_FAILED
