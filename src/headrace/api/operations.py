"""What an operation of the HTTP API is: where it lies, what it takes, what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from headrace.errors import Kind
from headrace.services import Services
from headrace.sign_ins import Role
from headrace.values import Value

Result = Value | Iterator[Value] | None
Handler = Callable[[Services, Any], Result]


class Access(StrEnum):
    """What an operation does, by which it is decided who may call it."""

    SEE = "see"
    CONNECT = "connect"  # to a source, in this service's name: it tells what is there
    CHANGE = "change"
    DISPATCH = "dispatch"

    @property
    def role(self) -> Role:
        return _ROLES[self]


_ROLES = {
    Access.SEE: Role.VIEWER,
    Access.CONNECT: Role.EDITOR,
    Access.CHANGE: Role.EDITOR,
    Access.DISPATCH: Role.SCHEDULER,
}


class Place(StrEnum):
    """Where a request carries a field."""

    PATH = "path"
    HEADER = "header"
    QUERY = "query"
    BODY = "body"


@dataclass(frozen=True, kw_only=True)
class Stream:
    """How the items that a handler yields become an answer.

    A client that prefers NDJSON gets them as they come, each as `{tag: item}` on a line of its
    own; any other client gets what `collect` makes of all of them.
    """

    tag: str
    item: type[Value]
    collect: Callable[[Iterable[Any]], Value]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one path, relative to its function's root.

    The handler gets a valid `request` value and returns a value of the type `response`; with
    `stream` it returns an iterator of items. Without a `response` the answer is 204. Fields of
    the request that the path does not name lie in the headers if listed in `headers`, else in
    the body of a POST or in the query of any other method. `creates` says of a request whether
    it makes something new, which is answered with 201. `charge` is called with the caller's name
    before a valid request is performed, and may refuse it. Without an `access` a GET is there to
    see and any other method to change. `errors` are the kinds that the handler and `charge` may
    raise; those of the HTTP layer itself are not listed.
    """

    method: str
    path: str
    summary: str
    request: type[Value]
    handler: Handler
    response: type[Value] | None = None
    status: int = 200
    creates: Callable[[Any], bool] | None = None
    charge: Callable[[Services, str], None] | None = None
    headers: tuple[str, ...] = ()
    stream: Stream | None = None
    access: Access | None = None
    errors: tuple[Kind, ...] = ()

    @property
    def does(self) -> Access:
        return self.access or (Access.SEE if self.method == "GET" else Access.CHANGE)

    @property
    def statuses(self) -> tuple[int, ...]:
        """The statuses of success."""
        if self.response is None:
            return (204,)
        return (self.status, 201) if self.creates else (self.status,)

    def status_of(self, request: Value) -> int:
        if self.creates and self.creates(request):
            return 201
        return self.statuses[0]

    def place(self, field: str) -> Place:
        if f"{{{field}}}" in self.path:
            return Place.PATH
        if field in self.headers:
            return Place.HEADER
        return Place.BODY if self.method == "POST" else Place.QUERY

    def fields(self, place: Place) -> tuple[str, ...]:
        """The request's fields that lie in this place."""
        return tuple(name for name in self.request.model_fields if self.place(name) is place)

    def match(self, path: str) -> dict[str, str] | None:
        """The fields that a path carries, or None if it is another operation's path."""
        templates, segments = self.path.split("/"), path.split("/")
        if len(templates) != len(segments):
            return None
        values = {}
        for template, segment in zip(templates, segments, strict=True):
            if template.startswith("{"):
                values[template.strip("{}")] = segment
            elif template != segment:
                return None
        return values


def header_name(field: str) -> str:
    """`idempotency_key` travels as `Idempotency-Key`."""
    return "-".join(word.capitalize() for word in field.split("_"))
