"""Real servers whose encryption, or whose certificate, is not what it should be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from trustme import CA, LeafCert

from devservers.mariadb import MariadbServer
from devservers.postgres import PostgresServer
from headrace.checks import Layer
from headrace.connections import MysqlConnection, PostgresConnection, TlsMode
from tests.faults.case import Attempt, Says
from tests.faults.hostile import AUTHORITY
from tests.faults.laboratory import Laboratory
from tests.faults.shops import READER, Fault, mariadb_shop, postgres_shop
from tests.sources.certificates import DAY, SelfMade, write
from tests.sources.tls import pem

MAKER = SelfMade("Maker", authority=True)
STRANGER = CA()
HOST = ("localhost",)
GOOD = AUTHORITY.issue_cert("localhost")
ALONE = SelfMade("localhost", HOST)


@dataclass(frozen=True)
class Shown:
    """The certificate that the server shows, and what the connection holds it against."""

    certificate: LeafCert | SelfMade
    says: Says
    authority: CA | SelfMade | None = None
    tls: TlsMode = TlsMode.VERIFY_FULL
    host: str = "localhost"


def wrong(code: str, hint: str = "") -> Says:
    return Says(Layer.TLS, code, hint=hint)


CERTIFICATES = {
    "of an authority that nobody knows": Shown(GOOD, wrong("tls_untrusted", "CA certificate")),
    "of another authority": Shown(GOOD, wrong("tls_untrusted", "is not that of"), STRANGER),
    "of another authority, its name not looked at": Shown(
        GOOD, wrong("tls_untrusted"), STRANGER, TlsMode.VERIFY_CA
    ),
    "for another host": Shown(
        SelfMade("db", ("db.example.com",), signed_by=MAKER), wrong("tls_name_wrong"), MAKER
    ),
    "for a name, reached by an address": Shown(
        GOOD, wrong("tls_name_wrong"), AUTHORITY, host="127.0.0.1"
    ),
    "for no host at all": Shown(
        SelfMade("a server's", signed_by=MAKER), wrong("tls_name_wrong"), MAKER
    ),
    "that has expired": Shown(
        SelfMade("db", HOST, (-9 * DAY, -DAY), signed_by=MAKER), wrong("tls_expired"), MAKER
    ),
    "that is not valid yet": Shown(
        SelfMade("db", HOST, (DAY, 9 * DAY), signed_by=MAKER), wrong("tls_not_yet_valid"), MAKER
    ),
    "that signs itself": Shown(ALONE, wrong("tls_self_signed", "fingerprint")),
    "that ends soon": Shown(
        SelfMade("db", HOST, (-DAY, 5 * DAY), signed_by=MAKER), Says(Layer.TLS, hint="renew"), MAKER
    ),
    "that nobody looks at": Shown(GOOD, Says(Layer.TLS, hint="verify-full"), tls=TlsMode.REQUIRE),
}


@contextmanager
def postgres_showing(
    server: PostgresServer, certificate: LeafCert | SelfMade, fault: Fault
) -> Iterator[PostgresConnection]:
    files = write(certificate, server.directory)
    settings = {
        "ssl": "on", "ssl_key_file": str(files["key"]), "ssl_cert_file": str(files["chain"]),
        **fault.settings,
    }  # fmt: skip
    changed = Fault(fault.says, settings=settings, hba=fault.hba, changed=fault.changed)
    with postgres_shop(server, changed) as connection:
        yield connection


@contextmanager
def mariadb_showing(
    server: MariadbServer, certificate: LeafCert | SelfMade, fault: Fault
) -> Iterator[MysqlConnection]:
    write(certificate, server.directory)
    server.execute("FLUSH SSL")
    with mariadb_shop(server, fault) as connection:
        yield connection


def fault(shown: Shown) -> Fault:
    changed = {
        "tls": shown.tls,
        "host": shown.host,
        "ca_certificate": pem(shown.authority) if shown.authority else None,
    }
    return Fault(shown.says, changed=changed)


@pytest.mark.parametrize("shown", CERTIFICATES.values(), ids=CERTIFICATES.keys())
def test_a_certificate_of_postgres(
    laboratory: Laboratory, open_postgres: PostgresServer, shown: Shown
) -> None:
    with postgres_showing(open_postgres, shown.certificate, fault(shown)) as connection:
        laboratory.overhears(Attempt(connection), shown.says)


@pytest.mark.parametrize("shown", CERTIFICATES.values(), ids=CERTIFICATES.keys())
def test_a_certificate_of_mariadb(
    laboratory: Laboratory, open_mariadb: MariadbServer, shown: Shown
) -> None:
    with mariadb_showing(open_mariadb, shown.certificate, fault(shown)) as connection:
        laboratory.overhears(Attempt(connection), shown.says)


VERIFIED = {"tls": TlsMode.VERIFY_FULL, "ca_certificate": pem(AUTHORITY)}
UNVERIFIED = {"tls": TlsMode.REQUIRE}
TLS_ALONE = "hostssl all all all scram-sha-256"

POSTGRES = {
    "no TLS": Fault(wrong("tls_not_offered"), settings={"ssl": "off"}, changed=VERIFIED),
    "TLS alone": Fault(
        Says(Layer.LOGIN, "tls_required", hint="verify-full"), hba=TLS_ALONE
    ),
    "everything but TLS": Fault(
        Says(Layer.LOGIN, "login_not_permitted", f"hostssl shop {READER}"),
        hba="hostnossl all all all scram-sha-256",
        changed=VERIFIED,
    ),
    "TLS as it was spoken long ago": Fault(
        wrong("tls_too_old"),
        settings={
            "ssl_min_protocol_version": "TLSv1", "ssl_max_protocol_version": "TLSv1.1",
            "ssl_ciphers": "ALL:@SECLEVEL=0",
        },
        changed=VERIFIED,
    ),
    "the password itself over TLS": Fault(
        Says(Layer.LOGIN, "password_withheld", hint="verify-full"),
        hba="host all all all password",
        changed=UNVERIFIED,
    ),
    "certificates of the users": Fault(
        Says(Layer.LOGIN, "login_not_permitted", f"hostssl shop {READER}"),
        hba="hostssl all all all cert",
        settings={"ssl_ca_file": "/etc/ssl/certs/ca-certificates.crt"},
        changed=VERIFIED,
    ),
    "certificates of the users, and nothing to check them by": Fault(
        Says(Layer.LOGIN, "database_error", hint="log"),
        hba="hostssl all all all cert",
        changed=VERIFIED,
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", POSTGRES.values(), ids=POSTGRES.keys())
def test_what_postgres_wants(
    laboratory: Laboratory, open_postgres: PostgresServer, fault: Fault
) -> None:
    with postgres_showing(open_postgres, GOOD, fault) as connection:
        laboratory.overhears(Attempt(connection), fault.says)


MARIADB = {
    "TLS alone": Fault(
        Says(Layer.LOGIN, "password_rejected", "FROM mysql.user", "(REQUIRE SSL)"),
        f"ALTER USER {READER} REQUIRE SSL",
    ),
    "certificates of the users": Fault(
        Says(Layer.LOGIN, "password_rejected", "FROM mysql.user"),
        f"ALTER USER {READER} REQUIRE X509",
        changed=VERIFIED,
    ),
}


@pytest.mark.parametrize("fault", MARIADB.values(), ids=MARIADB.keys())
def test_what_mariadb_wants(
    laboratory: Laboratory, open_mariadb: MariadbServer, fault: Fault
) -> None:
    with mariadb_showing(open_mariadb, GOOD, fault) as connection:
        laboratory.overhears(Attempt(connection), fault.says)


def test_a_mariadb_without_tls(laboratory: Laboratory, mariadb: MariadbServer) -> None:
    fault = Fault(wrong("tls_not_offered"), changed=VERIFIED)
    with mariadb_shop(mariadb, fault) as connection:
        laboratory.overhears(Attempt(connection), fault.says)
