"""What things are called in the destination: names that every warehouse takes without quotes."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from headrace.connections import Connection
from headrace.destinations import Target
from headrace.model import Selection, Source

RESERVED_PREFIX = "_headrace"  # of our own tables, such as the checkpoints
_MAX_LENGTH = 128

# Schemas that databases keep for themselves, under which a warehouse lets nobody write.
_RESERVED_DATASETS = frozenset({"information_schema", "pg_catalog", "system", "temp"})


def dataset_name(source_name: str) -> str:
    """The dataset for a source of this name: `Sales (EU)` gives `sales_eu`."""
    name = _normalised(source_name)
    return f"{name}_" if name in _RESERVED_DATASETS else name


def table_name(connection: Connection, selection: Selection) -> str:
    """The table for a selected one: its name, after its schema's unless that is the default."""
    if selection.schema_name == connection.default_schema:
        return _normalised(selection.table_name)
    return _normalised(f"{selection.schema_name}_{selection.table_name}")


def target(source: Source, selection: Selection) -> Target:
    """Where the selected table goes."""
    table = selection.destination_table or table_name(source.connection, selection)
    return Target(source.dataset, table)


def _normalised(text: str) -> str:
    """Lower case, without accents, and `_` for all that is no letter, digit or underscore.

    Where letters are lost, such as those of a name in Cyrillic, a hash of the name is added, so
    that two names that differ in them do not become one.
    """
    decomposed = unicodedata.normalize("NFKD", text)
    name = "_".join(
        re.findall(r"[a-z0-9_]+", decomposed.encode("ascii", "ignore").decode().lower())
    )
    if any(c.isalnum() and not c.isascii() for c in decomposed) or not name.strip("_"):
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        name = f"{name.strip('_') or 'n'}_{digest}"
    if name.startswith(RESERVED_PREFIX):
        name = name.lstrip("_")
    if name[0].isdigit():
        name = f"_{name}"
    return name[:_MAX_LENGTH]
