"""Which modules functions load until each has answered, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.functions.cloud import Request

ROOT = Path(__file__).parents[2]

# Google's libraries by a module that each loads. functions-framework has a part of google.cloud of
# its own.
LIBRARIES = {
    "auth": "google.auth",
    "bigquery": "google.cloud.bigquery",
    "bigquery-storage": "google.cloud.bigquery_storage_v1",
    "cloud-sql": "google.cloud.sql.connector",
    "firestore": "google.cloud.firestore_v1",
    "grpc": "grpc",
    "secret-manager": "google.cloud.secretmanager_v1",
    "storage": "google.cloud.storage",
}

_PROGRAM = """
import json, sys
from functions_framework import create_app
for given in json.load(sys.stdin):
    client = create_app(given["function"], given["source"]).test_client()
    for request in given["requests"]:
        answer = client.open(**request)
        shown = {"status": answer.status_code, "text": answer.get_data(as_text=True)}
        print(json.dumps({**shown, "modules": sorted(sys.modules)}))
"""
_STRANGER: Mapping[str, Any] = {"method": "POST", "path": "/", "data": "{}"}


@dataclass(frozen=True)
class Loaded:
    """An answer, and what the process had loaded by then."""

    status: int
    text: str
    modules: frozenset[str]

    @property
    def libraries(self) -> set[str]:
        return {library for library, module in LIBRARIES.items() if module in self.modules}


def load(
    variables: Mapping[str, str],
    requests: Mapping[str, Request],
    python: Path = Path(sys.executable),
) -> Sequence[Loaded]:
    """Have each function answer a stranger, and then its request."""
    asked = [
        {
            "function": function,
            "source": str(ROOT / "functions" / function / "main.py"),
            "requests": [_STRANGER, _sent(request)],
        }
        for function, request in requests.items()
    ]
    done = subprocess.run(
        [python, "-c", _PROGRAM], input=json.dumps(asked), env=dict(variables),
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return [Loaded(one["status"], one["text"], frozenset(one["modules"])) for one in told]


def _sent(request: Request) -> Mapping[str, Any]:
    path, _, query = request.path.partition("?")
    return {
        "method": request.method,
        "path": path,
        "query_string": query,
        "data": request.content,
        "headers": request.headers,
    }
