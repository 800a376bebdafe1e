"""An OpenID provider on loopback that signs as Google does, with a key of the test's own."""

from __future__ import annotations

import html
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

CLIENT_ID = "1234-headrace.apps.googleusercontent.com"
EDITOR = "ada@example.com"
VIEWER = "vera@example.com"
STRANGER = "eve@elsewhere.org"
SCHEDULER = "scheduler@project.iam.gserviceaccount.com"


class Key:
    """A key pair; making one takes a while, so each is made once."""

    def __init__(self, key_id: str) -> None:
        self.id = key_id
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def jwk(self) -> dict[str, Any]:
        public: dict[str, Any] = RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {**public, "kid": self.id, "alg": "RS256", "use": "sig"}


OURS = Key("ours")
OTHERS = Key("others")


def claims(email: str = EDITOR, **changed: Any) -> dict[str, Any]:
    """What Google says of an account; None leaves a claim out."""
    now = int(time.time())
    said = {
        "iss": "https://accounts.google.com",
        "aud": CLIENT_ID,
        "sub": "1".rjust(21, "0"),
        "email": email,
        "email_verified": True,
        "iat": now,
        "exp": now + 3600,
        **changed,
    }
    return {name: value for name, value in said.items() if value is not None}


def signed(said: dict[str, Any], key: Key = OURS) -> str:
    return jwt.encode(said, key.private, algorithm="RS256", headers={"kid": key.id})


class Provider:
    """What the provider does next, and what it was asked.

    `accounts` are those in whose name somebody may sign in; `session` is the one that the browser
    is signed in with there. `changed` are claims that come out otherwise, and `answer` parameters
    of the answer.
    """

    def __init__(self) -> None:
        self.keys = [OURS]
        self.cache_control = "public, max-age=3600"
        self.fetched = 0
        self.broken = False
        self.accounts = [EDITOR]
        self.session: str | None = None
        self.changed: dict[str, Any] = {}
        self.answer: dict[str, str] = {}
        self.asked: list[dict[str, str]] = []
        self.tokens: list[str] = []
        self.address = ""

    def jwks(self) -> bytes:
        self.fetched += 1
        return json.dumps({"keys": [key.jwk for key in self.keys]}).encode()

    def authorize(self, query: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        """The page on which a person chooses, or the way back."""
        self.asked.append(query)
        if query.get("prompt") == "none":
            if self.session is None:
                return self._back(query, {"error": "interaction_required"})
            return self.goes_on(query, self.session)
        links = "".join(
            f'<li><a href="/continue?{html.escape(urlencode({**query, "as": account}))}">'
            f"Continue as {account}</a></li>"
            for account in self.accounts
        )
        denied = html.escape(f"/continue?{urlencode({**query, 'as': ''})}")
        page = (
            '<!doctype html><html lang="en"><title>Provider</title><link rel="icon" href="data:,">'
            f'<main><h1>Choose an account</h1><ul>{links}</ul><a href="{denied}">Cancel</a></main>'
        )
        return 200, {"Content-Type": "text/html; charset=utf-8"}, page.encode()

    def goes_on(self, query: dict[str, str], account: str) -> tuple[int, dict[str, str], bytes]:
        if not account:
            return self._back(query, {"error": "access_denied"})
        self.session = account
        token = signed({**claims(account, nonce=query["nonce"]), **self.changed})
        self.tokens.append(token)
        return self._back(query, {"id_token": token})

    def _back(
        self, query: dict[str, str], said: dict[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        fragment = urlencode({"state": query["state"], **said, **self.answer})
        return 302, {"Location": f"{query['redirect_uri']}#{fragment}"}, b""


@contextmanager
def running() -> Iterator[Provider]:
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            place = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(place.query).items()}
            status, headers, body = 404, {}, b""
            if place.path == "/keys" and provider.broken:
                status = 500
            elif place.path == "/keys":
                status, body = 200, provider.jwks()
                headers = {"Cache-Control": provider.cache_control}
            elif place.path == "/authorize":
                status, headers, body = provider.authorize(query)
            elif place.path == "/continue":
                account = query.pop("as", "")
                status, headers, body = provider.goes_on(query, account)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
