"""As much of Cloud SQL as its connector uses: the Admin API (v1beta4), and instances behind it.

An instance listens at port 3307 of a loopback address of its own, asks for the certificate that
the API has signed, and passes bytes on to a real database. Who logs in by IAM has his token in the
certificate; which of Google's tokens are good nobody here can tell, so any is.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import select
import socket
import ssl
import threading
from collections import defaultdict, deque
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID, ObjectIdentifier
from trustme import CA

from devservers.server import Server

PORT = 3307

_PATH = re.compile(
    r"/sql/v1beta4/projects/(?P<project>[^/]+)/instances/(?P<name>[^/:]+)[/:](?P<method>\w+)"
)
# Where the token of a login by IAM stands in a certificate of ours; Google's place is not known.
_TOKEN = ObjectIdentifier("1.3.6.1.4.1.55555.1")


@dataclass(frozen=True)
class Refusal:
    """An answer of the API that is an error, with the reason that programs read."""

    status: int
    reason: str = ""
    consumer: str = "projects/123456"

    @property
    def body(self) -> dict[str, Any]:
        detail = {"reason": self.reason, "metadata": {"consumer": self.consumer}}
        return {
            "error": {
                "code": self.status,
                "message": "s3cret prose of the server",
                "details": [detail] if self.reason else [],
            }
        }


@dataclass
class Instance:
    """A database behind a name. `addresses` are what the API tells, by kind.

    `shows` is whose certificate it shows; with a `common_name` its authority has others, too.
    `tokens` are those of the certificates that were shown, by their digests; None for one without.
    """

    project: str
    region: str
    name: str
    version: str
    backend: int
    address: str
    shows: str
    authority: CA = field(default_factory=lambda: CA(organization_name="Google Cloud SQL"))
    addresses: dict[str, str] = field(default_factory=dict)
    psc_name: str | None = None
    common_name: str | None = None
    lifetime: timedelta = timedelta(hours=1)
    tokens: list[str | None] = field(default_factory=list)

    @property
    def connection_name(self) -> str:
        return f"{self.project}:{self.region}:{self.name}"

    @property
    def settings(self) -> dict[str, Any]:
        listed = [{"type": kind, "ipAddress": given} for kind, given in self.addresses.items()]
        return {
            "kind": "sql#connectSettings",
            "serverCaCert": {"cert": self.authority.cert_pem.bytes().decode()},
            "ipAddresses": listed,
            "region": self.region,
            "databaseVersion": self.version,
            "backendType": "SECOND_GEN",
            "pscEnabled": self.psc_name is not None,
            "dnsName": self.common_name or self.psc_name or "",
            "serverCaMode": "GOOGLE_MANAGED_CAS_CA"
            if self.common_name
            else "GOOGLE_MANAGED_INTERNAL_CA",
        }

    def certificate(self, public_key: str, token: str | None) -> str:
        signer = serialization.load_pem_private_key(
            self.authority.private_key_pem.bytes(), password=None
        )
        issuer = x509.load_pem_x509_certificate(self.authority.cert_pem.bytes())
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ephemeral")]))
            .issuer_name(issuer.subject)
            .public_key(serialization.load_pem_public_key(public_key.encode()))  # type: ignore[arg-type]
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=1))
            .not_valid_after(now + self.lifetime)
        )
        if token is not None:
            inside = x509.UnrecognizedExtension(_TOKEN, digest(token).encode())
            builder = builder.add_extension(inside, critical=False)
        signed = builder.sign(signer, hashes.SHA256())  # type: ignore[arg-type]
        return signed.public_bytes(serialization.Encoding.PEM).decode()

    def serve(self, listener: socket.socket) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.authority.issue_cert(self.shows).configure_cert(context)
        self.authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:  # the test is over
                return
            threading.Thread(target=self._pass_on, args=(sock, context), daemon=True).start()

    def _pass_on(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        try:
            with (
                context.wrap_socket(sock, server_side=True) as client,
                socket.create_connection(("127.0.0.1", self.backend)) as database,
            ):
                shown = x509.load_der_x509_certificate(client.getpeercert(binary_form=True) or b"")
                self.tokens.append(_token(shown))
                _pass_between(client, database)
        except OSError:
            sock.close()


class CloudSqlServer(Server):
    """The API, and the instances that were added. `requests` are all that came to it."""

    def __init__(self) -> None:
        self._instances: dict[tuple[str, str], Instance] = {}
        self._refusals: dict[str, deque[Refusal]] = defaultdict(deque)
        self._listeners: list[socket.socket] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.tokens: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def add(self, name: str, version: str, backend: int, shows: str = "shop.sql.goog") -> Instance:
        """An instance over the database at that port of 127.0.0.1, with a public address."""
        listener, address = _listening()
        self._listeners.append(listener)
        made = Instance("my-project", "europe-west3", name, version, backend, address, shows)
        made.addresses["PRIMARY"] = address
        self._instances[made.project, name] = made
        threading.Thread(target=made.serve, args=(listener,), daemon=True).start()
        return made

    def refuse(self, method: str, *refusals: Refusal) -> None:
        """Have the next calls of `connectSettings` or `generateEphemeralCert` fail."""
        self._refusals[method].extend(refusals)

    def heal(self) -> None:
        self._refusals.clear()
        self.requests.clear()

    def answer(self, path: str, body: dict[str, Any], token: str | None) -> tuple[int, Any]:
        found = _PATH.fullmatch(path)
        if found is None:
            return 404, Refusal(404).body
        method = found["method"]
        self.requests.append((method, body))
        self.tokens.append(token)
        if self._refusals[method]:
            refusal = self._refusals[method].popleft()
            return refusal.status, refusal.body
        instance = self._instances.get((found["project"], found["name"]))
        if instance is None:
            return 404, Refusal(404).body
        if method == "connectSettings":
            return 200, instance.settings
        signed = instance.certificate(body["public_key"], body.get("access_token"))
        return 200, {"ephemeralCert": {"kind": "sql#sslCert", "cert": signed}}

    def start(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def stop(self) -> None:
        for listener in self._listeners:
            listener.close()
        self._server.shutdown()
        self._server.server_close()


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _token(certificate: x509.Certificate) -> str | None:
    for extension in certificate.extensions:
        if extension.oid == _TOKEN and isinstance(extension.value, x509.UnrecognizedExtension):
            return extension.value.value.decode()
    return None


def _listening() -> tuple[socket.socket, str]:
    """The port is given, so each instance has an address of its own."""
    for _ in range(100):
        address = "127." + ".".join(str(random.randint(1, 254)) for _ in range(3))
        with suppress(OSError):
            return socket.create_server((address, PORT)), address
    raise RuntimeError("no loopback address was free")


def _pass_between(client: ssl.SSLSocket, database: socket.socket) -> None:
    """Until either hangs up; one thread, since TLS is not read and written by two at once."""
    other = {client: database, database: client}
    while True:
        ready = [client] if client.pending() else select.select(list(other), [], [])[0]
        for sock in ready:
            piece = sock.recv(1 << 16)
            if not piece:
                return
            other[sock].sendall(piece)


def _handler(server: CloudSqlServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            self._answer(json.loads(self.rfile.read(length)))

        def _answer(self, body: dict[str, Any]) -> None:
            _, _, token = self.headers.get("Authorization", "").partition("Bearer ")
            status, said = server.answer(self.path, body, token or None)
            data = json.dumps(said).encode()
            with suppress(OSError):  # who asks may have hung up, since another answer was enough
                self.send_response(status)
                self.send_header("Content-Type", "application/json; charset=UTF-8")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    return Handler
