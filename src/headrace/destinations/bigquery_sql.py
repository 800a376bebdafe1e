"""BigQuery's jobs: questions, and changes that are found again when they are lost.

A job that changes something has a name that follows from what it does, so that whoever does not
know whether it was sent sends it again: BigQuery runs a job of a name once.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from google.api_core.exceptions import AlreadyExists
from google.cloud import bigquery
from google.cloud.bigquery import enums
from google.cloud.bigquery.table import RowIterator

from headrace.destinations import Target
from headrace.destinations.bigquery_errors import BigQueryCalls, of_reason, told
from headrace.errors import DESTINATION_UNREADABLE, HeadraceError
from headrace.googlesql.identifiers import qualified
from headrace.ids import new_id

# How often a job that fails is sent under further names, and how many names are tried at most:
# the earlier ones may be of jobs that have failed long ago.
ATTEMPTS = 5
_NAMES = 100
_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

_NO_RETRY: dict[str, Any] = {"retry": None, "job_retry": None}

Job = bigquery.LoadJob | bigquery.CopyJob | bigquery.QueryJob
Parameter = bigquery.ScalarQueryParameter | bigquery.ArrayQueryParameter
Row = tuple[Any, ...]


def parameter(name: str, value: Any, of: str = "") -> Parameter:
    """What `@name` stands for; `of` is the type where the value doesn't tell it."""
    if isinstance(value, list | tuple):
        return bigquery.ArrayQueryParameter(name, of or _type(value[0]), list(value))
    return bigquery.ScalarQueryParameter(name, of or _type(value), value)


@dataclass(frozen=True)
class Query:
    """SQL and what its parameters stand for."""

    sql: str
    parameters: Sequence[Parameter] = ()

    @property
    def config(self) -> bigquery.QueryJobConfig:
        return bigquery.QueryJobConfig(query_parameters=list(self.parameters), use_legacy_sql=False)


@dataclass(frozen=True)
class Step:
    """A statement within a transaction, and how many rows it has to change, if that is known.

    `told` says in errors of what `{rows}` there should be, and that it was `{changed}`.
    """

    sql: str
    rows: int | None = None
    told: str = "{rows} rows were staged, but {changed} loaded"


@dataclass(frozen=True)
class JobName:
    """By what a job is found again: what it does, and to what.

    One that `contends` may fail because another wrote to its tables at the same time, which
    BigQuery tells by no other reason than that its SQL is wrong.
    """

    what: str
    of: tuple[object, ...]
    contends: bool = False

    def __str__(self) -> str:
        told = json.dumps(self.of, ensure_ascii=False, default=str)
        return f"headrace_{self.what}_{hashlib.sha256(told.encode()).hexdigest()[:32]}"


class Jobs:
    """The jobs of a project in a location, by BigQuery's client.

    Everything raises the kinds of a destination, and needs no retries around it.
    """

    def __init__(
        self, client: bigquery.Client, calls: BigQueryCalls, location: Callable[[], str | None]
    ) -> None:
        self.client = client
        self.calls = calls
        self._location = location
        # Each call is repeated by `calls`, and by nothing else.
        self.once: dict[str, Any] = {"retry": None, "timeout": calls.timeout}

    @property
    def project(self) -> str:
        return str(self.client.project)

    @property
    def location(self) -> str | None:
        return self._location()

    def name(self, target: Target) -> str:
        """The table's full name in SQL."""
        return qualified(self.project, target.dataset, target.table)

    def rows(self, doing: str, query: Query) -> list[Row]:
        """What a query finds that changes nothing, or nothing more when it runs again."""
        job = self.asked(doing, query)
        return self.calls(doing, lambda: [row.values() for row in self.found(job)])

    def asked(self, doing: str, query: Query) -> Job:
        """The job of such a query, which has ended well.

        It may run for as long as it takes: what is asked again is whether it has ended. One that
        is short is answered by the request that sends it.
        """

        def send() -> Job:
            return self.client.query(
                query.sql,
                job_config=query.config,
                location=self.location,
                timeout=self.calls.timeout,
                api_method=enums.QueryApiMethod.QUERY,
                **_NO_RETRY,
            )

        for pause in _PAUSES[: ATTEMPTS - 1]:
            job = self._ended(doing, self.calls(doing, send))
            if job.error_result is None:
                return job
            if not self._failure(doing, job).kind.transient:
                break
            time.sleep(pause)
        raise self._failure(doing, job)

    def found(self, job: Job, page_size: int | None = None) -> RowIterator:
        """The rows of a job that has ended well, which come by pages."""
        ended: Any = job
        rows: RowIterator
        rows = ended.result(page_size=page_size, timeout=self.calls.timeout, **_NO_RETRY)
        return rows

    def change(self, doing: str, query: Query) -> None:
        """Change what others may change at the same time; run again it does nothing more."""
        self.script(doing, JobName("change", (new_id(),), contends=True), query)

    def script(self, doing: str, name: JobName, query: Query) -> list[Row]:
        """Run what changes something, once by that name; the rows of its last SELECT."""

        def send(job_id: str) -> Job:
            return self.client.query(
                query.sql,
                job_id=job_id,
                job_config=query.config,
                location=self.location,
                timeout=self.calls.timeout,
                **_NO_RETRY,
            )

        job = self.run(doing, name, send)

        return self.calls(doing, lambda: [row.values() for row in self.found(job)])

    def run(
        self,
        doing: str,
        name: JobName,
        send: Callable[[str], Job],
        stands: Callable[[Job], bool] = lambda job: True,  # noqa: ARG005
    ) -> Any:
        """The job of that name, which has ended well; it is sent unless it was.

        One that has failed earlier is sent anew, and so is one that ended well of which `stands`
        says that nothing is left.
        """
        failures = 0
        for number in range(1, _NAMES + 1):
            job, is_new = self._sent(doing, f"{name}_{number}", send)
            job = self._ended(doing, job)
            if job.error_result is None:
                if is_new or stands(job):
                    return job
            elif is_new:
                failures += 1
                error = self._failure(doing, job)
                contends = name.contends and error.kind is DESTINATION_UNREADABLE
                if failures >= ATTEMPTS or not (error.kind.transient or contends):
                    raise error
                time.sleep(_PAUSES[min(failures, len(_PAUSES)) - 1])
        raise self.calls.of_job(doing, of_reason(None))

    def _sent(self, doing: str, job_id: str, send: Callable[[str], Job]) -> tuple[Job, bool]:
        """The job, and whether it was not there before."""

        def ask() -> tuple[Job, bool]:
            try:
                return told(lambda: send(job_id)), True
            except AlreadyExists:
                found: Any = self.client.get_job(job_id, location=self.location, **self.once)
                return found, False

        return self.calls(doing, ask)

    def _ended(self, doing: str, job: Job) -> Job:
        for pause in _growing():
            if job.state != "DONE":
                self.calls(doing, lambda: job.reload(**self.once))
            if job.state == "DONE":
                break
            time.sleep(pause)
        return job

    def _failure(self, doing: str, job: Job) -> HeadraceError:
        result = job.error_result or {}
        return self.calls.of_job(doing, of_reason(result.get("reason")))


def _growing() -> Iterator[float]:
    yield from _PAUSES
    while True:
        yield _PAUSES[-1]


_TYPES = {bool: "BOOL", int: "INT64", float: "FLOAT64", str: "STRING", bytes: "BYTES"}


def _type(value: object) -> str:
    return _TYPES.get(type(value), "STRING")
