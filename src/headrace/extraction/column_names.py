"""What columns are called in the destination: as in the source, as far as they stay apart."""

from __future__ import annotations

import hashlib

import pyarrow as pa

from headrace.destinations.staged import SOURCE_NAME


def told_apart(schema: pa.Schema) -> pa.Schema:
    """The schema in which no two names differ in case alone, which warehouses ignore.

    The first of such names stays; to each other one a hash of it is added, so that it is the same
    in every run. The name in the source is kept as the field's metadata.
    """
    taken: set[str] = set()
    fields = []
    for field in schema:
        name = field.name
        while name.casefold() in taken:
            digest = hashlib.sha256(name.encode()).hexdigest()[:8]
            name = f"{field.name}_{digest}"
        taken.add(name.casefold())
        metadata = {**(field.metadata or {}), SOURCE_NAME: field.name.encode()}
        fields.append(field.with_name(name).with_metadata(metadata))
    return pa.schema(fields, schema.metadata)
