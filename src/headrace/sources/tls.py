"""TLS to a database's server, and what is learned of the server by it.

The drivers' own ways fall back to plain text or verify nothing unless told to; so connections
are encrypted here, before a driver sends a password over them.
"""

from __future__ import annotations

import _ssl
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

from headrace.checks import Fact
from headrace.connections import ServerConnection, TlsMode
from headrace.errors import CONNECTION_LOST, TLS_NAME_WRONG, TLS_NOT_SPOKEN, HeadraceError
from headrace.sources import Finding

# Less than an administrator who reads his mail needs; certificates that renew themselves are
# renewed about thirty days before their end.
_SOON_DAYS = 14

# What a server has against a handshake comes a round trip after it, and a little more.
_LITTLE = 0.1
_LONGEST_ROUND_TRIP = 0.5

_VERIFY = "Choose the TLS mode 'verify-full' unless you trust every network on the way."
_ANY_AUTHORITY = (
    "Any server has a certificate of some public authority: choose the TLS mode 'verify-full', or "
    "give the CA certificate of your database provider."
)


def encrypted(
    sock: socket.socket, connection: ServerConnection, request: Callable[[socket.socket, str], None]
) -> socket.socket:
    """The socket encrypted as the connection's TLS mode says; itself with TlsMode.DISABLE.

    `request` asks the server for TLS in the words of its protocol; it is also given what to call
    this in errors. Takes the socket over; it is closed on failure. Raises the errors of
    `headrace.sources.tls_failures`, CONNECTION_LOST, and what `request` raises.
    """
    if connection.tls is TlsMode.DISABLE:
        return sock
    what = f"Asking {connection.place} for TLS"
    try:
        request(sock, what)
    except BaseException as error:
        sock.close()
        if isinstance(error, OSError):
            raise HeadraceError(CONNECTION_LOST, f"{what}: the connection broke.") from error
        raise
    handshake = Handshake(_context(connection), connection.hostname, what)
    return handshaken(sock, connection, handshake)


@dataclass(frozen=True)
class Handshake:
    """How to encrypt, and whose name the certificate has to have if the context looks at it.

    `what` says in errors what was being done; `hint` is their next step, if that is another than
    for a host.
    """

    context: ssl.SSLContext
    name: str | None
    what: str
    hint: str | None = None


def handshaken(
    sock: socket.socket, connection: ServerConnection, handshake: Handshake
) -> socket.socket:
    """The socket, encrypted with a server that waits for TLS. Errors are those of `encrypted`."""
    context, what, hint = handshake.context, handshake.what, handshake.hint
    context.sslsocket_class = _Socket
    try:
        protected = cast(
            _Socket,
            context.wrap_socket(
                sock, server_hostname=handshake.name, do_handshake_on_connect=False
            ),
        )
    except ssl.SSLError as error:  # Python's own: there is something to read, but nobody is there
        raise HeadraceError(
            TLS_NOT_SPOKEN, f"{what}: the server says something, and hangs up before TLS begins."
        ) from error
    except OSError as error:
        raise HeadraceError(CONNECTION_LOST, f"{what}: the connection broke.") from error
    except ValueError as error:  # a host name that no certificate could carry
        raise HeadraceError(
            TLS_NAME_WRONG, f"{what}: the host name can't be compared with a certificate's."
        ) from error
    finally:
        # wrap_socket has taken the descriptor over if it succeeded; then this closes nothing.
        sock.close()
    try:
        began = time.monotonic()
        protected.do_handshake()
        protected.what, protected.hint = what, hint
        protected.round_trip = time.monotonic() - began
    except OSError as error:
        failed = _failed(error, protected, connection, what)
        raise _advised(failed, hint) from error
    except BaseException:
        protected.close()
        raise
    return protected


def finding(
    sock: socket.socket, connection: ServerConnection, *, offered: bool | None = None
) -> Finding:
    """How the socket is protected, for the connection test.

    `offered` is whether the server has TLS to offer, if that is known of one that is not asked.
    Raises TLS_CLIENT_CERTIFICATE if the server asks for one now.
    """
    if not isinstance(sock, _Socket):
        said = {} if offered is None else {"TLS offered": "yes" if offered else "no"}
        return Finding("The connection is not encrypted, as chosen.", _VERIFY, facts=_facts(said))
    from headrace.sources.authorities import advice
    from headrace.sources.certificates import Certificate, facts

    if connection.instance is None:  # MySQL's greeting comes right after an instance's TLS
        sock.hear_refusal()
    chain = _chain(sock)
    own = Certificate.read(chain[0]) if chain else None
    steps = []
    match connection.tls:
        case TlsMode.VERIFY_FULL if connection.instance:
            found = "the certificate is one of the instance's own authority"
        case TlsMode.VERIFY_FULL:
            found = "the certificate is valid for this host"
        case TlsMode.VERIFY_CA:
            found = "the certificate's authority is known"
            steps += [] if connection.ca_certificate else [_ANY_AUTHORITY]
        case _:
            found = "the server's certificate is not looked at, as chosen"
            provider = advice(connection.hostname, own.issuer if own else "")
            steps += [_VERIFY, provider.hint] if provider else [_VERIFY]
    if own and own.days_left < _SOON_DAYS:
        until = f"{own.valid_until:%Y-%m-%d}"
        steps.append(f"Have whoever runs the database renew the certificate: it ends on {until}.")
    cipher, _, bits = sock.cipher() or ("unknown", "", 0)
    return Finding(
        f"Encrypted with {version(sock)}; {found}.",
        " ".join(steps) or None,
        facts=_facts(
            {"TLS": str(version(sock)), "Cipher": f"{cipher}, {bits} bits", **facts(chain)}
        ),
    )


def version(sock: socket.socket) -> str | None:
    """The protocol's version, such as TLSv1.3; None if the connection is not encrypted."""
    return sock.version() if isinstance(sock, ssl.SSLSocket) else None


class _Socket(ssl.SSLSocket):
    """Hears what a server has against the handshake after its end, as TLS 1.3 lets it.

    Raises TLS_CLIENT_CERTIFICATE in place of an error of the socket's, once.
    """

    what: str
    hint: str | None
    round_trip: float
    refused = False

    def hear_refusal(self) -> None:
        """Wait for it as long as it may take to come; no database speaks before it is spoken to."""
        if self.version() != "TLSv1.3":
            return
        before = self.gettimeout()
        self.settimeout(min(self.round_trip, _LONGEST_ROUND_TRIP) + _LITTLE)
        try:
            self.read(1)
        except OSError:
            pass  # nothing has come, or the end of the connection, which the next step meets
        finally:
            self.settimeout(before)

    def read(self, len: int = 1024, buffer: Any = None) -> Any:
        try:
            return super().read(len, buffer)
        except ssl.SSLError as error:
            from headrace.sources.tls_failures import refused_later

            refusal = None if self.refused else refused_later(error, self.what)
            if refusal:
                self.refused = True  # what is left to do is to close, which copes with OSErrors
                raise _advised(refusal, self.hint) from error
            raise

    def send(self, data: Any, flags: int = 0) -> int:
        try:
            return super().send(data, flags)
        except TimeoutError:
            raise
        except OSError:
            # A server that has hung up may have said why; nobody would read that any more.
            with suppress(OSError):
                self.read(1)
            raise


def _advised(error: HeadraceError, hint: str | None) -> HeadraceError:
    if hint is None:
        return error
    return HeadraceError(error.kind, error.detail, hint=hint, facts=error.facts)


def _failed(
    error: OSError, sock: ssl.SSLSocket, connection: ServerConnection, what: str
) -> HeadraceError:
    try:
        if not isinstance(error, (ssl.SSLError, ConnectionError)):
            return HeadraceError(CONNECTION_LOST, f"{what}: the connection broke.")
        from headrace.sources.tls_failures import failure

        return failure(error, connection, _chain(sock), what)
    finally:
        sock.close()


def _chain(sock: ssl.SSLSocket) -> tuple[bytes, ...]:
    """The certificates that the server showed, its own first, whether or not they were verified.

    In DER form. Also after a handshake that failed for them, so that nobody need connect again.
    """
    # A method of the socket's since Python 3.13; pip has long used what it is made of.
    shown = sock._sslobj.get_unverified_chain() if sock._sslobj else None  # type: ignore[attr-defined]
    return tuple(certificate.public_bytes(_ssl.ENCODING_DER) for certificate in shown or ())


def _facts(said: dict[str, str]) -> tuple[Fact, ...]:
    return tuple(Fact(name=name, value=value) for name, value in said.items())


def _context(connection: ServerConnection) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = connection.tls is TlsMode.VERIFY_FULL
    if connection.tls is TlsMode.REQUIRE:
        context.verify_mode = ssl.CERT_NONE
    elif connection.ca_certificate:
        context.load_verify_locations(cadata=connection.ca_certificate)
    else:
        context.load_default_certs()
    return context
