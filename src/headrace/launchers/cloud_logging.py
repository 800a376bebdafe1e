"""What a job of Cloud Run has logged, read from Cloud Logging.

An entry is known by its time and its id, and pages go on behind the last one that was read. A
token of Cloud Logging's would not do: it ends soon, and belongs to one question.

Entries arrive some seconds late and not in the order of their times. One that arrives behind the
place at which somebody follows would never be seen, so what is younger than `SEEN_AFTER` is left
for later as long as the job may log. So whoever follows has nothing to gain by asking again at
once, and Cloud Logging answers a project sixty times a minute: for half of that time the answer
before is given again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from google.api_core.exceptions import InvalidArgument

from headrace.errors import (
    INVALID_INPUT,
    LOG_BUSY,
    LOG_FORBIDDEN,
    LOG_MISSING,
    LOG_UNREACHABLE,
    Field,
    HeadraceError,
)
from headrace.google_calls import Calls, Kinds, Patience
from headrace.google_rest import RestService
from headrace.model import Run, now
from headrace.run_log import LogLine, LogPage, LogQuery, Severity

SEEN_AFTER = timedelta(seconds=10)

_PATIENCE = Patience()
_KINDS = Kinds(
    unavailable=LOG_UNREACHABLE,
    busy=LOG_BUSY,
    forbidden=LOG_FORBIDDEN,
    missing=LOG_MISSING,
    unfit=LOG_MISSING,
)
# A job's clock may be a little wrong. A question with a beginning is answered much faster.
_SLACK = timedelta(minutes=10)
_MOST = 1000
# Cloud Logging may say that it has found nothing so far and is not done.
_QUESTIONS = 10
_FOLLOWED = 100
_PLACE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z)/(\S{1,500})")
_START = "0"


@dataclass(frozen=True)
class _Found:
    """Entries behind a place, and whether there are more."""

    entries: Sequence[dict[str, Any]]
    more: bool


class JobLogs:
    """The entries of a job that are seen through `view`, a log view or a whole project."""

    def __init__(
        self,
        service: RestService,
        view: str,
        job: str,
        *,
        patience: Patience = _PATIENCE,
        seen_after: timedelta = SEEN_AFTER,
    ) -> None:
        self._service = service
        self._view = view
        self._job = job
        self._seen_after = seen_after
        # What whoever follows a run is answered, and since when.
        self._quiet: dict[tuple[str, LogQuery], tuple[float, LogPage]] = {}
        self._calls = Calls(f"through '{view}' of Cloud Logging", _KINDS, patience)

    def read(self, run: Run, wanted: LogQuery, *, growing: bool) -> LogPage:
        """A page of what the run's executions have logged; see `Launcher.read_log`."""
        after = _place(wanted.after)
        seen = now() - self._seen_after
        growing = growing or (run.finished_at is not None and run.finished_at > seen)
        rest = self._seen_after.total_seconds() / 2
        since, quiet = self._quiet.get((run.run_id, wanted), (0.0, None))
        if growing and quiet and monotonic() < since + rest:
            return quiet
        asked = self._filter(run, after, seen if growing else None)
        filtered = wanted.search is not None or wanted.level is not Severity.DEFAULT
        found = self._found(run, asked, _MOST if filtered else wanted.limit)
        lines: list[LogLine] = []
        last, more = wanted.after or _START, found.more
        for entry in found.entries:
            if len(lines) == wanted.limit:
                more = True
                break
            last = f"{entry['timestamp']}/{entry['insertId']}"
            if wanted.takes(line := _line(entry)):
                lines.append(line)
        page = LogPage(
            lines=tuple(lines),
            next_after=last if growing or more else None,
            more=more,
            absent=None if found.entries or more or after else self._absent(run, growing=growing),
        )
        if growing and not more:
            self._rest(run, wanted, page)
        return page

    def _rest(self, run: Run, wanted: LogQuery, page: LogPage) -> None:
        """Remember that behind the page there is nothing yet."""
        if len(self._quiet) >= _FOLLOWED:
            self._quiet.clear()
        follows = wanted.model_copy(update={"after": page.next_after})
        quiet = page.model_copy(update={"lines": ()})
        self._quiet[run.run_id, follows] = monotonic(), quiet

    def _found(self, run: Run, asked: str, size: int) -> _Found:
        question = {
            "resourceNames": [self._view],
            "filter": asked,
            "orderBy": "timestamp asc",
            "pageSize": size,
        }

        def ask() -> _Found:
            token: dict[str, str] = {}
            for _ in range(_QUESTIONS):
                page = self._service.post(
                    "v2/entries:list", {**question, **token}, self._calls.timeout
                )
                entries = page.get("entries", [])
                more = "nextPageToken" in page
                if entries or not more:
                    break
                token = {"pageToken": page["nextPageToken"]}
            return _Found(entries, more)

        doing = f"read the log of run '{run.run_id}'"
        try:
            return self._calls(doing, ask)
        except InvalidArgument as error:
            raise HeadraceError(
                LOG_MISSING, f"Could not {doing} through '{self._view}' of Cloud Logging: there "
                "is no such view.",
            ) from error  # fmt: skip

    def _filter(self, run: Run, after: tuple[str, str] | None, before: datetime | None) -> str:
        """What a crash prints names no run, so it is known by the execution."""
        executions = [attempt.execution for attempt in run.attempts] + [run.execution]
        of_run = [
            f"jsonPayload.run_id={_quoted(run.run_id)}",
            *(
                f'labels."run.googleapis.com/execution_name"={_quoted(execution)}'
                for execution in dict.fromkeys(executions)
                if execution
            ),
        ]
        clauses = [
            'resource.type="cloud_run_job"',
            f"resource.labels.job_name={_quoted(self._job)}",
            f"timestamp>={_quoted(_stamp(run.requested_at - _SLACK))}",
            f"({' OR '.join(of_run)})",
        ]
        if before:
            clauses.append(f"timestamp<{_quoted(_stamp(before))}")
        if after:
            at, id_ = map(_quoted, after)
            clauses.append(f"(timestamp>{at} OR (timestamp={at} AND insertId>{id_}))")
        return " AND ".join(clauses)

    def _absent(self, run: Run, *, growing: bool) -> str:
        if run.state.live and run.execution is None:
            return f"The job of run '{run.run_id}' has not been started yet."
        if growing:
            return (
                f"There is no log of run '{run.run_id}' so far: what its job logs is shown about "
                f"{self._seen_after.total_seconds():.0f} seconds later."
            )
        return (
            f"There is no log of run '{run.run_id}' in Cloud Logging: its job was never started, "
            "or the log was kept for its time and is gone."
        )


def _line(entry: dict[str, Any]) -> LogLine:
    """The agent has taken a line's time and severity out of it; here they are put back."""
    severity = entry.get("severity", "DEFAULT")
    payload = entry.get("jsonPayload")
    if payload is None:
        payload = {"message": entry.get("textPayload", "")}
        if severity == "DEFAULT":  # it was printed, not logged
            return LogLine.of(json.dumps(payload).encode())
    line = {**payload, "time": entry["timestamp"], "severity": severity}
    return LogLine.of(json.dumps(line).encode())


def _place(after: str | None) -> tuple[str, str] | None:
    """The time and the id of the entry behind which to go on. Raises INVALID_INPUT."""
    if after is None or after == _START:
        return None
    found = _PLACE.fullmatch(after)
    if not found:
        wrong = [Field("after", "is no place in this log")]
        raise HeadraceError(INVALID_INPUT, "The log can't be read from there.", fields=wrong)
    return found[1], found[2]


def _quoted(text: str) -> str:
    return json.dumps(text)


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
