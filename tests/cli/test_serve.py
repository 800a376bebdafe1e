"""`headrace serve`."""

from __future__ import annotations

import json
import signal
import subprocess

import httpx

from tests.cli.conftest import HEADRACE, Headrace


def test_it_serves_whoever_holds_the_token(environment: dict[str, str]) -> None:
    process = subprocess.Popen(
        [HEADRACE, "serve", "--port", "0", "--json"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    started = json.loads(process.stdout.readline())
    url = f"{started['url']}/sources/?model_id=m1"
    with httpx.Client(trust_env=False) as client:
        assert client.get(url).status_code == 401
        answer = client.get(url, headers={"Authorization": f"Bearer {started['token']}"})
        assert answer.json() == {"sources": [], "next_after": None}
    process.send_signal(signal.SIGINT)
    _, log = process.communicate(timeout=30)
    assert process.returncode == 0
    assert started["token"] not in log


def test_port_that_is_none(headrace: Headrace) -> None:
    assert headrace("serve", "--port", "99999").returncode == 2
