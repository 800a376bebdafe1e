"""What went wrong, as a value: for the API's answers and the documents."""

from __future__ import annotations

from typing import Self

from pydantic import Field

from headrace.errors import HeadraceError
from headrace.values import Value


class WrongField(Value):
    path: str = Field(description="Where the field is, such as connection.port.")
    message: str
    suggestion: str | None = Field(
        default=None, description="What was probably meant, if that can be told."
    )


class Problem(Value):
    """What went wrong and what to do next (RFC 9457, extended by code, hint, fields, retryable)."""

    title: str
    status: int = Field(ge=400, le=599)
    code: str = Field(description="One of the codes of docs/errors.md.")
    detail: str = Field(description="What was being done to what, and why it failed.")
    hint: str = Field(description="The next step.")
    retryable: bool = Field(description="Whether the same call may succeed later by itself.")
    fields: tuple[WrongField, ...] = ()

    @classmethod
    def of(cls, error: HeadraceError) -> Self:
        return cls(
            title=error.kind.title,
            status=error.kind.status,
            code=error.code,
            detail=error.detail,
            hint=error.hint,
            retryable=error.transient,
            fields=tuple(
                WrongField(path=f.path, message=f.message, suggestion=f.suggestion)
                for f in error.fields
            ),
        )
