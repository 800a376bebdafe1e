"""As much of Cloud Run's jobs as the launcher uses (Cloud Run Admin API, v2), and their logs.

A job's command is started here as real processes, with the arguments and variables that an
execution overrides. What they print becomes entries of Cloud Logging, which the same server
answers for. What no client sees is not there: images, networks, rights, quotas.
"""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from devservers.google.cloud_logging import LogEntries
from devservers.google.rest import Call, Json, RestError, RestServer, Route

_JOB = r"(?P<job>projects/[^/]+/locations/[^/]+/jobs/[^/:]+)"
_EXECUTION = rf"{_JOB}/executions/(?P<execution>[^/:]+)"


@dataclass(frozen=True)
class Job:
    """What a job of Cloud Run is configured with."""

    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    tasks: int = 1
    retries: int = 0


@dataclass
class _Execution:
    name: str
    job: str
    tasks: int
    container: Json
    created: str
    running: int = 0
    failed: int = 0
    cancelled: bool = False
    completed: str | None = None
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def shown(self) -> Json:
        succeeded = self.completed and not self.failed and not self.cancelled
        state = "CONDITION_SUCCEEDED" if succeeded else "CONDITION_FAILED"
        return {
            "name": f"{self.job}/executions/{self.name}",
            "job": self.job.rpartition("/")[2],
            "createTime": self.created,
            "taskCount": self.tasks,
            "template": {"containers": [self.container]},
            "runningCount": self.running,
            "failedCount": self.failed,
            **({"completionTime": self.completed} if self.completed else {}),
            "conditions": [
                {
                    "type": "Completed",
                    "state": state if self.completed else "CONDITION_RECONCILING",
                }
            ],
        }


class CloudRunServer(RestServer):
    """A server of jobs of any number of projects, and of what they log.

    With `token` set, each call has to show it.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._jobs: dict[str, Job] = {}
        self._executions: dict[str, dict[str, _Execution]] = {}
        self.logs = LogEntries()
        self.token: str | None = None
        super().__init__(
            [
                Route("jobs.run", "POST", re.compile(rf"/v2/{_JOB}:run"), self._run),
                Route("executions.list", "GET", re.compile(rf"/v2/{_JOB}/executions"), self._list),
                Route("executions.get", "GET", re.compile(rf"/v2/{_EXECUTION}"), self._get),
                Route(
                    "executions.cancel",
                    "POST",
                    re.compile(rf"/v2/{_EXECUTION}:cancel"),
                    self._cancel,
                ),
                Route("entries.list", "POST", re.compile("/v2/entries:list"), self._entries),
                Route("token", "POST", re.compile("/token"), self._token),
            ]
        )

    def add_job(self, name: str, job: Job) -> None:
        """A job by its full name: `projects/P/locations/R/jobs/J`."""
        with self._lock:
            self._jobs[name], self._executions[name] = job, {}

    def executions(self, job: str) -> Sequence[Json]:
        with self._lock:
            return [one.shown() for one in self._executions[job].values()]

    def kill(self, job: str, execution: str) -> None:
        """End its processes as one that takes too much memory is ended."""
        for process in self._executions[job][execution].processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)

    def stop(self) -> None:
        super().stop()
        for job, executions in self._executions.items():
            for execution in list(executions):
                self._executions[job][execution].cancelled = True
                self.kill(job, execution)

    def _run(self, call: Call) -> Json:
        self._check(call)
        name = call.parts["job"]
        with self._lock:
            job = self._jobs.get(name)
            if job is None:
                raise RestError("NOT_FOUND", f"Resource '{name}' was not found.")
            overrides = call.body.get("overrides", {})
            container = _overridden(job, overrides)
            short = name.rpartition("/")[2]
            execution = _Execution(
                name=f"{short}-{secrets.token_hex(3)}",
                job=name,
                tasks=overrides.get("taskCount", job.tasks),
                container=container,
                created=_now(),
            )
            self._executions[name][execution.name] = execution
            execution.running = execution.tasks
        for index in range(execution.tasks):
            task = threading.Thread(target=self._task, args=(job, execution, index), daemon=True)
            task.start()
        location = name.partition("/jobs/")[0]
        return {
            "name": f"{location}/operations/{secrets.token_hex(8)}",
            "metadata": {
                "@type": "type.googleapis.com/google.cloud.run.v2.Execution",
                **execution.shown(),
            },
        }

    def _task(self, job: Job, execution: _Execution, index: int) -> None:
        failed = True
        for attempt in range(job.retries + 1):
            with self._lock:
                if execution.cancelled:
                    break
                process = _started(execution, index, attempt)
                if process is None:  # no such program
                    continue
                execution.processes.append(process)
            self._keep(process, execution, (index, attempt))
            failed = process.wait() != 0
            if not failed:
                break
        with self._lock:
            execution.running -= 1
            execution.failed += failed
            if not execution.running:
                execution.completed = _now()

    def _keep(
        self, process: subprocess.Popen[bytes], execution: _Execution, task: tuple[int, int]
    ) -> None:
        project, location, job = re.split("/locations/|/jobs/", execution.job)
        index, attempt = task
        entry = {
            "logName": f"{project}/logs/run.googleapis.com%2Fstdout",
            "resource": {
                "type": "cloud_run_job",
                "labels": {
                    "job_name": job,
                    "location": location,
                    "project_id": project.removeprefix("projects/"),
                },
            },
            "labels": {
                "run.googleapis.com/execution_name": execution.name,
                "run.googleapis.com/task_index": str(index),
                "run.googleapis.com/task_attempt": str(attempt),
            },
        }
        if process.stdout is not None:
            with process.stdout:
                for line in process.stdout:
                    self.logs.write(line.decode("utf-8", "replace").rstrip("\n"), entry)

    def _list(self, call: Call) -> Json:
        self._check(call)
        with self._lock:
            found = self._executions.get(call.parts["job"])
            if found is None:
                raise RestError("NOT_FOUND", "There is no such job.")
            shown = [one.shown() for one in reversed(found.values())]
        start, size = int(call.query.get("pageToken", 0)), int(call.query.get("pageSize", 100))
        end = start + size
        page: Json = {"executions": shown[start:end]}
        return {**page, "nextPageToken": str(end)} if end < len(shown) else page

    def _get(self, call: Call) -> Json:
        self._check(call)
        with self._lock:
            return self._found(call).shown()

    def _cancel(self, call: Call) -> Json:
        self._check(call)
        with self._lock:
            execution = self._found(call)
            if execution.completed:
                raise RestError("FAILED_PRECONDITION", "The execution has completed.")
            execution.cancelled = True
            for process in execution.processes:
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
            return {"name": "operations/cancel", "metadata": execution.shown()}

    def _entries(self, call: Call) -> Json:
        self._check(call)
        return self.logs.list(call)

    def _token(self, call: Call) -> Json:  # noqa: ARG002
        return {"access_token": self.token, "expires_in": 3600, "token_type": "Bearer"}

    def _check(self, call: Call) -> None:
        if self.token is not None and call.token != self.token:
            raise RestError("UNAUTHENTICATED", "The token was not accepted.")

    def _found(self, call: Call) -> _Execution:
        execution = self._executions.get(call.parts["job"], {}).get(call.parts["execution"])
        if execution is None:
            raise RestError("NOT_FOUND", "There is no such execution.")
        return execution


def _overridden(job: Job, overrides: Json) -> Json:
    """The job's one container, as an execution has it."""
    (container,) = overrides.get("containerOverrides") or [{}]
    variables = dict(job.environment)
    variables |= {variable["name"]: variable["value"] for variable in container.get("env", ())}
    return {
        "command": list(job.command),
        "args": container.get("args", []),
        "env": [{"name": name, "value": value} for name, value in variables.items()],
    }


def _started(execution: _Execution, index: int, attempt: int) -> subprocess.Popen[bytes] | None:
    container = execution.container
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HEADRACE_")}
    told = {
        "CLOUD_RUN_JOB": execution.job.rpartition("/")[2],
        "CLOUD_RUN_EXECUTION": execution.name,
        "CLOUD_RUN_TASK_INDEX": str(index),
        "CLOUD_RUN_TASK_COUNT": str(execution.tasks),
        "CLOUD_RUN_TASK_ATTEMPT": str(attempt),
    }
    try:
        return subprocess.Popen(
            [*container["command"], *container["args"]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**inherited, **{v["name"]: v["value"] for v in container["env"]}, **told},
            cwd=Path("/"),
            start_new_session=True,
        )
    except OSError:
        return None


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
