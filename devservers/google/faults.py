"""What the servers of Google's services share: they keep what they were asked and can be faulty."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection
from typing import Generic, TypeVar

from devservers.server import Server

Fault = TypeVar("Fault")
Asked = TypeVar("Asked")


class FaultyServer(Server, Generic[Fault, Asked]):
    """A server of some methods. `requests` are all that came, by method."""

    def __init__(self, methods: Collection[str]) -> None:
        self._named = frozenset(methods)
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self.requests: dict[str, list[Asked]] = defaultdict(list)
        self.address = ""

    def fail(self, method: str, *faults: Fault) -> None:
        """Have the next calls of the method fail, each in its way."""
        if method not in self._named:
            raise ValueError(f"there is no method {method}")
        self._faults[method].extend(faults)

    @property
    def left(self) -> list[str]:
        """The methods that have faults which have not come to pass."""
        return [method for method, faults in self._faults.items() if faults]

    def heal(self) -> None:
        """Forget the faults that have not come to pass, and what was asked so far."""
        self._faults.clear()
        self.requests.clear()
