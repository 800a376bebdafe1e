"""What every server here can do: be started, be stopped, and live as long as a `with`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Server(ABC):
    @abstractmethod
    def start(self) -> Self:
        """Returns when it can be asked."""

    @abstractmethod
    def stop(self) -> None:
        """Stopping one that has stopped is no error."""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()
