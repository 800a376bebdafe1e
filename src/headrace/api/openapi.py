"""The OpenAPI 3.1 document, made from the operations and their values' JSON schemas."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from itertools import groupby
from typing import Any, Literal

from pydantic.json_schema import models_json_schema

from headrace.api.answers import NDJSON, PROBLEM, StreamEnd
from headrace.api.operations import Operation, Place, header_name
from headrace.api.sign_in import REFUSALS
from headrace.errors import (
    BODY_TOO_LARGE,
    ENDPOINT_NOT_FOUND,
    HOST_NOT_SERVED,
    INTERNAL_ERROR,
    INVALID_INPUT,
    MALFORMED_JSON,
    NOT_ALLOWED,
    NOT_SIGNED_IN,
    SETTINGS_INVALID,
    SIGN_IN_EXPIRED,
    SIGN_IN_NOT_CONFIGURED,
    SIGN_IN_UNAVAILABLE,
    UNSUPPORTED_MEDIA_TYPE,
    Kind,
)
from headrace.problems import Problem
from headrace.values import Value

Json = dict[str, Any]
Mode = Literal["validation", "serialization"]

# What the HTTP layer itself may answer to any operation.
_EVERYWHERE = (
    INVALID_INPUT,
    MALFORMED_JSON,
    NOT_SIGNED_IN,
    SIGN_IN_EXPIRED,
    SIGN_IN_UNAVAILABLE,
    SIGN_IN_NOT_CONFIGURED,
    NOT_ALLOWED,
    HOST_NOT_SERVED,
    ENDPOINT_NOT_FOUND,
    BODY_TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
    INTERNAL_ERROR,
    SETTINGS_INVALID,
)


def document(functions: Mapping[str, Iterable[Operation]]) -> Json:
    """The OpenAPI document of the functions, each mounted under its name."""
    operations = [(name, op) for name, table in functions.items() for op in table]
    schemas = _Schemas(op for _, op in operations)
    paths: Json = {}
    for name, op in operations:
        path = f"/{name}{op.path}".rstrip("/")
        paths.setdefault(path, {})[op.method.lower()] = _operation(name, op, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Headrace",
            "version": "0",  # of the API, not of the package: it may still change
            "summary": "Brings databases into a warehouse.",
            "description": "Every refusal is a problem (RFC 9457); docs/errors.md lists the codes.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": [{"name": name} for name in functions],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The printed token, or an ID token of Google's.",
                }
            },
            "schemas": schemas.reached_from(paths),
        },
    }


class _Schemas:
    """The JSON schemas of all values of some operations."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        models: dict[tuple[type[Value], Mode], None] = {
            (Problem, "serialization"): None,
            (StreamEnd, "serialization"): None,
        }
        for op in operations:
            models[op.request, "validation"] = None
            if op.response:
                models[op.response, "serialization"] = None
            if op.stream:
                models[op.stream.item, "serialization"] = None
        self._refs, definitions = models_json_schema(
            list(models), ref_template="#/components/schemas/{model}"
        )
        self._schemas: dict[str, Json] = definitions["$defs"]

    def ref(self, model: type[Value], mode: Mode = "serialization") -> Json:
        return self._refs[model, mode]

    def of_request(self, model: type[Value]) -> Json:
        return self._schemas[_name(self.ref(model, "validation")["$ref"])]

    def reached_from(self, paths: Json) -> Json:
        """The named schemas that the paths use, directly or through another."""
        reached: dict[str, Json] = {}
        waiting = _references(paths)
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached[name] = self._schemas[name]
                waiting |= _references(self._schemas[name])
        return dict(sorted(reached.items()))


def _operation(function: str, op: Operation, schemas: _Schemas) -> Json:
    described: Json = {
        "operationId": op.handler.__name__,
        "tags": [function],
        "summary": op.summary,
        "description": f"For the role '{op.does.role}'.",
        "parameters": _parameters(op, schemas),
        "responses": {**_successes(op, schemas), **_problems(op, schemas)},
    }
    if op.fields(Place.BODY):
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _body(op, schemas)}},
        }
    return described


def _parameters(op: Operation, schemas: _Schemas) -> list[Json]:
    whole = schemas.of_request(op.request)
    parameters = []
    for place in (Place.PATH, Place.QUERY, Place.HEADER):
        for field in op.fields(place):
            schema = _without_null(whole["properties"][field])
            parameter = {
                "name": header_name(field) if place is Place.HEADER else field,
                "in": str(place),
                "required": field in whole.get("required", ()),
                "schema": schema,
            }
            if description := schema.pop("description", None):
                parameter["description"] = description
            parameters.append(parameter)
    return parameters


def _without_null(schema: Json) -> Json:
    """The schema of a parameter, which is left out instead of being null."""
    if "anyOf" not in schema:
        return dict(schema)
    (alternative,) = [part for part in schema["anyOf"] if part != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
    return {**rest, **alternative}


def _body(op: Operation, schemas: _Schemas) -> Json:
    fields = op.fields(Place.BODY)
    if fields == tuple(op.request.model_fields):
        return schemas.ref(op.request, "validation")
    whole = schemas.of_request(op.request)
    return {
        **whole,
        "properties": {field: whole["properties"][field] for field in fields},
        "required": [field for field in whole["required"] if field in fields],
    }


def _successes(op: Operation, schemas: _Schemas) -> Json:
    if op.response is None:
        return {"204": {"description": "Done."}}
    content: Json = {"application/json": {"schema": schemas.ref(op.response)}}
    if op.stream:
        content[NDJSON] = {"schema": _lines(op, schemas)}
    return {
        str(status): {"description": f"{HTTPStatus(status).phrase}.", "content": content}
        for status in op.statuses
    }


def _lines(op: Operation, schemas: _Schemas) -> Json:
    if op.stream is None:
        raise ValueError("the operation does not stream")
    lines: dict[str, type[Value]] = {
        op.stream.tag: op.stream.item,
        "end": StreamEnd,
        "problem": Problem,
    }
    return {
        "type": "string",
        "description": "One JSON object a line. The last line is 'end' or 'problem'; if neither "
        "came, the answer was cut off.",
        "contentMediaType": "application/json",
        "contentSchema": {
            "oneOf": [
                {
                    "type": "object",
                    "properties": {tag: schemas.ref(model)},
                    "required": [tag],
                    "additionalProperties": False,
                }
                for tag, model in lines.items()
            ]
        },
    }


def _problems(op: Operation, schemas: _Schemas) -> Json:
    own = (REFUSALS[op.does.role], *op.errors)
    kinds = sorted(dict.fromkeys((*_EVERYWHERE, *own)), key=lambda kind: kind.status)
    return {
        str(status): _problem(list(same), schemas)
        for status, same in groupby(kinds, key=lambda kind: kind.status)
    }


def _problem(kinds: list[Kind], schemas: _Schemas) -> Json:
    codes = {"properties": {"code": {"enum": [kind.code for kind in kinds]}}}
    return {
        "description": "\n".join(f"- `{kind.code}`: {kind.title}." for kind in kinds),
        "content": {PROBLEM: {"schema": {"allOf": [schemas.ref(Problem), codes]}}},
    }


def _references(tree: Any) -> set[str]:
    return set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(tree)))


def _name(reference: str) -> str:
    return reference.rpartition("/")[2]
