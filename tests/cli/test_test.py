"""`headrace test URL`."""

from __future__ import annotations

import json

from devservers.ports import free_port
from headrace.checks import Layer
from tests.cli.conftest import Headrace
from tests.conftest import Database


def without_password(database: Database) -> str:
    return database.url.replace(f":{database.server.password}@", "@")


def test_all_layers_are_shown_and_pass(headrace: Headrace, database: Database) -> None:
    done = headrace("test", database.url)
    assert done.returncode == 0, done.stderr
    for layer in Layer:
        assert f" {layer} " in done.stdout


def test_wrong_password_fails_and_says_what_to_do(headrace: Headrace, database: Database) -> None:
    done = headrace("test", without_password(database), PGPASSWORD="not-the-password-7391")
    assert done.returncode == 1
    assert "✗ login" in done.stdout
    assert "→ Enter the password again" in done.stdout
    assert "not-the-password-7391" not in done.stdout + done.stderr


def test_json_has_every_check(headrace: Headrace, database: Database) -> None:
    done = headrace("test", database.url, "--json")
    answer = json.loads(done.stdout)
    assert answer["passed"] is True
    assert [check["layer"] for check in answer["checks"]] == list(Layer)


def test_closed_port(headrace: Headrace) -> None:
    done = headrace("test", f"postgresql://u:secret-4711@127.0.0.1:{free_port()}/d", "--json")
    assert done.returncode == 75  # it may be open later
    failed = [c for c in json.loads(done.stdout)["checks"] if c["status"] == "failed"]
    assert [check["code"] for check in failed] == ["connection_refused"]
    assert "secret-4711" not in done.stdout + done.stderr


def test_password_from_the_environment(headrace: Headrace, database: Database) -> None:
    done = headrace("test", without_password(database), PGPASSWORD=database.server.password)
    assert done.returncode == 0, done.stdout


def test_no_password_at_all(headrace: Headrace, database: Database) -> None:
    done = headrace("test", without_password(database))
    assert done.returncode == 1
    assert "password_required" in done.stderr
    assert "PGPASSWORD" in done.stderr


def test_url_that_is_none_is_not_repeated(headrace: Headrace) -> None:
    done = headrace("test", "postgresql://u:hidden-4711@h:99999/d", "--json")
    assert done.returncode == 1
    assert json.loads(done.stderr)["code"] == "url_invalid"
    assert "hidden-4711" not in done.stdout + done.stderr


def test_misunderstood_command(headrace: Headrace) -> None:
    assert headrace("tset").returncode == 2
    assert headrace("test").returncode == 2
