"""The question whether the database that was chosen is the one that answers."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import closing

from headrace.connections import ServerConnection
from headrace.diagnosis import mistaken
from headrace.diagnosis.deadline import Deadline
from headrace.diagnosis.opening import Opening
from headrace.diagnosis.recognise import Knock, Service, Speaks
from headrace.errors import HeadraceError

# What the chosen database answers to. MySQL speaks first.
_KNOCKS: dict[str, Knock | None] = {"postgres": Knock.SSL_REQUEST, "mysql": None}

# What makes others show who they are, the likeliest first.
_OTHER_KNOCKS = (Knock.SSL_REQUEST, Knock.CLIENT_HELLO, Knock.HTTP, Knock.PRELOGIN)

# How long to wait for the chosen database before others are thought of, and for each of these: so
# many seconds, and no more than this part of the time left. A database may be slow for reasons of
# its own, such as looking up the name of who connects; it has the rest of the time then.
_PATIENCE = (2.0, 1 / 4)
_PATIENCE_WITH_OTHERS = (1.5, 1 / 10)


class Inquiry:
    """Finds out who answers at an address.

    `dial` makes further connections to it, which are closed again. They are made only if what
    comes over the first one is not the chosen database's.
    """

    def __init__(
        self,
        connection: ServerConnection,
        deadline: Deadline,
        dial: Callable[[Deadline], socket.socket],
    ) -> None:
        self._connection = connection
        self._deadline = deadline
        self._dial = dial
        self._strange = False  # something came that is not known

    def answer(self, opening: Opening) -> Service:
        """The chosen database, as it answers over the first connection.

        Raises DATABASE_TYPE_WRONG, PROTOCOL_UNEXPECTED, CONNECTION_TIMED_OUT, and
        TOO_MANY_CONNECTIONS or SERVER_NOT_READY if that is PostgreSQL's answer.
        """
        what = f"Asking {self._connection.place} what it is"
        service = self._chosen(opening) or self._others(opening) or self._late(opening)
        if service is None:
            if self._strange:
                raise mistaken.unrecognised(self._connection, what)
            if opening.ended:
                raise mistaken.ended(self._connection, what)
            raise mistaken.silent(
                self._connection, f"{what}: in {self._deadline.seconds:g} seconds"
            )
        if mistaken.TYPES.get(service.speaks) != self._connection.type:
            raise mistaken.another(service, self._connection, what)
        if service.speaks is Speaks.POSTGRES and service.refusal is not None:
            raise mistaken.postgres_refuses(service, what)
        return service

    def _chosen(self, opening: Opening) -> Service | None:
        service = opening.listen(0)  # what has come unasked
        knock = _KNOCKS[self._connection.type]
        if service is None and knock and not opening.heard:
            opening.knock(knock, self._connection.hostname)
        return service or self._listened(opening, self._seconds(_PATIENCE))

    def _others(self, opening: Opening) -> Service | None:
        for knock in _OTHER_KNOCKS:
            if knock is _KNOCKS[self._connection.type]:
                continue
            if service := self._listened(opening, 0) or self._asked(knock):
                return service
        return None

    def _late(self, opening: Opening) -> Service | None:
        silent = not self._strange and not opening.ended
        return self._listened(opening, self._deadline.remaining) if silent else None

    def _asked(self, knock: Knock) -> Service | None:
        seconds = self._seconds(_PATIENCE_WITH_OTHERS)
        try:
            other = Opening(self._dial(Deadline(seconds)))
        except HeadraceError:  # it may take one connection at a time
            return None
        with closing(other):
            other.knock(knock, self._connection.hostname)
            return self._listened(other, seconds)

    def _listened(self, opening: Opening, seconds: float) -> Service | None:
        service = opening.listen(seconds)
        self._strange |= service is None and bool(opening.heard)
        return service

    def _seconds(self, patience: tuple[float, float]) -> float:
        most, part = patience
        return min(most, part * self._deadline.remaining)
