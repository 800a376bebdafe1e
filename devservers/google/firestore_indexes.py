"""Which queries Firestore answers: it has an index for them, or it refuses.

By itself it keeps, for queries of one collection, an index of every field in both directions, and
of the names of documents upwards. A field of which the file says something has what it says and no
more ("Index types in Cloud Firestore", "Single-field index exemptions").
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import grpc

from devservers.google.firestore_queries import filtered_field, orders
from devservers.google.serving import StatusError

_BY_ITSELF = {("ASCENDING", "COLLECTION"), ("DESCENDING", "COLLECTION")}


class Indexes:
    """Those of a file `firestore.indexes.json`."""

    def __init__(self, file: Path) -> None:
        content = json.loads(file.read_text())
        if content["indexes"]:
            raise ValueError("indexes of several fields are not looked at")
        self._of_field = {
            (override["collectionGroup"], override["fieldPath"]): {
                (index["order"], index["queryScope"]) for index in override["indexes"]
            }
            for override in content["fieldOverrides"]
        }

    def check(self, query: Any) -> None:
        """Raises StatusError if the query has no index."""
        (collections,) = query.from_
        scope = "COLLECTION_GROUP" if collections.all_descendants else "COLLECTION"
        *sorted_by, (_, names_down) = orders(query)
        fields = {field for field, _ in sorted_by} | ({filtered_field(query)} - {None})
        if len(fields) > 1 or any(down != names_down for _, down in sorted_by):
            raise StatusError(grpc.StatusCode.FAILED_PRECONDITION, "it needs an index of more")
        if not fields:
            if names_down:
                raise StatusError(grpc.StatusCode.FAILED_PRECONDITION, "it needs an index of names")
            return
        (field,) = fields
        key = (collections.collection_id, field)
        wanted = ("DESCENDING" if names_down else "ASCENDING", scope)
        if wanted not in self._of_field.get(key, _BY_ITSELF):
            raise StatusError(
                grpc.StatusCode.FAILED_PRECONDITION,
                f"it needs an index of '{field}' in '{collections.collection_id}': {wanted}",
            )
