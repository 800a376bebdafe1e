"""What can go wrong between the launcher and Cloud Run, at the wire, and what is sent there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import count

import pytest
from google.oauth2.credentials import Credentials

from devservers.google.cloud_run import CloudRunServer, Job
from devservers.google.rest import hung_up, lost, refused, silent, spoilt
from devservers.ports import free_port
from headrace import ids
from headrace.errors import (
    LAUNCH_FAILED,
    LAUNCHER_BUSY,
    LAUNCHER_FORBIDDEN,
    LAUNCHER_MISSING,
    LAUNCHER_UNAVAILABLE,
    LOG_BUSY,
    LOG_FORBIDDEN,
    LOG_MISSING,
    LOG_UNREACHABLE,
    SETTINGS_INVALID,
    HeadraceError,
    Kind,
)
from headrace.google_calls import Patience
from headrace.google_rest import RestService
from headrace.launchers.cloud_logging import JobLogs
from headrace.launchers.cloudrun import CloudRunLauncher, open_launcher
from headrace.model import Run, RunState
from headrace.run_log import LogQuery
from headrace.settings import Settings
from tests.launchers.conftest import run, wait_until

MONOTONIC = "headrace.launchers.cloud_logging.monotonic"
PATIENT, HASTY = Patience(), Patience(all=0.1)
ENDS_AT_ONCE = (sys.executable, "-c", "")


@dataclass
class Cloud:
    """A job of a project of the test's own, whose command is given the ids and ends at once."""

    server: CloudRunServer
    project: str

    def __post_init__(self) -> None:
        self.server.add_job(self.job, Job(ENDS_AT_ONCE))
        self.server.logs.views.add(self.view)
        self.executions: list[str] = []

    @property
    def parent(self) -> str:
        return f"projects/{self.project}/locations/europe-west1"

    @property
    def job(self) -> str:
        return f"{self.parent}/jobs/extract"

    @property
    def view(self) -> str:
        return f"{self.parent}/buckets/runs/views/all"

    def launcher(self, patience: Patience = PATIENT) -> CloudRunLauncher:
        logs = JobLogs(
            RestService("logging", self.server.address, LOG_FORBIDDEN),
            self.view,
            "extract",
            patience=patience,
            seen_after=timedelta(),
        )
        service = RestService("run", self.server.address, LAUNCHER_FORBIDDEN)
        return CloudRunLauncher(service, self.job, logs, patience=patience)

    def ended(self) -> str:
        """An execution that has ended."""
        launcher = self.launcher()
        execution = launcher.launch(run())
        wait_until(lambda: not launcher.alive(execution))
        self.server.requests.clear()
        return execution

    def started(self) -> int:
        return len(self.server.executions(self.job))


@pytest.fixture
def cloud(cloud_run_server: CloudRunServer) -> Cloud:
    return Cloud(cloud_run_server, f"p{ids.new_id()}")


# What each operation asks, and what the errors of that service are called.
Operation = Callable[[CloudRunLauncher, str], object]
OPERATIONS: Mapping[str, tuple[str, Operation]] = {
    "launch": ("jobs.run", lambda launcher, _: launcher.launch(run())),
    "alive": ("executions.get", lambda launcher, execution: launcher.alive(execution)),
    "stop": ("executions.cancel", lambda launcher, execution: launcher.stop(execution)),
    "read_log": ("entries.list", lambda launcher, _: launcher.read_log(run(), LogQuery())),
}
KINDS: Mapping[str, tuple[Kind, Kind]] = {
    "UNAVAILABLE": (LAUNCHER_UNAVAILABLE, LOG_UNREACHABLE),
    "DEADLINE_EXCEEDED": (LAUNCHER_UNAVAILABLE, LOG_UNREACHABLE),
    "INTERNAL": (LAUNCHER_UNAVAILABLE, LOG_UNREACHABLE),
    "RESOURCE_EXHAUSTED": (LAUNCHER_BUSY, LOG_BUSY),
    "ABORTED": (LAUNCHER_BUSY, LOG_BUSY),
    "PERMISSION_DENIED": (LAUNCHER_FORBIDDEN, LOG_FORBIDDEN),
    "UNAUTHENTICATED": (LAUNCHER_FORBIDDEN, LOG_FORBIDDEN),
    "NOT_FOUND": (LAUNCHER_MISSING, LOG_MISSING),
}
AGAIN = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "RESOURCE_EXHAUSTED", "ABORTED")
each_operation = pytest.mark.parametrize("operation", OPERATIONS)


def error_of(call: Callable[[], object]) -> HeadraceError:
    with pytest.raises(HeadraceError) as caught:
        call()
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"
    return caught.value


@pytest.mark.parametrize("status", AGAIN)
@each_operation
def test_what_may_pass_is_tried_again(cloud: Cloud, operation: str, status: str) -> None:
    method, call = OPERATIONS[operation]
    execution = cloud.ended()
    before = cloud.started()
    cloud.server.fail(method, refused(status))

    call(cloud.launcher(), execution)

    assert len(cloud.server.requests[method]) == 2
    assert cloud.started() == before + (operation == "launch")


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        (operation, status)
        for operation in OPERATIONS
        for status in KINDS
        # an execution that is not there has ended
        if not (status == "NOT_FOUND" and operation in ("alive", "stop"))
    ],
)
def test_what_lasts_is_told_apart(cloud: Cloud, operation: str, status: str) -> None:
    method, call = OPERATIONS[operation]
    execution = cloud.ended()
    cloud.server.fail(method, *[refused(status)] * 9)

    error = error_of(lambda: call(cloud.launcher(HASTY), execution))

    assert error.kind is KINDS[status][operation == "read_log"]
    assert f"({status})" in error.detail


@each_operation
def test_a_server_that_says_nothing_is_asked_again(cloud: Cloud, operation: str) -> None:
    method, call = OPERATIONS[operation]
    execution = cloud.ended()
    cloud.server.fail(method, silent)

    call(cloud.launcher(Patience(attempt=0.4)), execution)

    assert len(cloud.server.requests[method]) == 2


@each_operation
def test_a_server_that_is_not_there(operation: str) -> None:
    address = f"127.0.0.1:{free_port()}"
    logs = JobLogs(RestService("", address, LOG_FORBIDDEN), "v", "extract", patience=HASTY)
    service = RestService("", address, LAUNCHER_FORBIDDEN)
    launcher = CloudRunLauncher(service, "projects/p/jobs/j", logs, patience=HASTY)

    error = error_of(lambda: OPERATIONS[operation][1](launcher, "extract-1"))

    assert error.kind is KINDS["UNAVAILABLE"][operation == "read_log"]


@pytest.mark.parametrize(
    "fault",
    [
        lost("UNAVAILABLE"),
        lost("INTERNAL"),
        lost("DEADLINE_EXCEEDED"),
        hung_up,
        spoilt(lambda answer: answer.pop("metadata")),
    ],
    ids=["unavailable", "internal", "deadline", "hung up", "nameless"],
)
def test_a_launch_whose_answer_is_lost_is_found_again(cloud: Cloud, fault: object) -> None:
    for _ in range(3):  # others, of which one is of the same run
        cloud.launcher().launch(wanted := run())
    cloud.server.fail("jobs.run", fault)  # type: ignore[arg-type]

    execution = cloud.launcher().launch(wanted)

    shown = cloud.server.executions(cloud.job)
    assert len(shown) == 4
    assert shown[-1]["name"] == f"{cloud.job}/executions/{execution}"


def test_it_is_found_among_many(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headrace.launchers.cloudrun._LISTED_AT_ONCE", 2)
    cloud.server.fail("jobs.run", lost("UNAVAILABLE"))
    others = [cloud.launcher() for _ in range(5)]

    class Late(CloudRunLauncher):
        """Others launch between the lost answer and the looking."""

        def _launched(self, mark: str) -> str | None:
            while others:
                others.pop().launch(run())
            return super()._launched(mark)

    plain = cloud.launcher()
    late = Late(plain._service, cloud.job, plain._logs)

    execution = late.launch(run())

    shown = cloud.server.executions(cloud.job)
    assert shown[0]["name"].endswith(f"/{execution}")
    assert len(shown) == 6
    assert len(cloud.server.requests["executions.list"]) == 3


def test_while_it_can_not_be_looked_for_it_is_not_sent_again(cloud: Cloud) -> None:
    cloud.server.fail("jobs.run", lost("UNAVAILABLE"))
    cloud.server.fail("executions.list", *[refused("UNAVAILABLE")] * 3)

    execution = cloud.launcher().launch(run())

    (shown,) = cloud.server.executions(cloud.job)
    assert shown["name"].endswith(f"/{execution}")
    assert len(cloud.server.requests["jobs.run"]) == 1


def test_what_was_refused_is_not_looked_for(cloud: Cloud) -> None:
    """An account may start executions that may not list them."""
    cloud.server.fail("jobs.run", refused("RESOURCE_EXHAUSTED"))

    cloud.launcher().launch(run())

    assert cloud.server.requests["executions.list"] == []


def test_a_request_that_the_job_does_not_take(cloud: Cloud) -> None:
    cloud.server.fail("jobs.run", refused("INVALID_ARGUMENT"))

    error = error_of(lambda: cloud.launcher().launch(run()))

    assert error.kind is LAUNCH_FAILED
    assert "HEADRACE_TASKS" in error.hint


def test_opaque_ids_alone_are_sent(cloud: Cloud) -> None:
    wanted = run()
    launcher = cloud.launcher()
    launcher._tasks = 3
    launcher.launch(wanted)

    (call,) = cloud.server.requests["jobs.run"]
    (container,) = call.body["overrides"].pop("containerOverrides")
    ((variable),) = container.pop("env")
    assert container == {"args": [wanted.model_id, wanted.source_id, wanted.run_id]}
    assert call.body == {"overrides": {"taskCount": 3}}
    assert variable["name"] == "HEADRACE_LAUNCH"
    assert len(variable["value"]) == len(ids.new_id())
    assert call.token is None


def test_executions_of_other_launchers_are_not_alive(cloud: Cloud) -> None:
    for foreign in ("4711:1764000000.00", "../secrets", "extract-gone"):
        assert not cloud.launcher().alive(foreign)
        cloud.launcher().stop(foreign)
    assert len(cloud.server.requests["executions.get"]) == 1


# --- credentials ------------------------------------------------------------------------------


def authorized(cloud: Cloud, token: str, *, refreshed_at: str | None = None) -> CloudRunLauncher:
    """A launcher that has a token, and gets a new one from the server or from nowhere."""
    where = refreshed_at or cloud.server.address
    credentials = Credentials(  # type: ignore[no-untyped-call]
        token,
        refresh_token="r",
        token_uri=f"http://{where}/token",
        client_id="c",
        client_secret="s",
    )
    plain = cloud.launcher(HASTY)
    service = RestService("", None, LAUNCHER_FORBIDDEN, lambda: credentials)
    service._base = f"http://{cloud.server.address}"
    return CloudRunLauncher(service, cloud.job, plain._logs, patience=HASTY)


@pytest.fixture
def token(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(cloud.server, "token", "t0ken")
    return "t0ken"


def test_a_token_that_has_ended_is_renewed(cloud: Cloud, token: str) -> None:
    authorized(cloud, "old").launch(run())

    assert [call.token for call in cloud.server.requests["jobs.run"]] == ["old", token]


def test_a_token_that_is_refused(cloud: Cloud, token: str) -> None:
    cloud.server.fail("token", *[refused("UNAUTHENTICATED")] * 9)

    error = error_of(lambda: authorized(cloud, f"not {token}").launch(run()))

    assert error.kind is LAUNCHER_FORBIDDEN


@pytest.mark.usefixtures("token")
def test_a_token_that_can_not_be_had_now(cloud: Cloud) -> None:
    launcher = authorized(cloud, "old", refreshed_at=f"127.0.0.1:{free_port()}")

    assert error_of(lambda: launcher.launch(run())).kind is LAUNCHER_UNAVAILABLE


def test_without_credentials(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json")
    launcher = open_launcher("cloudrun://some-project/europe-west1/extract", settings)

    for call, kind in (
        (lambda: launcher.launch(run()), LAUNCHER_FORBIDDEN),
        (lambda: launcher.read_log(run(), LogQuery()), LOG_FORBIDDEN),
    ):
        error = error_of(call)
        assert error.kind is kind
        assert "gcloud auth application-default login" in error.hint


# --- settings ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "cloudrun://some-project",
        "cloudrun://some-project/extract",
        "cloudrun://some-project/europe-west1/extract/more",
        "cloudrun://some-project/europe-west1/UPPER",
        "cloudrun://some-project/europe-west1/extract?logs=view",
        "cloudrun://some-project/europe-west1/extract?log=a/b",
        "cloudrun://some-project/europe-west1/extract?emulator=example.com:80",
    ],
)
def test_a_url_that_names_no_job(settings: Settings, url: str) -> None:
    assert error_of(lambda: open_launcher(url, settings)).kind is SETTINGS_INVALID


def test_the_launcher_of_the_settings(
    cloud: Cloud, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"cloudrun://{cloud.project}/europe-west1/extract?logs=runs/all"
    launcher = open_launcher(
        f"{url}&emulator={cloud.server.address}", settings.model_copy(update={"tasks": 2})
    )

    execution = launcher.launch(run())
    launcher.read_log(run(), LogQuery())

    (shown,) = cloud.server.executions(cloud.job)
    assert shown["taskCount"] == 2
    assert cloud.server.requests["entries.list"][0].body["resourceNames"] == [cloud.view]
    assert launcher.current() is None
    monkeypatch.setenv("CLOUD_RUN_EXECUTION", execution)
    assert launcher.current() == execution


# --- logs -------------------------------------------------------------------------------------


def of(cloud: Cloud, execution: str) -> dict[str, object]:
    return {
        "resource": {
            "type": "cloud_run_job",
            "labels": {"job_name": "extract", "project_id": cloud.project},
        },
        "labels": {"run.googleapis.com/execution_name": execution},
    }


def launched() -> Run:
    return run().model_copy(update={"execution": "extract-1"})


def test_an_entry_that_arrives_late_is_not_passed_over(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is young is left for later, when what came before it has arrived too."""
    monkeypatch.setattr(MONOTONIC, count(0.0, 100.0).__next__)
    logs = JobLogs(RestService("", cloud.server.address, LOG_FORBIDDEN), cloud.view, "extract")
    wanted = launched()

    def write(message: str, seconds_ago: float) -> None:
        at = wanted.requested_at - timedelta(seconds=seconds_ago)
        line = f'{{"time": "{at.isoformat()}", "message": "{message}", "n": 1}}'
        cloud.server.logs.write(line, of(cloud, "extract-1"))

    write("first", 30)
    write("young", 0)
    page = logs.read(wanted, LogQuery(), growing=True)
    assert [line.message for line in page.lines] == ["first"]
    assert (page.more, page.next_after is None) == (False, False)

    write("late", 20)
    page = logs.read(wanted, LogQuery(after=page.next_after), growing=True)
    assert [line.message for line in page.lines] == ["late"]

    page = logs.read(wanted, LogQuery(after=page.next_after), growing=False)
    assert [line.message for line in page.lines] == ["young"]
    assert page.next_after is None


def test_who_follows_does_not_use_up_the_quota(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([100.0, 101.0, 104.9, 105.1, 105.1, 105.2])
    monkeypatch.setattr(MONOTONIC, times.__next__)
    logs = JobLogs(RestService("", cloud.server.address, LOG_FORBIDDEN), cloud.view, "extract")
    wanted = launched()

    def asked(after: str | None, *, growing: bool = True) -> int:
        before = len(cloud.server.requests["entries.list"])
        logs.read(wanted, LogQuery(after=after), growing=growing)
        return len(cloud.server.requests["entries.list"]) - before

    # At 100 there is nothing; at 101 and 104.9 nobody asks again, from 105 on one does.
    assert [asked(None), asked("0"), asked("0"), asked("0")] == [1, 0, 0, 1]
    assert asked("0", growing=False) == 1
    assert asked("0") == 0


def test_a_run_that_has_just_ended_may_still_be_logging(cloud: Cloud) -> None:
    logs = JobLogs(RestService("", cloud.server.address, LOG_FORBIDDEN), cloud.view, "extract")
    wanted = launched()
    wanted = wanted.model_copy(update={"finished_at": wanted.requested_at})

    assert logs.read(wanted, LogQuery(), growing=False).next_after is not None


def test_lines_of_all_attempts_and_of_no_other_run(cloud: Cloud) -> None:
    launcher, wanted = cloud.launcher(), launched()
    for execution, line in (
        ("extract-1", "crashed"),
        ("extract-2", "another's"),
        ("extract-3", f'{{"message": "ours", "run_id": "{wanted.run_id}"}}'),
    ):
        cloud.server.logs.write(line, of(cloud, execution))
    ended = wanted.model_copy(update={"finished_at": wanted.requested_at, "state": RunState.FAILED})

    page = launcher.read_log(ended, LogQuery())

    assert [line.message for line in page.lines] == ["crashed", "ours"]


def test_cloud_logging_may_need_several_answers(cloud: Cloud) -> None:
    """It says that it has found nothing so far, and is not done."""
    cloud.server.logs.write("here", of(cloud, "extract-1"))

    def nothing_so_far(answer: dict[str, object]) -> None:
        del answer["entries"]
        answer["nextPageToken"] = "0"

    cloud.server.fail("entries.list", spoilt(nothing_so_far), spoilt(nothing_so_far))

    page = cloud.launcher().read_log(launched(), LogQuery())

    assert [line.message for line in page.lines] == ["here"]


def test_a_place_can_not_be_used_to_ask_for_more(cloud: Cloud) -> None:
    """Whatever stands behind the time is a text for Cloud Logging."""
    cloud.server.logs.write("theirs", of(cloud, "extract-2"))
    after = '2020-01-01T00:00:00Z/"))OR(timestamp>"2020'

    page = cloud.launcher().read_log(launched(), LogQuery(after=after))

    assert page.lines == ()
