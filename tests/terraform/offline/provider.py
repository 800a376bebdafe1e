"""A provider that knows google's schema and nothing else: Terraform itself runs, without a cloud.

It refuses what the schema does not have, and makes up what only Google would know. Not told by a
schema are arguments that exclude each other, patterns, and whatever the APIs refuse.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from tests.terraform.offline import made_up
from tests.terraform.offline.protocol import PACKAGE, messages
from tests.terraform.offline.schema import Block

# Of the environment in which Terraform runs, which is not that of the code.
grpc: Any = importlib.import_module("grpc")
msgpack: Any = importlib.import_module("msgpack")

ADDRESS = "registry.terraform.io/hashicorp/google"
_NESTINGS = {"single": 1, "list": 2, "set": 3}
_SECRET = ("secret_data", "oauth2_client_secret")


class Provider:
    """Answers the calls of Terraform's plugin protocol."""

    def __init__(self, schema: Block) -> None:
        self._schema = schema
        self._messages = messages()

    def handlers(self) -> Iterator[tuple[str, str, Callable[[Any], Any]]]:
        """The name of each call, that of its request, and what answers it."""
        yield "GetSchema", "Empty", self._schemas
        yield "PrepareProviderConfig", "ProviderConfig", lambda request: request
        yield "ValidateResourceTypeConfig", "TypedConfig", self._validate
        yield "ValidateDataSourceConfig", "TypedConfig", self._nothing
        yield "Configure", "Empty", self._nothing
        yield "Stop", "Empty", self._nothing
        yield "UpgradeResourceState", "UpgradeRequest", self._upgrade
        yield "ReadResource", "ReadRequest", self._read
        yield "PlanResourceChange", "PlanRequest", self._plan
        yield "ApplyResourceChange", "ApplyRequest", self._apply
        yield "ReadDataSource", "TypedConfig", self._read_data

    def handler(self) -> Any:
        return grpc.method_handlers_generic_handler(
            f"{PACKAGE}.Provider",
            {
                name: grpc.unary_unary_rpc_method_handler(
                    lambda request, _, answer=answer: answer(request),
                    request_deserializer=self._messages[request].FromString,
                    response_serializer=lambda message: message.SerializeToString(),
                )
                for name, request, answer in self.handlers()
            },
        )

    def _schemas(self, _: Any) -> Any:
        answer = self._messages["Schemas"]()
        answer.provider.block.CopyFrom(self._block(self._schema["provider"]["google"]))
        for kind, entries in (
            ("resource", answer.resource_schemas),
            ("data", answer.data_source_schemas),
        ):
            for name, block in self._schema[kind].items():
                entry = entries.add(key=name)
                entry.value.block.CopyFrom(self._block(block))
        return answer

    def _block(self, block: Block) -> Any:
        message = self._messages["Block"]()
        for name, attribute in block["attributes"].items():
            write_only = name.endswith("_wo")
            message.attributes.add(
                name=name,
                type=json.dumps(attribute["type"]).encode(),
                required=attribute.get("required", False),
                optional=attribute.get("optional", False),
                computed=attribute.get("computed", False),
                write_only=write_only,
                sensitive=write_only or name in _SECRET,
            )
        for name, nested in block["block_types"].items():
            message.block_types.add(
                type_name=name,
                block=self._block(nested["block"]),
                nesting=_NESTINGS[nested["nesting_mode"]],
                min_items=nested.get("min_items", 0),
                max_items=nested.get("max_items", 0),
            )
        return message

    def _validate(self, request: Any) -> Any:
        answer = self._messages["Diagnostics"]()
        block = self._schema["resource"][request.type_name]
        for path, value, allowed in _refused(_unpacked(request.config), block, request.type_name):
            answer.diagnostics.add(
                severity=1,
                summary=f"{path}: value not allowed",
                detail=f"{value!r} is not one of {', '.join(allowed)}",
            )
        return answer

    def _plan(self, request: Any) -> Any:
        block = self._schema["resource"][request.type_name]
        planned = made_up.with_unknowns(_unpacked(request.proposed_new_state), block)
        if planned is not None:
            made_up.make(planned, request.type_name, made_up.PLANNED)
        return self._messages["PlanAnswer"](planned_state=self._packed(planned), legacy=True)

    def _apply(self, request: Any) -> Any:
        state = _unpacked(request.planned_state)
        if state is not None:
            made_up.make(state, request.type_name, made_up.MADE)
            state = made_up.known(
                state, self._schema["resource"][request.type_name], request.type_name
            )
        return self._messages["ApplyAnswer"](new_state=self._packed(state), legacy=True)

    def _read(self, request: Any) -> Any:
        return self._messages["State"](state=request.current_state)

    def _upgrade(self, request: Any) -> Any:
        return self._messages["State"](state=self._messages["Value"](json=request.raw_state.json))

    def _read_data(self, request: Any) -> Any:
        block = self._schema["data"][request.type_name]
        state = made_up.with_unknowns(_unpacked(request.config), block)
        made_up.make(state, request.type_name, made_up.MADE)
        state = made_up.known(state, block, request.type_name)
        return self._messages["State"](state=self._packed(state))

    def _nothing(self, _: Any) -> Any:
        return self._messages["Empty"]()

    def _packed(self, value: Any) -> Any:
        return self._messages["Value"](msgpack=msgpack.packb(value, default=_unknown))


@contextmanager
def attached(schema: Block) -> Iterator[Mapping[str, str]]:
    """The variables that let Terraform use the provider as it runs here."""
    server = grpc.server(ThreadPoolExecutor(4), options=[("grpc.max_send_message_length", -1)])
    server.add_generic_rpc_handlers((Provider(schema).handler(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    where = {
        "Protocol": "grpc",
        "ProtocolVersion": 5,
        "Pid": os.getpid(),
        "Test": True,
        "Addr": {"Network": "tcp", "String": f"127.0.0.1:{port}"},
    }
    try:
        yield {"TF_REATTACH_PROVIDERS": json.dumps({ADDRESS: where})}
    finally:
        server.stop(0)


def _unpacked(value: Any) -> Any:
    return msgpack.unpackb(value.msgpack, strict_map_key=False, ext_hook=lambda *_: made_up.UNKNOWN)


def _unknown(_: object) -> Any:
    """How Terraform writes a value that is not known yet."""
    return msgpack.ExtType(0, b"\0")


def _refused(value: Any, block: Block, path: str) -> Iterator[tuple[str, str, list[str]]]:
    """Where a value stands that the provider's documents do not list."""
    if not isinstance(value, dict):
        return
    for name, attribute in block["attributes"].items():
        given = value.get(name)
        if isinstance(given, str) and given not in attribute.get("enum", [given]):
            yield f"{path}.{name}", given, attribute["enum"]
    for name, nested in block["block_types"].items():
        inner = value.get(name)
        for one in inner if isinstance(inner, list) else [inner]:
            yield from _refused(one, nested["block"], f"{path}.{name}")
