"""Turns a function's operations into one HTTP endpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from typing import cast

from flask import Request, Response

from headrace.api import answers, audit, cors
from headrace.api.operations import Operation, Result
from headrace.api.requests import drain, read
from headrace.api.sign_in import authenticate, permit
from headrace.errors import ENDPOINT_NOT_FOUND, METHOD_NOT_ALLOWED, HeadraceError
from headrace.ids import new_id
from headrace.logs import log_context
from headrace.services import Services
from headrace.settings import Settings
from headrace.sign_ins import Caller
from headrace.values import Value

Endpoint = Callable[[Request], Response]


def endpoint(operations: Sequence[Operation], services: Services | None = None) -> Endpoint:
    """The function that functions-framework calls for each request.

    Paths are relative to where the function is mounted. Without `services` they are made from
    the environment when the first request comes; settings that are wrong are then its answer.
    """
    opened = services
    lock = Lock()

    def answer(request: Request) -> Response:
        nonlocal opened
        request_id = new_id()
        with log_context(request_id=request_id):
            try:
                with lock:
                    opened = opened or Services(Settings.read())
            except HeadraceError as error:
                response = answers.of_error(error, request_id)
            else:
                response = _answer(request, operations, opened, request_id)
            if response.status_code >= 400:
                drain(request)
        response.headers["X-Request-Id"] = request_id
        return response

    return answer


def _answer(
    request: Request, operations: Sequence[Operation], services: Services, request_id: str
) -> Response:
    here = [(op, path) for op in operations if (path := op.match(request.path)) is not None]
    allowed = _allowed([op for op, _ in here])
    caller = None
    try:
        if request.method == "OPTIONS" and here:
            response = answers.of_nothing()
        else:
            caller = authenticate(request, services.sign_in)
            operation, path = _meant(request, here)
            permit(caller, operation)
            value = read(request, operation, path)
            result = _perform(services, caller, operation, value)
            response = _shown(request, (operation, value), result, request_id)
    except Exception as error:  # noqa: BLE001  the border: every error becomes an answer
        response = answers.of_error(error, request_id)
    if caller:
        response.headers["Headrace-Roles"] = ", ".join(sorted(caller.roles))
    if request.method == "OPTIONS" or response.status_code == METHOD_NOT_ALLOWED.status:
        response.headers["Allow"] = ", ".join(allowed)
    cors.allow(request, response, services.settings)
    if request.method == "OPTIONS":
        cors.allow_preflight(response, operations)
    return response


def _meant(
    request: Request, here: Sequence[tuple[Operation, dict[str, str]]]
) -> tuple[Operation, dict[str, str]]:
    """The operation that the request asks for, and what its path says."""
    if not here:
        raise HeadraceError(ENDPOINT_NOT_FOUND, "The function has no such path.")
    method = "GET" if request.method == "HEAD" else request.method
    chosen = next(((op, path) for op, path in here if op.method == method), None)
    if chosen is None:
        raise HeadraceError(METHOD_NOT_ALLOWED, "The path does not take the request's method.")
    return chosen


def _perform(services: Services, caller: Caller, operation: Operation, value: Value) -> Result:
    with audit.recording(caller, operation, value) as deed:
        if operation.charge:
            operation.charge(services, caller.name)
        deed.result = result = operation.handler(services, value)
    return result


def _shown(
    request: Request, asked: tuple[Operation, Value], result: Result, request_id: str
) -> Response:
    operation, value = asked
    if operation.stream:
        items = cast(Iterator[Value], result)
        if _prefers_lines(request):
            return answers.of_stream(items, operation.stream, request_id)
        result = operation.stream.collect(items)
    if operation.response is None:
        return answers.of_nothing()
    return answers.of_value(cast(Value, result), operation.status_of(value))


def _allowed(operations: Sequence[Operation]) -> list[str]:
    methods = {operation.method for operation in operations}
    return sorted(methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set()))


def _prefers_lines(request: Request) -> bool:
    best = request.accept_mimetypes.best_match(["application/json", answers.NDJSON])
    return best == answers.NDJSON
