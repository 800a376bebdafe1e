"""What answers in place of MySQL or MariaDB, and may want to do harm."""

from __future__ import annotations

import pytest

from headrace.checks import Layer
from headrace.connections import MysqlConnection, TlsMode
from tests.diagnosis import impostors
from tests.diagnosis.impostors import MYSQL_GREETING
from tests.diagnosis.test_reach import POSTGRES
from tests.faults import hostile
from tests.faults.case import Hostile, Says
from tests.faults.hostile import (
    SOMETHING_ELSE,
    certified,
    mysql_saying_yes,
    mysql_tls,
    open_,
    silent_at,
)
from tests.faults.laboratory import Laboratory
from tests.sources.mysql.impostors import asking_for, refusing

WITHHELD = Says(Layer.LOGIN, "password_withheld", hint="verify-full")
NO_MYSQL = Says(Layer.LOGIN, "protocol_unexpected")
REQUIRE = TlsMode.REQUIRE
NATIVE = b"mysql_native_password"


def refused(number: int, code: str, paste: str | None, tls: TlsMode = TlsMode.DISABLE) -> Hostile:
    """The server greets with an error."""
    return Hostile(open_(refusing(number)), Says(Layer.LOGIN, code, paste), tls)


CASES = {
    # Nothing, or nothing to the end.
    "a byte at a time in the greeting": Hostile(
        open_(impostors.mysql_dribble), silent_at(Layer.LOGIN), seconds=1
    ),
    "a byte at a time before TLS": Hostile(
        open_(impostors.mysql_dribble), silent_at(Layer.TLS), REQUIRE, 1
    ),
    "a byte at a time in the TLS handshake": Hostile(
        open_(mysql_tls(impostors.slow_handshake)), silent_at(Layer.TLS), REQUIRE, 1
    ),
    "greets and hangs up": Hostile(
        open_(lambda client: client.sendall(MYSQL_GREETING)), Says(Layer.LOGIN, "connection_lost")
    ),
    # Without an end.
    "an answer of 16 MiB": Hostile(
        open_(impostors.mysql_flood), Says(Layer.LOGIN, "answer_too_long")
    ),
    "a greeting of 16 MiB": Hostile(open_(impostors.mysql_packet), SOMETHING_ELSE),
    "a greeting without an end, TLS wanted": Hostile(
        open_(impostors.mysql_packets), SOMETHING_ELSE, REQUIRE
    ),
    "a version without an end": Hostile(open_(hostile.mysql_version_without_end), SOMETHING_ELSE),
    "an endless TLS handshake": Hostile(
        open_(mysql_tls(impostors.endless_handshake)), Says(Layer.TLS, "tls_failed"), REQUIRE
    ),
    # Something else.
    "PostgreSQL": Hostile(
        open_(POSTGRES),
        Says(Layer.PROTOCOL, "database_type_wrong", hint="Choose 'postgres'"),
        seconds=4,
    ),
    "plain text after agreeing to TLS": Hostile(
        open_(mysql_tls(lambda client: client.sendall(b"forged <script>" * 10))),
        Says(Layer.TLS, "tls_not_spoken"),
        REQUIRE,
    ),
    # Refusals in place of a greeting.
    "nobody from this address": refused(1130, "host_not_permitted", "CREATE USER"),
    "nobody from this address, TLS wanted": refused(
        1130, "host_not_permitted", "CREATE USER", TlsMode.VERIFY_FULL
    ),
    "blocked after failures": refused(1129, "host_blocked", "FLUSH HOSTS"),
    "no connection left": refused(1040, "too_many_connections", "PROCESSLIST", TlsMode.VERIFY_FULL),
    "an error that nobody knows": refused(9999, "database_error", None),
    # Logins that want more than is due.
    "asks for the password itself": Hostile(
        lambda told: asking_for(b"mysql_clear_password", told), WITHHELD
    ),
    "asks for the password itself in a dialogue": Hostile(
        lambda told: asking_for(b"dialog", told), WITHHELD
    ),
    "asks for the password itself, unverified": Hostile(
        lambda told: asking_for(b"mysql_clear_password", told, certified()), WITHHELD, REQUIRE
    ),
    "asks for the password hidden from nobody, unverified": Hostile(
        lambda told: asking_for(b"sha256_password", told, certified()), WITHHELD, REQUIRE
    ),
    "asks for the password itself, verified without an authority": Hostile(
        lambda told: asking_for(b"mysql_clear_password", told, certified()),
        Says(Layer.TLS, "tls_untrusted", hint="CA certificate"),
        TlsMode.VERIFY_CA,
    ),
    "takes the offer of TLS away": Hostile(
        lambda told: asking_for(NATIVE, told), Says(Layer.TLS, "tls_not_offered"), REQUIRE
    ),
    "asks for a login of the past": Hostile(
        lambda told: asking_for(b"mysql_old_password", told),
        Says(Layer.LOGIN, "login_method_unknown", "IDENTIFIED BY"),
    ),
    "asks for Kerberos": Hostile(
        lambda told: asking_for(b"authentication_kerberos_client", told),
        Says(Layer.LOGIN, "login_method_unknown", "IDENTIFIED BY"),
    ),
    # A server that lets everybody in, and then is none.
    "asks for a file of this machine": Hostile(open_(hostile.mysql_asking_for_a_file), NO_MYSQL),
    "says yes to everything": Hostile(open_(mysql_saying_yes(b"\0\0\0\x02\0\0\0")), NO_MYSQL),
    "claims columns that never come": Hostile(
        open_(mysql_saying_yes(b"\xfe" + b"\xff" * 8)), silent_at(Layer.LOGIN), seconds=1
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_hostile_server(laboratory: Laboratory, case: Hostile) -> None:
    laboratory.withstands(MysqlConnection, case)
