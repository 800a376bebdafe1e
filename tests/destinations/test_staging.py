"""Staging is removed with its process, and nobody's is removed from under a live one."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from headrace.destinations import Destination
from headrace.errors import HeadraceError
from headrace.ids import new_id
from tests.destinations.staging import LOCAL_SCHEMES, Place, bring, of, table

# Elsewhere nobody can tell which processes live; tests/destinations/test_gcs_staging.py.
pytestmark = of(*LOCAL_SCHEMES)

HOLDER = """
import sys
from pathlib import Path
from tests.destinations.staging import Place

staging = Place(sys.argv[1], Path(sys.argv[2])).open().staging(sys.argv[3])
Path(staging.path, "rows").touch()
print(staging.path, flush=True)
input()
"""

STARTER = """
import sys
from pathlib import Path
from headrace.ids import new_id
from tests.destinations.staging import Place

destination = Place(sys.argv[1], Path(sys.argv[2])).open()
for _ in range(100):
    run_id = new_id()
    rows = Path(destination.staging(run_id).path, "rows")
    rows.touch()
    assert rows.exists()
    destination.discard(run_id)
"""


def test_a_killed_process_s_staging_is_removed_by_the_next(
    place: Place, destination: Destination
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, place.scheme, place.path, new_id()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        held = Path(holder.stdout.readline().strip())
        destination.staging(new_id())
        assert (held / "rows").exists()
        holder.kill()

    own = Path(destination.staging(new_id()).path)
    assert not held.exists()
    assert own.exists()


def test_runs_that_start_at_once_keep_their_staging(place: Place) -> None:
    command = [sys.executable, "-c", STARTER, place.scheme, str(place.path)]
    starters = [subprocess.Popen(command) for _ in range(3)]

    assert [starter.wait() for starter in starters] == [0, 0, 0]


def test_staging_that_was_let_go_is_removed_too(place: Place, destination: Destination) -> None:
    left = Path(destination.staging(new_id()).path)
    destination.close()

    place.open().staging(new_id())

    assert not left.exists()


@pytest.mark.parametrize("broken_off", [False, True])
def test_staging_that_is_kept_outlives_its_process_until_it_is_discarded(
    place: Place, destination: Destination, monkeypatch: pytest.MonkeyPatch, broken_off: bool
) -> None:
    run_id = new_id()
    kept = Path(destination.staging(run_id).path)
    destination.keep(run_id)
    destination.close()
    with closing(place.open()) as other:
        other.staging(new_id())
        assert kept.exists()

        with monkeypatch.context() as patched:
            if broken_off:  # another process was writing there
                patched.setattr(shutil, "rmtree", refuse)
            with suppress(HeadraceError):
                other.discard(run_id)

        assert kept.exists() == broken_off
        other.staging(new_id())
        assert not kept.exists()


def refuse(path: Path) -> None:
    raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), str(path))


def test_only_the_owner_may_read_what_is_made(place: Place, destination: Destination) -> None:
    bring(destination, table(id=[1]))
    destination.staging(new_id())

    made = [place.path, *place.path.parent.rglob("*")]
    assert {path.stat().st_mode & 0o777 for path in made if path.is_file()} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in made if path.is_dir()} == {0o700}
