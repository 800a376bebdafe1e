"""The documents that are made from the code: `python -m headrace.generated DIRECTORY`."""

from __future__ import annotations

import json
from collections.abc import Callable

from headrace.api import openapi
from headrace.api.functions import FUNCTIONS
from headrace.generated.errors import errors_md
from headrace.generated.types import types_md


def openapi_json() -> str:
    return json.dumps(openapi.document(FUNCTIONS), indent=2, ensure_ascii=False) + "\n"


DOCUMENTS: dict[str, Callable[[], str]] = {
    "errors.md": errors_md,
    "openapi.json": openapi_json,
    "types.md": types_md,
}
