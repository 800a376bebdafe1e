"""The base of all values that cross a border: frozen, strict about unknown fields."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

# No control characters: a NUL would end a field early in PostgreSQL's start-up packet, and a
# line break would forge lines in logs.
NO_CONTROLS = r"^[^\x00-\x1f\x7f]+$"
NO_NUL = r"^[^\x00]+$"
# Ids become parts of a secret's name, which may hold letters, digits, hyphens and underscores
# and at most 255 characters (Secret Manager, "Create a secret").
MODEL_ID = r"^[A-Za-z0-9_-]{1,64}$"
# No hyphen here, so that model-M-source-S-credentials can be read back in one way only.
ID = r"^[a-z0-9]{1,40}$"
# What every warehouse takes as a name without quotes.
DESTINATION_NAME = r"^[A-Za-z_][A-Za-z0-9_]{0,127}$"

# What the patterns below say, for whoever broke one.
PATTERNS = {
    NO_CONTROLS: "holds a character that can't be printed",
    NO_NUL: "holds a NUL character",
    MODEL_ID: "is not an id: 1 to 64 letters, digits, hyphens and underscores",
    ID: "is not an id: 1 to 40 lower-case letters and digits",
    DESTINATION_NAME: "must begin with a letter or underscore and go on with letters, digits and "
    "underscores, 128 at most",
}

Text = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=NO_CONTROLS)]

# A PostgreSQL name may hold anything but NUL, at most 63 bytes; MySQL allows 64 characters.
Name = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=NO_NUL)]

ModelId = Annotated[str, StringConstraints(pattern=MODEL_ID)]
SourceId = Annotated[str, StringConstraints(pattern=ID)]
RunId = Annotated[str, StringConstraints(pattern=ID)]
DestinationName = Annotated[str, StringConstraints(pattern=DESTINATION_NAME)]


class Value(BaseModel):
    """A frozen value. Unknown fields are refused, so that a misspelt one is never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
