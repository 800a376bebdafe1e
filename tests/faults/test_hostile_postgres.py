"""What answers in place of PostgreSQL, and may want to do harm."""

from __future__ import annotations

import pytest

from headrace.checks import Layer
from headrace.connections import PostgresConnection, TlsMode
from tests.diagnosis import impostors
from tests.diagnosis.impostors import MYSQL_GREETING, saying
from tests.faults import hostile
from tests.faults.case import Hostile, Says
from tests.faults.hostile import (
    SOMETHING_ELSE,
    open_,
    postgres_over_tls,
    postgres_refusing_the_login,
    silent_at,
)
from tests.faults.laboratory import Laboratory

TOO_LONG = Says(Layer.LOGIN, "answer_too_long")
NO_POSTGRES = Says(Layer.LOGIN, "protocol_unexpected")
WITHHELD = Says(Layer.LOGIN, "password_withheld", hint="verify-full")
REQUIRE = TlsMode.REQUIRE


CASES = {
    # Nothing, or nothing to the end.
    "a byte at a time in the login": Hostile(
        open_(impostors.dribbling), silent_at(Layer.LOGIN), seconds=1
    ),
    "a byte at a time in the TLS handshake": Hostile(
        open_(impostors.tls_dribble), silent_at(Layer.TLS), REQUIRE, 1
    ),
    "hangs up at the first word": Hostile(open_(impostors.hangs_up), SOMETHING_ELSE),
    "hangs up in the login": Hostile(
        open_(impostors.start_up), Says(Layer.LOGIN, "connection_lost")
    ),
    # Without an end.
    "a message of 1 GiB": Hostile(open_(impostors.gigabyte), TOO_LONG),
    "a message of less than nothing": Hostile(open_(impostors.negative), TOO_LONG),
    "notices without an end": Hostile(open_(impostors.notices), TOO_LONG),
    "parameters without an end": Hostile(open_(impostors.parameters), TOO_LONG),
    "an endless TLS handshake": Hostile(
        open_(impostors.tls_records), Says(Layer.TLS, "tls_failed"), REQUIRE
    ),
    "hashing for hours": Hostile(open_(impostors.scram_iterations), NO_POSTGRES),
    "a login that begins again and again": Hostile(open_(impostors.scram_for_ever), NO_POSTGRES),
    # Something else.
    "MySQL": Hostile(
        open_(saying(MYSQL_GREETING)),
        Says(Layer.PROTOCOL, "database_type_wrong", hint="Choose 'mysql'"),
    ),
    "plain text after agreeing to TLS": Hostile(
        open_(hostile.plain_text_in_tls), Says(Layer.TLS, "tls_not_spoken"), REQUIRE
    ),
    "plain text in one breath with agreeing to TLS": Hostile(
        open_(hostile.plain_text_before_tls), SOMETHING_ELSE, REQUIRE
    ),
    # Refusals of the first word.
    "no connection left": Hostile(
        open_(hostile.postgres_refusing(b"53300")), Says(Layer.PROTOCOL, "too_many_connections")
    ),
    "starting up": Hostile(
        open_(postgres_refusing_the_login(b"57P03")), Says(Layer.LOGIN, "server_not_ready")
    ),
    "an error that nobody knows": Hostile(
        open_(postgres_refusing_the_login(b"XYZ01")), Says(Layer.LOGIN, "database_error")
    ),
    # Logins that are none.
    "an error of chosen words": Hostile(open_(impostors.refusing_with_prose), NO_POSTGRES),
    "lets everybody in and answers nothing": Hostile(
        open_(impostors.lets_everybody_in), NO_POSTGRES
    ),
    "an encoding that nobody knows": Hostile(open_(impostors.encoding(b"forged")), NO_POSTGRES),
    "Kerberos": Hostile(
        open_(impostors.kerberos), Says(Layer.LOGIN, "login_method_unknown", "scram-sha-256")
    ),
    "a token": Hostile(
        open_(impostors.oauth), Says(Layer.LOGIN, "login_method_unknown", "scram-sha-256")
    ),
    "asks for the password itself, unverified": Hostile(
        postgres_over_tls(impostors.clear_text), WITHHELD, REQUIRE
    ),
    "asks for the password itself, verified without an authority": Hostile(
        postgres_over_tls(impostors.clear_text),
        Says(Layer.TLS, "tls_untrusted", hint="CA certificate"),
        TlsMode.VERIFY_CA,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_hostile_server(laboratory: Laboratory, case: Hostile) -> None:
    laboratory.withstands(PostgresConnection, case)


def test_a_password_that_is_sent_is_heard(laboratory: Laboratory) -> None:
    """Who chooses no encryption may be asked for it; it is neither shown nor logged even so."""
    asks = Hostile(impostors.clear_text, Says(Layer.LOGIN, "connection_lost"))
    with pytest.raises(AssertionError, match="was sent as"):
        laboratory.withstands(PostgresConnection, asks)
