"""Servers that want to harm whoever tests them: the test names the layer, ends, and stays small."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import quote

import pytest

from headrace.connections import Credentials
from headrace.diagnosis.diagnose import diagnose
from headrace.model import CheckStatus, Layer
from headrace.urls import from_url
from tests.conftest import LOCAL
from tests.diagnosis import impostors

MOST_KILOBYTES = 150_000
PASSWORD = "gehe&im 4711/ö"
SPELLINGS = {PASSWORD, quote(PASSWORD, safe=""), base64.b64encode(PASSWORD.encode()).decode()}

POSTGRES = "postgresql://u@127.0.0.1:PORT/d?sslmode=disable"
POSTGRES_TLS = "postgresql://u@127.0.0.1:PORT/d?sslmode=require"
MYSQL = "mysql://u@127.0.0.1:PORT/d?sslmode=disable"
MYSQL_TLS = "mysql://u@127.0.0.1:PORT/d?sslmode=require"

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="only Linux tells a program's own peak"
)


@pytest.mark.parametrize(
    ("conversation", "url", "layer", "code"),
    [
        (impostors.gigabyte, POSTGRES, "login", "answer_too_long"),
        (impostors.negative, POSTGRES, "login", "answer_too_long"),
        (impostors.notices, POSTGRES, "login", "answer_too_long"),
        (impostors.parameters, POSTGRES, "login", "answer_too_long"),
        (impostors.tls_records, POSTGRES_TLS, "tls", "tls_failed"),
        (impostors.scram_iterations, POSTGRES, "login", "protocol_unexpected"),
        (impostors.scram_for_ever, POSTGRES, "login", "protocol_unexpected"),
        (impostors.mysql_flood, MYSQL, "login", "answer_too_long"),
        (impostors.mysql_packet, MYSQL, "protocol", "protocol_unexpected"),
        (impostors.mysql_packets, MYSQL, "protocol", "protocol_unexpected"),
        (impostors.mysql_packets, MYSQL_TLS, "protocol", "protocol_unexpected"),
        (impostors.mysql_packets, POSTGRES, "protocol", "protocol_unexpected"),
    ],
)
def test_a_flood(
    conversation: impostors.Conversation, url: str, layer: str, code: str, tmp_path: Path
) -> None:
    with impostors.listening(conversation) as port:
        url = url.replace("PORT", str(port))
        done = subprocess.run(
            [sys.executable, "-m", "tests.diagnosis.measured", "test", url, "--json"],
            env={"PGPASSWORD": PASSWORD, "MYSQL_PWD": PASSWORD, "HEADRACE_DATA": str(tmp_path)},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    failed = [check for check in json.loads(done.stdout)["checks"] if check["status"] == "failed"]
    assert [(check["layer"], check["code"]) for check in failed] == [(layer, code)]
    assert failed[0]["hint"]
    assert int(done.stderr.splitlines()[-1]) < MOST_KILOBYTES
    assert not [secret for secret in SPELLINGS if secret in done.stdout + done.stderr]


@pytest.mark.parametrize(
    ("conversation", "url", "layer"),
    [
        (impostors.silent, POSTGRES, Layer.PROTOCOL),
        (impostors.silent, POSTGRES_TLS, Layer.PROTOCOL),
        (impostors.dribbling, POSTGRES, Layer.LOGIN),
        (impostors.tls_dribble, POSTGRES_TLS, Layer.TLS),
        (impostors.silent, MYSQL, Layer.PROTOCOL),
        (impostors.silent, MYSQL_TLS, Layer.PROTOCOL),
        (impostors.mysql_dribble, MYSQL, Layer.LOGIN),
        (impostors.mysql_dribble, MYSQL_TLS, Layer.TLS),
    ],
)
def test_who_says_little_or_nothing_is_left_at_the_deadline(
    conversation: impostors.Conversation, url: str, layer: Layer
) -> None:
    with impostors.listening(conversation) as port:
        connection, _ = from_url(url.replace("PORT", str(port)))
        credentials = Credentials.model_validate({"password": PASSWORD})
        checks = list(diagnose(connection, credentials, LOCAL, seconds=0.5))
    (failed,) = [check for check in checks if check.status is CheckStatus.FAILED]
    assert (failed.layer, failed.code) == (layer, "connection_timed_out")
    assert "0.5 seconds" in failed.found
    assert not [thread for thread in threading.enumerate() if thread.name == "relay"]
