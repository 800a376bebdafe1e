"""What the Cloud SQL Admin API tells of an instance, asked through Google's connector.

The connector's own `connect` would dial for itself, without a limit of time; so its client alone is
used, whose event loop ends with each question.
"""

from __future__ import annotations

import asyncio
import queue
import ssl
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import google.auth
from google.auth.credentials import Credentials
from google.cloud.sql.connector.client import CloudSQLClient
from google.cloud.sql.connector.connection_info import ConnectionInfo
from google.cloud.sql.connector.connection_name import ConnectionName
from google.cloud.sql.connector.utils import generate_keys

from headrace.cloud_sql.refusals import RefusedError, translated
from headrace.connections import AddressType
from headrace.diagnosis.deadline import Deadline
from headrace.instances import parts

_SCOPE = "https://www.googleapis.com/auth/sqlservice.admin"
_USER_AGENT = "headrace"

# The API's names of the kinds of addresses.
_KINDS = {"PRIMARY": AddressType.PUBLIC, "PRIVATE": AddressType.PRIVATE, "PSC": AddressType.PSC}

# The authorities that vouch for many instances.
_IN_COMMON = {"GOOGLE_MANAGED_CAS_CA", "CUSTOMER_MANAGED_CAS_CA"}

# A certificate that ends sooner is not used for a further connection.
_SPARE = timedelta(minutes=4)


@dataclass(frozen=True)
class Instance:
    """What it takes to connect: a kind of address has one or more, the best first.

    `context` holds the authority of the instance and the certificate that it knows this service
    by, and `version` is such as POSTGRES_16. `name` is whose certificate it has to show, of an
    authority that it has in common with other instances.
    """

    addresses: dict[AddressType, tuple[str, ...]]
    version: str
    context: ssl.SSLContext
    name: str | None
    expires_at: datetime


@dataclass(frozen=True)
class Question:
    """Which instance, whether its database shall let this service in by IAM, and whom to ask."""

    instance: str
    by_iam: bool
    api: str


def ask(question: Question, deadline: Deadline) -> Instance:
    """Raises the errors of `headrace.cloud_sql.refusals`."""
    heard: dict[str, Any] = {}
    credentials: list[Credentials] = []

    def answer() -> Instance:
        credentials.append(_credentials(question.api))
        return asyncio.run(_asked(question, credentials[0], heard, deadline.remaining))

    with translated(question.instance, credentials, heard):
        return _within(deadline, answer)


class Known:
    """Instances that were asked about, for as long as their certificates are good.

    So all connections of a run have one certificate and one question.
    """

    def __init__(self) -> None:
        self._instances: dict[Question, Instance] = {}
        self._asking: defaultdict[Question, threading.Lock] = defaultdict(threading.Lock)

    def find(self, question: Question, deadline: Deadline) -> Instance:
        with self._asking[question]:
            known = self._instances.get(question)
            if known is None or known.expires_at - _SPARE < datetime.now(UTC):
                known = self._instances[question] = ask(question, deadline)
            return known

    def forget(self, question: Question) -> None:
        """What was known did not serve; the next one asks again."""
        self._instances.pop(question, None)


KNOWN = Known()


async def _asked(
    question: Question, credentials: Credentials, heard: dict[str, Any], seconds: float
) -> Instance:
    headers = {"User-Agent": _USER_AGENT, "Content-Type": "application/json"}
    if quota := getattr(credentials, "quota_project_id", None):
        headers["x-goog-user-project"] = quota
    session = aiohttp.ClientSession(
        headers=headers,
        response_class=_hearing(heard),
        timeout=aiohttp.ClientTimeout(total=seconds),
    )
    client = CloudSQLClient(question.api, None, credentials, client=session)
    try:
        info = await client.get_connection_info(
            ConnectionName(*parts(question.instance)),
            asyncio.ensure_future(generate_keys()),
            question.by_iam,
        )
        return _instance(info, await info.create_ssl_context(question.by_iam), heard)
    finally:
        await client.close()


def _instance(info: ConnectionInfo, context: ssl.SSLContext, heard: dict[str, Any]) -> Instance:
    addresses = {kind: tuple(info.ip_addrs.get(name, ())) for name, kind in _KINDS.items()}
    name = None
    if heard.get("serverCaMode") in _IN_COMMON:
        # The connector looks at the authority alone, which other instances have, too.
        name = str(heard["dnsName"]).removesuffix(".")
        context.check_hostname = True
    return Instance(addresses, info.database_version, context, name, info.expiration)


def _hearing(heard: dict[str, Any]) -> type[aiohttp.ClientResponse]:
    """Answers that keep what they said, of which the connector lets nothing but prose through."""

    class Answer(aiohttp.ClientResponse):
        _said: Any = None

        async def json(self, **how: Any) -> Any:
            self._said = await super().json(**how)
            if isinstance(self._said, dict):
                heard.update(self._said)
            return self._said

        def raise_for_status(self) -> None:
            if self.status >= 400:
                raise RefusedError(self.status, self._said)

    return Answer


def _credentials(api: str) -> Credentials:
    if not api.startswith("https://"):  # nobody but a server of this machine's own
        return _Stranger()
    found: Credentials = google.auth.default(scopes=[_SCOPE])[0]
    return found


class _Stranger(Credentials):
    """Nobody's credentials, for a server that asks for none."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.refresh(None)

    def refresh(self, request: object) -> None:  # noqa: ARG002
        self.token = "nobody"  # noqa: S105 - which is what it says
        self.expiry = datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=1)


def _within(deadline: Deadline, work: Callable[[], Instance]) -> Instance:
    """In a thread that nobody waits for: credentials are fetched without a limit of time."""
    answers: queue.SimpleQueue[Instance | Exception] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put(work())
        except Exception as error:  # noqa: BLE001 - raised below
            answers.put(error)

    threading.Thread(target=run, name="look up instance", daemon=True).start()
    try:
        answer = answers.get(timeout=deadline.remaining)
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(answer, Exception):
        raise answer
    return answer
