"""What reaches a log of an error that nobody foresaw."""

from __future__ import annotations

import json
import logging
import sys

import pytest
from pg8000.exceptions import DatabaseError
from pymysql.err import OperationalError

from headrace.logs import JsonFormatter


def logged(error: BaseException) -> str:
    try:
        raise error
    except BaseException:  # noqa: BLE001
        record = logging.LogRecord("test", logging.ERROR, "", 0, "failed", None, sys.exc_info())
    return JsonFormatter().format(record)


@pytest.mark.parametrize(
    "driver",
    [
        DatabaseError({"S": "FATAL", "C": "28000", "M": "forged text"}),
        OperationalError(1045, "forged text"),
    ],
)
def test_what_a_server_said_is_left_out(driver: Exception) -> None:
    ours = RuntimeError("a mistake of ours")
    for cause, context in ((driver, None), (None, driver)):
        ours.__cause__, ours.__context__ = cause, context
        ours.__suppress_context__ = False
        told = json.loads(logged(ours))["exception"]
        assert "forged" not in told
        assert type(driver).__name__ in told
        assert told.endswith("builtins.RuntimeError: a mistake of ours")
        assert "test_logs.py" in told


def test_nothing_steers_a_terminal() -> None:
    line = logged(ValueError("\x1b[2J \x9b31m \u202e line\nbreak"))
    assert line.isascii()
    assert line.isprintable()
    assert "line\nbreak" in json.loads(line)["exception"]


def test_what_hides_its_context_hides_it_here_too() -> None:
    hiding = RuntimeError("ours")
    hiding.__context__ = ValueError("hidden")
    hiding.__suppress_context__ = True
    assert "hidden" not in logged(hiding)
