"""Database servers refuse to run as root; root runs them as `nobody`, where `nobody` may enter."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import time
from pathlib import Path
from typing import Any

_UNPRIVILEGED = "nobody"


def as_unprivileged() -> dict[str, Any]:
    """Arguments for `subprocess` that start a process which is not root's."""
    if os.geteuid() != 0:
        return {"cwd": "/"}
    return {"cwd": "/", "user": _UNPRIVILEGED, "group": pwd.getpwnam(_UNPRIVILEGED).pw_gid}


def give_away(path: Path) -> None:
    """Make the path the server's own."""
    if os.geteuid() == 0:
        shutil.chown(path, _UNPRIVILEGED)


def enterable(directory: Path) -> Path:
    """The directory itself, or, if `nobody` can't get to it, one of the same name in /var/tmp."""
    directory = directory.absolute()
    if os.geteuid() != 0 or open_to_all(directory.parent):
        return directory
    digest = hashlib.sha256(str(directory).encode()).hexdigest()[:12]
    place = Path("/var/tmp") / f"headrace-{digest}"
    if place.exists():
        refuse_foreign(place)
    return place


def refuse_foreign(path: Path) -> None:
    """Anybody may make a path in /var/tmp; what lies there is used only if it is our own."""
    status = path.lstat()
    ours = {os.geteuid(), pwd.getpwnam(_UNPRIVILEGED).pw_uid}
    if status.st_uid not in ours or status.st_mode & 0o022 or not path.is_dir():
        raise RuntimeError(f"{path} belongs to someone else; remove it and try again")


def open_to_all(path: Path) -> bool:
    return all(part.stat().st_mode & 0o001 for part in (path, *path.parents) if part.exists())


def end_leftover(pid_file: Path, data: Path, signal_number: int) -> None:
    """Stop the server that an earlier, killed process left running over the data directory."""
    try:
        pid = int(pid_file.read_text().split()[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError, IndexError):
        return
    if str(data).encode() not in command:
        return  # the number belongs to another process by now
    os.kill(pid, signal_number)
    while Path(f"/proc/{pid}").exists():
        time.sleep(0.05)
