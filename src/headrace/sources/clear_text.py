"""Whether a server may be told the password itself, and not only that we know it."""

from __future__ import annotations

from headrace.connections import ServerConnection, TlsMode
from headrace.errors import PASSWORD_WITHHELD, HeadraceError


def check_may_be_sent(connection: ServerConnection) -> None:
    """Raises PASSWORD_WITHHELD unless only the right server can read it, or nobody minds.

    Nobody minds with the TLS mode 'disable', which is the user's own choice. Without an authority
    of one's own 'verify-ca' is not enough: anybody gets a certificate from some public authority.
    """
    if connection.tls in (TlsMode.DISABLE, TlsMode.VERIFY_FULL):
        return
    if connection.tls is TlsMode.VERIFY_CA and connection.ca_certificate:
        return
    raise HeadraceError(
        PASSWORD_WITHHELD,
        "Logging in: the server asks for the password itself, but the TLS mode "
        f"'{connection.tls}' does not prove that it is the right server; nothing was sent.",
    )
