"""What is wrong with an input, in words for the person who sent it.

pydantic's own words speak of Python and of regular expressions, and some repeat the input, which
may be a password.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeVar

from pydantic import ValidationError

from headrace.connections import CONNECTION_TYPES
from headrace.errors import INVALID_INPUT, Field, HeadraceError
from headrace.schedules import SCHEDULE_TYPES
from headrace.values import PATTERNS, Value

Request = TypeVar("Request", bound=Value)

UNKNOWN_FIELD = "is not a known field"
# Where the input may be of several types, and their names.
_UNIONS = {"connection": CONNECTION_TYPES, "schedule": SCHEDULE_TYPES}

_WORDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": lambda _: "is required",
    "extra_forbidden": lambda _: UNKNOWN_FIELD,
    "union_tag_invalid": lambda _: "is not a known type",
    "union_tag_not_found": lambda _: "is required",
    "string_type": lambda _: "must be text",
    "string_too_short": lambda _: "must not be empty",
    "string_too_long": lambda about: f"has more than {about['max_length']} characters",
    "string_pattern_mismatch": lambda about: PATTERNS.get(about["pattern"], "is not well formed"),
    "int_type": lambda _: "must be a whole number",
    "int_parsing": lambda _: "must be a whole number",
    "int_from_float": lambda _: "must be a whole number",
    "greater_than_equal": lambda about: f"must be at least {about['ge']}",
    "less_than_equal": lambda about: f"must be at most {about['le']}",
    "enum": lambda about: f"must be {about['expected']}",
    "literal_error": lambda about: f"must be {about['expected']}",
    "too_short": lambda about: f"needs at least {about['min_length']}",
    "too_long": lambda about: f"takes at most {about['max_length']}",
    "tuple_type": lambda _: "must be a list",
    "list_type": lambda _: "must be a list",
    "dict_type": lambda _: "must be an object",
    "model_type": lambda _: "must be an object",
    "model_attributes_type": lambda _: "must be an object",
}


def wrong_fields(error: ValidationError) -> list[Field]:
    """Every wrong field, once, with its path as the sender wrote it."""
    fields = {}
    for wrong in error.errors(include_url=False, include_input=False):
        words = _WORDS.get(wrong["type"])
        context = wrong.get("ctx", {})
        message = words(context) if words else wrong["msg"]
        path = _path(wrong["type"], wrong["loc"])
        fields[path] = Field(path, message.removeprefix("Value error, "), context.get("suggestion"))
    return list(fields.values())


def requested(kind: type[Request], **values: object) -> Request:
    """A request value made by our own code from what a person typed. Raises INVALID_INPUT."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise HeadraceError(
            INVALID_INPUT, "What was given is not valid.", fields=wrong_fields(error)
        ) from None


def _path(error: str, location: Sequence[int | str]) -> str:
    """Where the wrong field is in the input; pydantic puts a union's chosen type between."""
    parts = [
        str(part)
        for before, part in pairwise((None, *location))
        if part not in _UNIONS.get(str(before), ())
    ]
    return ".".join([*parts, "type"] if error.startswith("union_tag") else parts)
