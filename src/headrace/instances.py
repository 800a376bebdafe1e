"""A Cloud SQL instance as people name it: `project:region:name`, and nothing else."""

from __future__ import annotations

import re

from pydantic_core import PydanticCustomError

# A project may belong to a domain ("example.com:project"). The parts become parts of an address
# of Google's, so nothing else may stand in them.
_PART = r"[a-z](?:[a-z0-9-]*[a-z0-9])?"
_PROJECT = rf"(?:[a-z0-9.-]+\.[a-z]+:)?{_PART}"
_NAME = re.compile(rf"(?P<project>{_PROJECT}):(?P<region>{_PART}):(?P<name>{_PART})")

# As consoles and other programs write it around the name.
_AROUND = " \t\r\n\"'`<>(),;"


def instance_alone(text: str) -> str:
    """The text, if it is an instance's connection name.

    Raises PydanticCustomError, as pydantic's validators do. Its context holds `suggestion`, the
    name that stands in the text, if one can be told.
    """
    if _NAME.fullmatch(text):
        return text
    words = "is not written like project:region:name, as 'Connection name' in the console"
    meant = _NAME.search(text.strip(_AROUND).lower())
    suggestion = meant[0] if meant else None
    raise PydanticCustomError("instance", "{words}", {"words": words, "suggestion": suggestion})


def parts(instance: str) -> tuple[str, str, str]:
    """The project, the region and the name of an instance's connection name."""
    found = _NAME.fullmatch(instance)
    if found is None:
        raise ValueError("no connection name of an instance")
    return found["project"], found["region"], found["name"]
