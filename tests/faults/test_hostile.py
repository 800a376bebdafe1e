"""What answers in place of any database, and may want to do harm."""

from __future__ import annotations

import pytest

from headrace.checks import Layer
from headrace.connections import MysqlConnection, PostgresConnection, TlsMode
from tests.diagnosis import impostors
from tests.diagnosis.impostors import saying
from tests.faults import hostile
from tests.faults.case import Hostile, Says
from tests.faults.hostile import SOMETHING_ELSE, open_, silent_at
from tests.faults.laboratory import Kind, Laboratory

CASES = {
    "accepts and says nothing": Hostile(
        open_(impostors.silent), silent_at(Layer.PROTOCOL), seconds=0.5
    ),
    "accepts and says nothing, TLS wanted": Hostile(
        open_(impostors.silent), silent_at(Layer.PROTOCOL), TlsMode.REQUIRE, 0.5
    ),
    "a byte at a time from the first": Hostile(
        open_(hostile.a_byte_at_a_time), SOMETHING_ELSE, seconds=1
    ),
    "packets without an end": Hostile(open_(impostors.mysql_packets), SOMETHING_ELSE),
    "a line without an end": Hostile(open_(hostile.endless_line), SOMETHING_ELSE),
    "garbage without an end": Hostile(open_(hostile.garbage), SOMETHING_ELSE),
    "HTTP": Hostile(
        open_(impostors.http),
        Says(Layer.PROTOCOL, "protocol_unexpected", hint="web server"),
        seconds=4,
    ),
    "HTTP, TLS wanted": Hostile(open_(impostors.http), SOMETHING_ELSE, TlsMode.VERIFY_FULL, 4),
    "SSH": Hostile(
        open_(saying(b"SSH-2.0-forged_\x1b[31m\r\n")),
        Says(Layer.PROTOCOL, "protocol_unexpected", hint="logging in to the machine"),
    ),
    "mail": Hostile(open_(saying(b"220 forged ESMTP <script>\r\n")), SOMETHING_ELSE),
    "TLS from the first byte": Hostile(
        open_(hostile.tls_first), Says(Layer.PROTOCOL, "protocol_unexpected", hint="TLS"), seconds=4
    ),
    "an echo": Hostile(open_(impostors.echo), SOMETHING_ELSE, seconds=4),
    "an echo, TLS wanted": Hostile(open_(impostors.echo), SOMETHING_ELSE, TlsMode.REQUIRE, 4),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("kind", [PostgresConnection, MysqlConnection])
def test_a_hostile_server(laboratory: Laboratory, kind: Kind, case: Hostile) -> None:
    laboratory.withstands(kind, case)
