"""What is read of a certificate whose words a stranger chose."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from trustme import CA, LeafCert

from headrace.sources.certificates import Certificate, facts
from tests.sources.certificates import DAY, SelfMade


def read(certificate: SelfMade) -> Certificate:
    found = Certificate.read(certificate.der)
    assert found is not None
    return found


def der(certificate: LeafCert) -> bytes:
    own = x509.load_pem_x509_certificate(certificate.cert_chain_pems[0].bytes())
    return own.public_bytes(serialization.Encoding.DER)


def test_whose_it_is_and_for_how_long() -> None:
    maker = SelfMade("Maker", authority=True)
    own = read(SelfMade("db", ("db.example.com",), valid=(-DAY, 5.5 * DAY), signed_by=maker))
    told = own.facts()
    assert told["Certificate of"] == "db"
    assert told["Signed by"] == "Maker"
    assert told["For the hosts"] == "db.example.com"
    assert told["Valid"].endswith(", 5 days left")
    assert told["Key"] == "EC, 256 bits"
    assert len(told["SHA-256 fingerprint"].split(":")) == 32


@pytest.mark.parametrize(
    ("valid", "told"),
    [
        ((-10 * DAY, -2.5 * DAY), "expired 2 days ago"),
        ((-10 * DAY, -0.5 * DAY), "expired 0 days ago"),
        ((-10 * DAY, 1.5 * DAY), "1 day left"),
        ((2 * DAY, 5 * DAY), "not yet"),
    ],
)
def test_when_it_is_valid(valid: tuple[object, object], told: str) -> None:
    own = read(SelfMade("db", valid=valid))  # type: ignore[arg-type]
    assert own.facts()["Valid"].endswith(told)


def test_the_kinds_of_keys() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert read(SelfMade("db", key=key)).key == "RSA, 2048 bits"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("\x1b[2J\x1b[31mroot", "??2J??31mroot"),
        ("<script>alert(1)</script>", "?script?alert(1)?/script?"),
        ("a\u202eb\nc\r\nd", "a?b?c??d"),
        ("[red]x[/]", "?red?x?/?"),
        ("Ångström & Söhne", "Ångström & Söhne"),
        ("x" * 64, "x" * 64),
    ],
)
def test_names_are_cleaned(name: str, shown: str) -> None:
    assert read(SelfMade(name)).subject == shown


@pytest.mark.parametrize(
    "host", ["<b>.example.com", "a b.example.com", "\x1b[2J", "x" * 254, "db..example.com", ""]
)
def test_hosts_that_can_be_none_are_left_out(host: str) -> None:
    assert read(SelfMade("db", (host, "db.example.com"))).hosts == ("db.example.com",)


def test_many_hosts_are_counted() -> None:
    hosts = tuple(f"db{number}.example.com" for number in range(500))
    told = read(SelfMade("db", hosts)).facts()["For the hosts"]
    assert told.endswith("db7.example.com and 492 more")


def test_addresses_and_wildcards() -> None:
    found = Certificate.read(der(CA().issue_cert("*.example.com", "127.0.0.1", "::1")))
    assert found is not None
    assert found.hosts == ("*.example.com", "127.0.0.1", "::1")


@pytest.mark.parametrize("garbage", [b"", b"garbage", bytes(100), SelfMade("db").der[:-20]])
def test_what_is_no_certificate(garbage: bytes) -> None:
    assert Certificate.read(garbage) is None
    assert facts([garbage]) == {"Certificate": "can't be read", "Certificates sent": "1"}


# The library announces what it will refuse one day; we take it as it comes.
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_no_byte_of_a_certificate_makes_reading_it_fail() -> None:
    good = SelfMade("db", ("db.example.com",)).der
    for at in range(len(good)):
        facts([good[:at] + bytes([good[at] ^ 0xFF]) + good[at + 1 :]])
