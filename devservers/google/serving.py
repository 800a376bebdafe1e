"""A gRPC server on a free port of 127.0.0.1, which keeps what it was asked and can be faulty."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NoReturn, Self

import grpc

from devservers.google.faults import FaultyServer

Work = Callable[[], Any]


class StatusError(Exception):
    """A method's refusal, with the status that the caller gets."""

    def __init__(self, status: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True)
class Method:
    """How a call becomes a message and back, and what it does; a stream is a list of answers."""

    work: Callable[[Any], Any]
    read: Callable[[bytes], Any]
    write: Callable[[Any], bytes]
    streams: bool = False


# A fault is given what the method would do, and the call.
Fault = Callable[[Work, grpc.ServicerContext], Any]


def refused(status: grpc.StatusCode) -> Fault:
    """Nothing is done."""

    def fault(work: Work, call: grpc.ServicerContext) -> NoReturn:  # noqa: ARG001
        raise StatusError(status, "a fault of the test's own: s3cret text of the server")

    return fault


def lost(status: grpc.StatusCode) -> Fault:
    """It is done, and the answer does not arrive."""

    def fault(work: Work, call: grpc.ServicerContext) -> NoReturn:  # noqa: ARG001
        work()
        raise StatusError(status, "a fault of the test's own")

    return fault


def silent(work: Work, call: grpc.ServicerContext) -> NoReturn:  # noqa: ARG001
    """Nothing is said until the caller hangs up."""
    hung_up = threading.Event()
    if call.add_callback(hung_up.set):
        hung_up.wait()
    raise StatusError(grpc.StatusCode.CANCELLED, "the caller hung up")


def spoilt(change: Callable[[Any], None]) -> Fault:
    """It is done, and the answer changed on the way."""

    def fault(work: Work, call: grpc.ServicerContext) -> Any:  # noqa: ARG001
        answer = work()
        change(answer)
        return answer

    return fault


class GrpcServer(FaultyServer[Fault, Any]):
    """A server of one service."""

    def __init__(self, service: str, methods: Mapping[str, Method]) -> None:
        super().__init__(methods)
        self._service = service
        self._methods = methods
        self._server: grpc.Server | None = None

    def start(self) -> Self:
        handlers = {name: self._handler(name, method) for name, method in self._methods.items()}
        self._server = grpc.server(
            ThreadPoolExecutor(16), options=[("grpc.max_receive_message_length", 10 << 20)]
        )
        self._server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler(self._service, handlers)]
        )
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()
        return self

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop(grace=None).wait()
            self._server = None

    def _handler(self, name: str, method: Method) -> grpc.RpcMethodHandler:
        def answer(request: Any, call: grpc.ServicerContext) -> Any:
            self.requests[name].append(request)
            try:
                if self._faults[name]:
                    return self._faults[name].popleft()(lambda: method.work(request), call)
                return method.work(request)
            except StatusError as refusal:
                call.abort(refusal.status, refusal.message)

        def answers(request: Any, call: grpc.ServicerContext) -> Iterator[Any]:
            yield from answer(request, call)

        if method.streams:
            return grpc.unary_stream_rpc_method_handler(answers, method.read, method.write)
        return grpc.unary_unary_rpc_method_handler(answer, method.read, method.write)
