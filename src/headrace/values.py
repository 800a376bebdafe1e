"""The base of all values that cross a border: frozen, strict about unknown fields."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

# No control characters: a NUL would end a field early in PostgreSQL's start-up packet, and a
# line break would forge lines in logs.
Text = Annotated[
    str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")
]

# A PostgreSQL name may hold anything but NUL, at most 63 bytes; MySQL allows 64 characters.
Name = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00]+$")]

# Ids become parts of a secret's name, which may hold letters, digits, hyphens and underscores
# and at most 255 characters (Secret Manager, "Create a secret").
ModelId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
# No hyphen here, so that model-M-source-S-credentials can be read back in one way only.
SourceId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,40}$")]
RunId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,40}$")]

# What every warehouse takes as a name without quotes.
DestinationName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")]


class Value(BaseModel):
    """A frozen value. Unknown fields are refused, so that a misspelt one is never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
