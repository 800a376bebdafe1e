"""Google's clients of BigQuery and of its Storage Read API, each made when it is first used."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING

import google.auth
import grpc
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import DefaultCredentialsError
from google.cloud import bigquery
from google.cloud.bigquery_storage_v1.services.big_query_read import BigQueryReadClient
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import (
    BigQueryReadGrpcTransport,
)
from google.oauth2 import service_account

from headrace.bigquery_connection import BigqueryConnection
from headrace.connections import Credentials
from headrace.errors import GOOGLE_CREDENTIALS_MISSING, PASSWORD_REJECTED, Field, HeadraceError

if TYPE_CHECKING:
    from google.auth.credentials import Credentials as GoogleCredentials

_SCOPES = ("https://www.googleapis.com/auth/bigquery",)
# A key says where its holder signs in, and could name any address: nothing is sent but to Google.
_SIGN_IN = "https://oauth2.googleapis.com/token"
_OF_A_KEY = ("client_email", "private_key", "private_key_id")


class Clients:
    """One account's clients. An emulator, `REST,GRPC`, takes their place in tests."""

    def __init__(
        self, connection: BigqueryConnection, credentials: Credentials, emulator: str = ""
    ) -> None:
        self._connection = connection
        self._credentials = credentials
        self._rest, _, self._grpc = emulator.partition(",")

    @cached_property
    def account(self) -> GoogleCredentials:
        """Raises PASSWORD_REJECTED for what is no key, GOOGLE_CREDENTIALS_MISSING without any."""
        key = None
        if self._connection.needs_password:
            key = of_key(self._credentials.password.get_secret_value())
        if self._rest:
            return AnonymousCredentials()  # type: ignore[no-untyped-call]
        return key or _own()

    @cached_property
    def rest(self) -> bigquery.Client:
        options = ClientOptions(api_endpoint=f"http://{self._rest}" if self._rest else None)
        return bigquery.Client(
            project=self._connection.billed,
            credentials=self.account,
            location=self._connection.location,
            client_options=options,
        )

    @cached_property
    def storage(self) -> BigQueryReadClient:
        if not self._grpc:
            return BigQueryReadClient(credentials=self.account)
        # Never through a proxy. A message may be larger than gRPC takes by itself.
        options = [("grpc.enable_http_proxy", 0), ("grpc.max_receive_message_length", -1)]
        channel = grpc.insecure_channel(self._grpc, options=options)
        return BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=channel))

    def close(self) -> None:
        if "rest" in self.__dict__:
            self.__dict__.pop("rest").close()
        if "storage" in self.__dict__:
            self.__dict__.pop("storage").transport.close()


def _own() -> GoogleCredentials:
    """The account that this machine has."""
    try:
        found, _ = google.auth.default(scopes=_SCOPES)
    except DefaultCredentialsError as error:
        raise HeadraceError(
            GOOGLE_CREDENTIALS_MISSING,
            "Signing in to BigQuery as this service: it has no account of Google Cloud.",
        ) from error
    return found


def of_key(text: str) -> GoogleCredentials:
    """The account of a service account's key, as JSON. Raises PASSWORD_REJECTED.

    Nothing is taken of it but the account's address and the key itself: other kinds of such files
    name addresses and programs of their own.
    """
    try:
        given = json.loads(text)
        if given["type"] != "service_account":
            raise ValueError("another kind of file")
        info = {**{name: str(given[name]) for name in _OF_A_KEY}, "token_uri": _SIGN_IN}
        of_info = service_account.Credentials.from_service_account_info
        made: GoogleCredentials = of_info(info, scopes=_SCOPES)  # type: ignore[no-untyped-call]
    except (ValueError, KeyError, TypeError):
        # `from None`: the error may hold a part of the key.
        raise HeadraceError(
            PASSWORD_REJECTED,
            "Signing in to BigQuery: what was entered is not the JSON key of a service account.",
            hint="Paste the whole file that 'gcloud iam service-accounts keys create' has made, "
            'from { to }; its "type" is "service_account".',
            fields=[Field("credentials.password", "is no key of a service account")],
        ) from None
    return made
