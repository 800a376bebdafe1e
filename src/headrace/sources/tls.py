"""TLS to a database's server: what is verified, and what can be wrong with a certificate.

The drivers' own ways fall back to plain text or verify nothing unless told to; so connections
are encrypted here, before a driver sends a password over them.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable

from headrace.connections import Connection, TlsMode
from headrace.errors import (
    CONNECTION_LOST,
    TLS_EXPIRED,
    TLS_FAILED,
    TLS_NAME_WRONG,
    TLS_UNTRUSTED,
    HeadraceError,
    Kind,
)
from headrace.sources import Finding

_VERIFY = "Choose the TLS mode 'verify-full' unless you trust every network on the way."

# X509_V_ERR_* of OpenSSL (x509_vfy.h); whatever is not here means that the chain is not trusted.
_BY_VERIFY_CODE: dict[int, tuple[Kind, str]] = {
    9: (TLS_EXPIRED, "the server's certificate is not valid yet"),
    10: (TLS_EXPIRED, "the server's certificate has expired"),
    62: (TLS_NAME_WRONG, "the server's certificate does not name this host"),
    64: (TLS_NAME_WRONG, "the server's certificate does not name this address"),
}


def encrypted(
    sock: socket.socket, connection: Connection, request: Callable[[socket.socket, str], None]
) -> socket.socket:
    """The socket encrypted as the connection's TLS mode says; itself with TlsMode.DISABLE.

    `request` asks the server for TLS in the words of its protocol; it is also given what to call
    this in errors. Takes the socket over; it is closed on failure. Raises TLS_UNTRUSTED,
    TLS_NAME_WRONG, TLS_EXPIRED, TLS_FAILED, CONNECTION_LOST, and what `request` raises.
    """
    if connection.tls is TlsMode.DISABLE:
        return sock
    what = f"Asking {connection.host} port {connection.port} for TLS"
    try:
        request(sock, what)
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


def finding(sock: socket.socket, connection: Connection) -> Finding:
    """How the socket is protected, for the connection test."""
    protocol = version(sock)
    match connection.tls:
        case TlsMode.DISABLE:
            return Finding("The connection is not encrypted, as chosen.", _VERIFY)
        case TlsMode.REQUIRE:
            return Finding(
                f"Encrypted with {protocol}; the server's certificate is not looked at, as chosen.",
                _VERIFY,
            )
        case TlsMode.VERIFY_CA:
            return Finding(f"Encrypted with {protocol}; the certificate's authority is known.")
        case TlsMode.VERIFY_FULL:
            return Finding(f"Encrypted with {protocol}; the certificate is valid for this host.")


def version(sock: socket.socket) -> str | None:
    """The protocol's version, such as TLSv1.3; None if the connection is not encrypted."""
    return sock.version() if isinstance(sock, ssl.SSLSocket) else None


def _context(connection: Connection) -> ssl.SSLContext:
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
