"""What is particular about jobs that are processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from headrace import ids
from headrace.errors import LAUNCH_FAILED, HeadraceError
from headrace.launchers.process import JOB, ProcessLauncher, open_launcher
from headrace.model import Run, now
from headrace.settings import Settings

SHOW = """
import json, os, sys
environment = {name: value for name, value in os.environ.items() if name.startswith("HEADRACE_")}
print(json.dumps([os.getsid(0) == os.getpid(), sys.stdin.read(), environment]))
sys.stderr.write("to the log too")
"""


def run() -> Run:
    return Run(model_id="m", source_id="s", run_id=ids.new_id(), requested_at=now())


def output(directory: Path, launcher: ProcessLauncher, started: Run) -> str:
    execution = launcher.launch(started)
    while launcher.alive(execution):
        time.sleep(0.01)
    return (directory / f"{started.run_id}.log").read_text()


def test_a_job_opens_the_same_ports_and_does_not_get_the_token(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADRACE_TOKEN", "t0ken")
    monkeypatch.setenv("HEADRACE_VAULT", "encrypted-file:///elsewhere")
    launcher = ProcessLauncher(tmp_path, (sys.executable, "-c", SHOW), settings.environment())

    shown, _, errors = output(tmp_path, launcher, run()).partition("\n")

    assert json.loads(shown) == [True, "", settings.environment()]
    assert errors == "to the log too"


def test_only_the_owner_may_read_the_log(tmp_path: Path) -> None:
    started = run()
    output(tmp_path / "logs", ProcessLauncher(tmp_path / "logs", ("true",), {}), started)

    assert (tmp_path / "logs").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "logs" / f"{started.run_id}.log").stat().st_mode & 0o777 == 0o600


def test_a_second_launch_appends_to_the_log(tmp_path: Path) -> None:
    started = run()
    launcher = ProcessLauncher(tmp_path, ("echo",), {})
    output(tmp_path, launcher, started)

    assert output(tmp_path, launcher, started) == f"m s {started.run_id}\n" * 2


def test_another_process_with_the_same_pid_is_not_the_job(tmp_path: Path) -> None:
    launcher = ProcessLauncher(tmp_path, ("true",), {})
    started = psutil.Process().create_time()

    assert launcher.alive(f"{os.getpid()}:{started}")
    assert not launcher.alive(f"{os.getpid()}:{started - 60}")
    launcher.stop(f"{os.getpid()}:{started - 60}")


def test_a_job_finds_its_own_execution(tmp_path: Path) -> None:
    show = (
        "from pathlib import Path; from headrace.launchers.process import ProcessLauncher;"
        "print(ProcessLauncher(Path(), (), {}).current(), flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", show], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as job:
        assert job.stdout is not None
        execution = job.stdout.readline().strip()
        launcher = ProcessLauncher(tmp_path, ("true",), {})

        assert execution.startswith(f"{job.pid}:")
        assert launcher.alive(execution)
        job.communicate("\n")
    assert not launcher.alive(execution)


def test_a_file_where_the_service_was_started_shadows_no_module(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "headrace.py").write_text("raise SystemExit('shadowed')")
    monkeypatch.chdir(tmp_path)
    started = run()
    launcher = ProcessLauncher(tmp_path / "logs", JOB, settings.environment())

    assert "run_not_found" in output(tmp_path / "logs", launcher, started)


def test_a_job_that_nobody_waited_for_is_not_alive(tmp_path: Path) -> None:
    """It ended, but its parent, another service, has not asked for its exit code."""
    pid = os.posix_spawn(sys.executable, [sys.executable, "-c", ""], {})
    child = psutil.Process(pid)
    execution = f"{pid}:{child.create_time()}"
    while child.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)

    assert not ProcessLauncher(tmp_path, ("true",), {}).alive(execution)
    os.waitpid(pid, 0)


def test_an_ended_job_leaves_no_zombie(tmp_path: Path) -> None:
    execution = ProcessLauncher(tmp_path, ("true",), {}).launch(run())

    while psutil.pid_exists(int(execution.partition(":")[0])):
        time.sleep(0.01)


def test_a_log_that_can_not_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "logs").touch()

    with pytest.raises(HeadraceError) as caught:
        ProcessLauncher(tmp_path / "logs", ("true",), {}).launch(run())

    assert caught.value.kind is LAUNCH_FAILED


def test_the_launcher_of_the_settings_starts_the_extraction_job(settings: Settings) -> None:
    opened = open_launcher(settings.launcher, settings)

    assert vars(opened) == vars(
        ProcessLauncher(settings.data / "logs", JOB, settings.environment())
    )
