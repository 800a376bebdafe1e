"""The relay: what it passes on, where it ends, and what it leaves behind."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from trustme import CA

from headrace.diagnosis.deadline import Deadline
from headrace.diagnosis.relay import Relay
from headrace.errors import (
    ANSWER_TOO_LONG,
    CONNECTION_LOST,
    CONNECTION_TIMED_OUT,
    HeadraceError,
)

MOST = 100_000


@contextmanager
def relayed(seconds: float = 10) -> Iterator[tuple[Relay, socket.socket]]:
    """A relay, and the server's end of its connection."""
    here, server = socket.socketpair()
    relay = Relay(here, Deadline(seconds), MOST)
    with server:
        try:
            yield relay, server
        finally:
            relay.close()


def received(sock: socket.socket) -> bytes:
    """All that comes, as a driver reads it: an end or a break is the end."""
    pieces = []
    try:
        while piece := sock.recv(65_536):
            pieces.append(piece)
    except OSError:
        pass
    return b"".join(pieces)


def lost() -> HeadraceError:
    return HeadraceError(CONNECTION_LOST, "What the driver says when its connection ends.")


def test_what_either_side_says_reaches_the_other() -> None:
    with relayed() as (relay, server):
        relay.sock.sendall(b"ping")
        assert server.recv(10) == b"ping"
        server.sendall(b"x" * MOST)
        server.shutdown(socket.SHUT_WR)
        assert received(relay.sock) == b"x" * MOST
        relay.sock.sendall(b"bye")  # still heard, though the server has said its last
        assert server.recv(10) == b"bye"


def test_the_drivers_last_words_go_out() -> None:
    with relayed() as (relay, server):
        relay.sock.sendall(b"x" * 50_000)
        relay.close()
        assert received(server) == b"x" * 50_000


def test_a_byte_too_many_is_the_end() -> None:
    with relayed() as (relay, server):
        threading.Thread(target=flood, args=(server,), daemon=True).start()
        with pytest.raises(HeadraceError) as caught, relay.held("Reading"):
            assert len(received(relay.sock)) <= MOST
            raise lost()
    assert caught.value.kind is ANSWER_TOO_LONG
    assert "Reading" in caught.value.detail
    assert str(MOST) in caught.value.detail


def flood(server: socket.socket) -> None:
    try:
        while True:
            server.sendall(bytes(65_536))
    except OSError:
        return


def test_the_deadline_is_the_end_even_if_nobody_reads() -> None:
    with relayed(seconds=0.2) as (relay, server):
        with pytest.raises(HeadraceError) as caught, relay.held("Reading"):
            assert received(relay.sock) == b""
            raise lost()
        assert caught.value.kind is CONNECTION_TIMED_OUT
        assert received(server) == b""
    with relayed(seconds=0.2) as (relay, server):
        # More than all buffers hold, and the server does not read.
        relay.sock.settimeout(20)
        with pytest.raises(OSError, match=r"Broken pipe|reset"):
            relay.sock.sendall(bytes(64 << 20))


def test_an_error_that_no_limit_caused_stays_itself() -> None:
    with relayed() as (relay, server):
        server.close()
        assert received(relay.sock) == b""
        error = lost()
        with pytest.raises(HeadraceError) as caught, relay.held("Reading"):
            raise error
    assert caught.value is error


def test_the_limits_hold_under_tls() -> None:
    authority = CA()
    there = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(there)
    here = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(here)

    def serve(server: socket.socket) -> None:
        with there.wrap_socket(server, server_side=True) as inside:
            inside.sendall(b"hello")
            flood(inside)

    with relayed() as (relay, server):
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        with here.wrap_socket(relay.sock, server_hostname="localhost") as inside:
            assert inside.recv(5) == b"hello"
            with pytest.raises(HeadraceError) as caught, relay.held("Reading"):
                assert len(received(inside)) <= MOST
                raise lost()
    assert caught.value.kind is ANSWER_TOO_LONG


def test_nothing_is_left_behind() -> None:
    before = descriptors()
    for _ in range(20):
        with relayed() as (relay, server):
            server.sendall(b"greeting")
            relay.sock.recv(1)
        with relayed(seconds=0.01) as (relay, server):
            received(relay.sock)
        with relayed() as (relay, server):
            server.close()
            relay.close()  # once more than needed
    assert not [thread for thread in threading.enumerate() if thread.name == "relay"]
    assert descriptors() <= before


def descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))
