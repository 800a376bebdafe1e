"""Terraform's plugin protocol, version 5: the messages of it that are used here.

Each field is written as `number [repeated] type name`, as in tfplugin5.proto. A map is a list of
entries, which is the same on the wire.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

# Of the environment in which Terraform runs, which is not that of the code.
descriptor_pb2: Any = importlib.import_module("google.protobuf.descriptor_pb2")
descriptor_pool: Any = importlib.import_module("google.protobuf.descriptor_pool")
message_factory: Any = importlib.import_module("google.protobuf.message_factory")

PACKAGE = "tfplugin5"
MESSAGES: Mapping[str, tuple[str, ...]] = {
    "Empty": (),
    "Value": ("1 bytes msgpack", "2 bytes json"),
    "Diagnostic": ("1 int32 severity", "2 string summary", "3 string detail"),
    "Attribute": (
        "1 string name", "2 bytes type", "4 bool required", "5 bool optional", "6 bool computed",
        "7 bool sensitive", "10 bool write_only",
    ),
    "Nested": (
        "1 string type_name", "2 Block block", "3 int32 nesting", "4 int64 min_items",
        "5 int64 max_items",
    ),
    "Block": (
        "1 int64 version", "2 repeated Attribute attributes", "3 repeated Nested block_types",
    ),
    "Schema": ("1 int64 version", "2 Block block"),
    "Entry": ("1 string key", "2 Schema value"),
    "Schemas": (
        "1 Schema provider", "2 repeated Entry resource_schemas",
        "3 repeated Entry data_source_schemas",
    ),
    "ProviderConfig": ("1 Value config",),
    "TypedConfig": ("1 string type_name", "2 Value config"),
    "RawState": ("1 bytes json",),
    "UpgradeRequest": ("1 string type_name", "3 RawState raw_state"),
    "ReadRequest": ("1 string type_name", "2 Value current_state"),
    "PlanRequest": (
        "1 string type_name", "2 Value prior_state", "3 Value proposed_new_state", "4 Value config",
    ),
    "PlanAnswer": ("1 Value planned_state", "4 repeated Diagnostic diagnostics", "5 bool legacy"),
    "ApplyRequest": ("1 string type_name", "2 Value prior_state", "3 Value planned_state"),
    "ApplyAnswer": ("1 Value new_state", "4 bool legacy"),
    "State": ("1 Value state",),
    "Diagnostics": ("1 repeated Diagnostic diagnostics",),
}  # fmt: skip


def messages() -> Mapping[str, Any]:
    """The classes of the messages, by their names."""
    file = descriptor_pb2.FileDescriptorProto(
        name="tfplugin5.proto", package=PACKAGE, syntax="proto3"
    )
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field in fields:
            number, *repeated, kind, field_name = field.split()
            added = message.field.add(name=field_name, number=int(number))
            added.label = added.LABEL_REPEATED if repeated else added.LABEL_OPTIONAL
            if kind in MESSAGES:
                added.type, added.type_name = added.TYPE_MESSAGE, f".{PACKAGE}.{kind}"
            else:
                added.type = getattr(added, f"TYPE_{kind.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}"))
        for name in MESSAGES
    }
