"""Jobs as executions of a job of Cloud Run.

`jobs:run` takes no key by which Google would know a request that is sent twice. So each launch
gives its execution a random name, as the variable HEADRACE_LAUNCH, and before a request whose
answer was lost is sent again, it is looked for among the job's executions. The run's own id would
not do: a run that goes on has several executions.

A request that is still on its way while it is looked for may yet start a second execution. That
costs a moment and no row: each process of a run records itself as the next attempt at it, the one
before sees that and ends, and one that finds its run ended does nothing.
"""

from __future__ import annotations

import os
import re
from typing import Any
from urllib.parse import quote

from google.api_core.exceptions import (
    FailedPrecondition,
    GoogleAPICallError,
    InvalidArgument,
    NotFound,
)
from grpc import StatusCode

from headrace.errors import (
    LAUNCH_FAILED,
    LAUNCHER_BUSY,
    LAUNCHER_FORBIDDEN,
    LAUNCHER_MISSING,
    LAUNCHER_UNAVAILABLE,
    LOG_FORBIDDEN,
    SETTINGS_INVALID,
    HeadraceError,
)
from headrace.google_calls import BadAnswerError, Calls, Kinds, Patience, place
from headrace.google_rest import RestService
from headrace.ids import new_id
from headrace.launchers.cloud_logging import JobLogs
from headrace.model import Run
from headrace.run_log import LogPage, LogQuery
from headrace.settings import Settings

_PATIENCE = Patience()
_KINDS = Kinds(
    unavailable=LAUNCHER_UNAVAILABLE,
    busy=LAUNCHER_BUSY,
    forbidden=LAUNCHER_FORBIDDEN,
    missing=LAUNCHER_MISSING,
    unfit=LAUNCH_FAILED,
)
_REGION_AND_JOB = re.compile(r"([a-z]+-[a-z]+\d+)/([a-z](?:[a-z0-9-]{0,61}[a-z0-9])?)")
_BUCKET_AND_VIEW = re.compile(r"([\w.-]{1,100})/([\w.-]{1,100})")
_EXECUTION = re.compile(r"[a-z](?:[a-z0-9-]{0,100}[a-z0-9])?")

# By which a launch knows its own execution.
_MARK = "HEADRACE_LAUNCH"
# Answers after which nothing has been started.
_REFUSALS = {
    StatusCode.RESOURCE_EXHAUSTED,
    StatusCode.PERMISSION_DENIED,
    StatusCode.UNAUTHENTICATED,
    StatusCode.NOT_FOUND,
    StatusCode.INVALID_ARGUMENT,
    StatusCode.FAILED_PRECONDITION,
}
_LISTED_AT_ONCE = 100


def open_launcher(url: str, settings: Settings) -> CloudRunLauncher:
    """Of `cloudrun://project/region/job`.

    `?logs=bucket/view` names the view of a log bucket in the same region through which logs are
    read; without it they are looked for in all of the project's.
    """
    where = place(url, "logs")
    found = _REGION_AND_JOB.fullmatch(where.path)
    if not found:
        raise HeadraceError(
            SETTINGS_INVALID,
            f"The setting '{url}' names no job; write it like "
            "cloudrun://my-project/europe-west1/my-job.",
        )
    region, job = found.groups()
    logs = f"projects/{where.project}"
    if chosen := where.options.get("logs"):
        view = _BUCKET_AND_VIEW.fullmatch(chosen)
        if not view:
            raise HeadraceError(
                SETTINGS_INVALID,
                f"The setting '{url}' names no view of a log bucket; write it like "
                "?logs=my-bucket/my-view.",
            )
        logs += f"/locations/{region}/buckets/{view[1]}/views/{view[2]}"
    return CloudRunLauncher(
        RestService("run.googleapis.com", where.emulator, LAUNCHER_FORBIDDEN),
        f"projects/{where.project}/locations/{region}/jobs/{job}",
        JobLogs(RestService("logging.googleapis.com", where.emulator, LOG_FORBIDDEN), logs, job),
        settings.tasks,
    )


class CloudRunLauncher:
    """Starts executions of a job, of `tasks` processes each, with the run's ids as arguments."""

    def __init__(
        self,
        service: RestService,
        job: str,
        logs: JobLogs,
        tasks: int = 1,
        *,
        patience: Patience = _PATIENCE,
    ) -> None:
        self._service = service
        self._job = job
        self._logs = logs
        self._tasks = tasks
        self._calls = Calls(f"the job '{job}' of Cloud Run", _KINDS, patience)

    def launch(self, run: Run) -> str:
        mark = new_id()
        lost = False

        def ask() -> str:
            nonlocal lost
            if lost and (execution := self._launched(mark)):
                return execution
            try:
                return self._started(run, mark)
            except GoogleAPICallError as error:
                lost = lost or error.grpc_status_code not in _REFUSALS
                raise
            except BadAnswerError:
                lost = True
                raise

        try:
            return self._calls(f"start run '{run.run_id}' with", ask)
        except InvalidArgument as error:
            raise HeadraceError(
                LAUNCH_FAILED,
                f"Could not start run '{run.run_id}' with the job '{self._job}' of Cloud Run: it "
                "does not take such a request.",
                hint="Check that the job has one container, and that the project's quotas allow "
                f"{self._tasks} tasks at once (HEADRACE_TASKS).",
            ) from error

    def current(self) -> str | None:
        return os.environ.get("CLOUD_RUN_EXECUTION")

    def alive(self, execution: str) -> bool:
        """False for one of another launcher. Raises the launcher's errors if it can't be told."""
        if not _EXECUTION.fullmatch(execution):
            return False
        return self._calls(
            f"ask for the execution '{execution}' of", lambda: self._is_alive(execution)
        )

    def stop(self, execution: str) -> None:
        if not _EXECUTION.fullmatch(execution):
            return

        def ask() -> None:
            path = f"v2/{self._path(execution)}:cancel"
            try:
                self._service.post(path, {}, self._calls.timeout)
            except NotFound:
                return
            except (FailedPrecondition, InvalidArgument):
                if self._is_alive(execution):
                    raise

        self._calls(f"end the execution '{execution}' of", ask)

    def read_log(self, run: Run, wanted: LogQuery) -> LogPage:
        growing = run.state.live or (run.execution is not None and self.alive(run.execution))
        return self._logs.read(run, wanted, growing=growing)

    def forget(self, run: Run) -> None:
        """Nothing is done: a log bucket keeps entries for its time, and deletes none before."""

    def _started(self, run: Run, mark: str) -> str:
        overrides = {
            "containerOverrides": [
                {
                    "args": [run.model_id, run.source_id, run.run_id],
                    "env": [{"name": _MARK, "value": mark}],
                }
            ],
            "taskCount": self._tasks,
        }
        operation = self._service.post(
            f"v2/{self._job}:run", {"overrides": overrides}, self._calls.timeout
        )
        if execution := _short(operation.get("metadata")):
            return execution
        raise BadAnswerError(LAUNCHER_UNAVAILABLE, "it did not say what it started")

    def _launched(self, mark: str) -> str | None:
        """The execution that a launch with this mark has started."""
        query: dict[str, str | int] = {"pageSize": _LISTED_AT_ONCE}
        while True:
            page = self._service.get(f"v2/{self._job}/executions", query, self._calls.timeout)
            for execution in page.get("executions", ()):
                if _mark(execution) == mark:
                    return _short(execution)
            if not (token := page.get("nextPageToken")):
                return None
            query["pageToken"] = token

    def _is_alive(self, execution: str) -> bool:
        try:
            found = self._service.get(f"v2/{self._path(execution)}", {}, self._calls.timeout)
        except NotFound:  # it was removed, as old ones are
            return False
        return "completionTime" not in found

    def _path(self, execution: str) -> str:
        return f"{self._job}/executions/{quote(execution, safe='')}"


def _short(execution: Any) -> str | None:
    """The name without its job's, as the execution's own processes know it."""
    name = execution.get("name") if isinstance(execution, dict) else None
    return name.rpartition("/executions/")[2] if isinstance(name, str) else None


def _mark(execution: Any) -> str | None:
    variables = [
        variable
        for container in execution.get("template", {}).get("containers", ())
        for variable in container.get("env", ())
    ]
    return next((v.get("value") for v in variables if v.get("name") == _MARK), None)
