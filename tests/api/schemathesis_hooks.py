"""Loaded by schemathesis before it calls the local server (see test_schemathesis.py)."""

from __future__ import annotations

import os
from typing import Any

import schemathesis
from pydantic import TypeAdapter, ValidationError

from headrace.connections import Host
from headrace.values import ModelId, RunId, SourceId

_HOST: TypeAdapter[str] = TypeAdapter(Host)
_IDS: dict[str, TypeAdapter[str]] = {
    "model_id": TypeAdapter(ModelId),
    "source_id": TypeAdapter(SourceId),
    "run_id": TypeAdapter(RunId),
}


@schemathesis.hook
def before_call(_context: schemathesis.HookContext, case: schemathesis.Case[Any], **_: Any) -> None:
    """Keep every dial on this machine.

    A host is free text: a random one would be asked of the name servers, and might exist.
    Hosts that are refused before anything is dialled stay as they are.
    """
    body = case.body
    connection = body.get("connection") if isinstance(body, dict) else None
    if isinstance(connection, dict) and _accepts(_HOST, connection.get("host")):
        connection["host"] = "127.0.0.1"
        if type(connection.get("port", 5432)) is int:
            # PostgreSQL and MySQL would wait for each other to speak; port 1 is refused at once.
            postgres = connection.get("type") == "postgres"
            connection["port"] = int(os.environ["TEST_DATABASE_PORT"]) if postgres else 1


@schemathesis.hook
def map_case(_context: schemathesis.HookContext, case: schemathesis.Case[Any]) -> Any:
    """Let half of the well-formed ids be those of the source and the run that exist."""
    for fields in (case.path_parameters, case.query, case.body):
        if isinstance(fields, dict) and len(str(fields)) % 2 and case.method != "DELETE":
            for name, kind in _IDS.items():
                if _accepts(kind, fields.get(name)):
                    fields[name] = os.environ[f"TEST_{name.upper()}"]
    return case


def _accepts(kind: TypeAdapter[str], value: Any) -> bool:
    try:
        kind.validate_python(value)
    except ValidationError:
        return False
    return True
