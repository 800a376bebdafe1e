"""TLS to PostgreSQL: the request, the handshake, and what can be wrong with a certificate.

The driver's own way falls back to plain text when the server refuses TLS, and verifies nothing
unless told to; so the connection is encrypted here, before the driver sees it. The exchange is
"SSL Session Encryption" of the PostgreSQL manual, section 54.2.
"""

from __future__ import annotations

import socket
import ssl
import struct

from headrace.connections import PostgresConnection, TlsMode
from headrace.errors import (
    CONNECTION_LOST,
    PROTOCOL_UNEXPECTED,
    TLS_EXPIRED,
    TLS_FAILED,
    TLS_NAME_WRONG,
    TLS_NOT_OFFERED,
    TLS_UNTRUSTED,
    HeadraceError,
    Kind,
)

_SSL_REQUEST = struct.pack("!ii", 8, 80877103)

# X509_V_ERR_* of OpenSSL (x509_vfy.h); whatever is not here means that the chain is not trusted.
_BY_VERIFY_CODE: dict[int, tuple[Kind, str]] = {
    9: (TLS_EXPIRED, "the server's certificate is not valid yet"),
    10: (TLS_EXPIRED, "the server's certificate has expired"),
    62: (TLS_NAME_WRONG, "the server's certificate does not name this host"),
    64: (TLS_NAME_WRONG, "the server's certificate does not name this address"),
}


def protected(sock: socket.socket, connection: PostgresConnection) -> socket.socket:
    """The socket over which to log in: encrypted as the connection's TLS mode says.

    Takes the socket over; it is closed on failure. Raises TLS_NOT_OFFERED, TLS_UNTRUSTED,
    TLS_NAME_WRONG, TLS_EXPIRED, TLS_FAILED, PROTOCOL_UNEXPECTED or CONNECTION_LOST.
    """
    if connection.tls is TlsMode.DISABLE:
        return sock
    what = f"Asking {connection.host} port {connection.port} for TLS"
    try:
        _request(sock, what)
        return _context(connection).wrap_socket(sock, server_hostname=connection.host)
    except ssl.SSLCertVerificationError as error:
        kind, reason = _BY_VERIFY_CODE.get(
            error.verify_code, (TLS_UNTRUSTED, "no known authority vouches for the certificate")
        )
        raise HeadraceError(kind, f"{what}: {reason}.") from error
    except ssl.SSLError as error:
        raise HeadraceError(
            TLS_FAILED, f"{what}: the two sides could not agree on an encryption."
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


def version(sock: socket.socket) -> str | None:
    """The protocol's version, such as TLSv1.3; None if the connection is not encrypted."""
    return sock.version() if isinstance(sock, ssl.SSLSocket) else None


def _request(sock: socket.socket, what: str) -> None:
    sock.sendall(_SSL_REQUEST)
    # One byte and no more: what a man in the middle adds in plain text must not be read later
    # as if it had come encrypted (CVE-2021-23222).
    answer = sock.recv(1)
    if answer == b"N":
        raise HeadraceError(TLS_NOT_OFFERED, f"{what}: the server does not offer it.")
    if answer != b"S":
        raise HeadraceError(
            PROTOCOL_UNEXPECTED, f"{what}: the answer is not one that PostgreSQL gives."
        )


def _context(connection: PostgresConnection) -> ssl.SSLContext:
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
