"""What is made of a line of a log, whoever wrote it."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import pytest

from headrace.logs import JsonFormatter, log_context
from headrace.run_log import LogLine, Severity


def read(text: str) -> dict[str, Any]:
    """The line, without what is not in it; it can be sent."""
    line = LogLine.of(text.encode())
    assert LogLine.model_validate_json(line.model_dump_json()) == line
    return line.model_dump(exclude_defaults=True)


def test_a_line_of_our_own() -> None:
    try:
        raise ValueError("boom")
    except ValueError:
        record = logging.LogRecord("test", logging.ERROR, "", 0, "failed", None, sys.exc_info())
    with log_context(run_id="r", table="public.orders", chunk="7"):
        line = LogLine.of(JsonFormatter().format(record).encode() + b"\n")

    assert (line.severity, line.message) == (Severity.ERROR, "failed")
    assert (line.table, line.chunk) == ("public.orders", "7")
    assert line.time is not None
    assert line.time.timestamp() == pytest.approx(record.created, abs=0.001)
    assert line.exception is not None
    assert line.exception.endswith("builtins.ValueError: boom")
    assert line.fields == {"logger": "test", "run_id": "r"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "{",
        "[]",
        "null",
        "1",
        '"message"',
        '{"severity": "ERROR"}',
        "[" * 9999,
        "1" * 9999,
    ],
)
def test_what_is_no_message_is_plain_text(text: str) -> None:
    assert read(text) == {"message": text}


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"message": None}, {"message": "null"}),
        ({"message": {"a": 1}}, {"message": '{"a": 1}'}),
        ({"message": "\ud800"}, {"message": "?"}),
        ({"message": "m", "chunk": 7}, {"message": "m", "chunk": "7"}),
        ({"message": "m", "severity": "warning"}, {"message": "m", "severity": "WARNING"}),
        ({"message": "m", "severity": 400}, {"message": "m", "fields": {"severity": "400"}}),
        ({"message": "m", "severity": "LOUD"}, {"message": "m", "fields": {"severity": "LOUD"}}),
        ({"message": "m", "time": "noon"}, {"message": "m", "fields": {"time": "noon"}}),
        (
            {"message": "m", "time": "2026-05-05T09:00:00"},
            {"message": "m", "fields": {"time": "2026-05-05T09:00:00"}},
        ),
        ({"message": "m", "n": float("nan")}, {"message": "m", "fields": {"n": "NaN"}}),
        ({"message": "m", "\udc00": [1]}, {"message": "m", "fields": {"?": "[1]"}}),
    ],
)
def test_nothing_of_a_line_is_lost(fields: dict[str, Any], line: dict[str, Any]) -> None:
    assert read(json.dumps(fields)) == line


def test_severities_are_in_order() -> None:
    assert Severity.ERROR.at_least(Severity.WARNING)
    assert Severity.ERROR.at_least(Severity.ERROR)
    assert not Severity.NOTICE.at_least(Severity.WARNING)
