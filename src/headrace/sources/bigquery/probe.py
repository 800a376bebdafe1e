"""The connection test's steps for BigQuery (`headrace.sources.Probe`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from google.auth.credentials import AnonymousCredentials
from google.auth.transport.requests import Request

from headrace import sources
from headrace.bigquery_connection import BigqueryConnection
from headrace.checks import Fact, Layer
from headrace.connections import Credentials
from headrace.errors import (
    DATABASE_NOT_FOUND,
    DATABASE_NOT_PERMITTED,
    PERMISSION_DENIED,
    TABLE_NOT_FOUND,
    Field,
    HeadraceError,
)
from headrace.model import Selection
from headrace.sources import READER, Finding
from headrace.sources.bigquery.catalogue import datasets
from headrace.sources.bigquery.clients import Clients
from headrace.sources.bigquery.errors import translated
from headrace.sources.bigquery.grants import grants
from headrace.sources.bigquery.patience import Patience
from headrace.sources.bigquery.reach import GoogleReach
from headrace.sources.bigquery.rights import of_selection
from headrace.sources.bigquery.session import Session

_LEAST_DAYS = 7


def open_probe(
    connection: BigqueryConnection,
    credentials: Credentials,
    reach: GoogleReach,
    selection: Sequence[Selection],
) -> sources.Probe:
    """See `headrace.sources.probe`."""
    return BigqueryProbe(connection, credentials, reach, selection)


class BigqueryProbe:
    """Each step leaves behind what the next one builds upon."""

    def __init__(
        self,
        connection: BigqueryConnection,
        credentials: Credentials,
        reach: GoogleReach,
        selection: Sequence[Selection],
    ) -> None:
        self._connection = connection
        self._reach = reach
        self._selection = selection
        self._clients = Clients(connection, credentials, reach.emulator)
        patience = Patience(reach.deadline)
        self._session = Session(connection, self._clients, patience=patience)

    @property
    def steps(self) -> Mapping[Layer, Callable[[], Finding]]:
        return {
            **self._reach.steps,
            Layer.LOGIN: self._sign_in,
            Layer.DATABASE: self._look_at_datasets,
            Layer.RIGHTS: self._look_at_rights,
            Layer.FITNESS: self._look_at_fitness,
        }

    def close(self) -> None:
        self._session.close()
        self._reach.close()

    def _sign_in(self) -> Finding:
        account = self._clients.account
        if isinstance(account, AnonymousCredentials):
            return Finding("What stands for BigQuery on this machine lets everybody in.")
        request = partial(Request(), timeout=self._reach.deadline.remaining)
        with translated("Signing in to BigQuery"):
            account.refresh(request)  # type: ignore[no-untyped-call]
        address = getattr(account, "service_account_email", None)
        facts = (Fact(name="account", value=str(address)),) if address else ()
        return Finding("Google lets the account in.", facts=facts)

    def _look_at_datasets(self) -> Finding:
        connection = self._connection
        try:
            names = datasets(self._session)
            for name in connection.named_datasets:
                with translated(f"Looking up dataset {name}"):
                    self._clients.rest.get_dataset(
                        f"{connection.project}.{name}",
                        retry=self._session.patience.retry,
                        timeout=self._session.patience.attempt,
                    )
        except HeadraceError as error:
            raise self._of_datasets(error) from error
        if not names:
            advice = "Check the project's id, and give the account a right to the datasets."
            return Finding(f"Project '{connection.project}' shows no dataset.", advice)
        shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        return Finding(f"Project '{connection.project}' has the datasets {shown}.")

    def _of_datasets(self, error: HeadraceError) -> HeadraceError:
        kinds = {TABLE_NOT_FOUND: DATABASE_NOT_FOUND, PERMISSION_DENIED: DATABASE_NOT_PERMITTED}
        if error.kind not in kinds:
            return error
        kind = kinds[error.kind]
        at_fault = "connection.datasets" if self._connection.datasets else "connection.project"
        hint = (
            "Check the ids of the project and of the datasets; upper and lower case matter in "
            "those of datasets. Then have the account get the role 'BigQuery Metadata Viewer' "
            "(roles/bigquery.metadataViewer) on the datasets."
        )
        fields = [Field(at_fault, kind.title)]
        return HeadraceError(kind, error.detail, hint=hint, fields=fields)

    def _look_at_rights(self) -> Finding:
        """Who may ask for the time may run statements."""
        try:
            self._session.snapshot()
            if not self._selection:
                return Finding("The account may run statements.")
            return of_selection(self._session, self._selection)
        except HeadraceError as error:
            if error.kind is not PERMISSION_DENIED:
                raise
            written = grants(self._connection, self._selection, READER)
            return Finding(error.detail, error=error, grants=written, copy=written.create)

    def _look_at_fitness(self) -> Finding:
        kept = f"Tables are read as of one moment, which BigQuery keeps for {_LEAST_DAYS} days"
        return Finding(
            f"{kept} unless a dataset says less; views are read as they are then.",
            facts=(Fact(name="project that pays", value=self._connection.billed),),
        )
