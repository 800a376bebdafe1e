"""The extraction job, to which something happens at points of its work.

`python -m tests.cloud.fated FATES MODEL SOURCE RUN`, where FATES is a file of those that are still
to come, by the line; a process meets the first of them. Then FATES.pid is that process.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.cloud import bigquery

from headrace.extraction import job


@dataclass(frozen=True)
class Fate:
    """A signal before or after a method of BigQuery's client has sent a job of that name."""

    method: str
    name: str
    signal: signal.Signals
    sent: bool = True


FATES: Mapping[str, Fate] = {
    "load sent": Fate("load_table_from_uri", "headrace_load_", signal.SIGKILL),
    "transaction sent": Fate("query", "headrace_publish_", signal.SIGKILL),
    "transaction not sent": Fate("query", "headrace_publish_", signal.SIGKILL, sent=False),
    "late": Fate("query", "headrace_publish_", signal.SIGSTOP, sent=False),
}


def main() -> int:
    fates, *arguments = sys.argv[1:]
    _await(Path(fates))
    sys.argv = ["job", *arguments]
    return job.main()


def _await(fates: Path) -> None:
    name, *later = fates.read_text().splitlines() or [""]
    if name not in FATES:
        return
    fate = FATES[name]
    send: Callable[..., Any] = getattr(bigquery.Client, fate.method)
    met = False

    def fated(*args: Any, **kwargs: Any) -> Any:
        nonlocal met
        if met or not kwargs.get("job_id", "").startswith(fate.name):
            return send(*args, **kwargs)
        met = True
        sent = send(*args, **kwargs) if fate.sent else None
        fates.with_suffix(".pid").write_text(str(os.getpid()))
        fates.write_text("\n".join(later))
        os.kill(os.getpid(), fate.signal)
        return sent or send(*args, **kwargs)

    setattr(bigquery.Client, fate.method, fated)


if __name__ == "__main__":
    sys.exit(main())
