"""What somebody probably meant whose host name is known to nobody."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher

LOCALHOST_NAMES = {"localhost", "localhost.localdomain", "ip6-localhost"}

# By these a container reaches the machine that it runs on.
_OF_CONTAINERS = {
    "host.docker.internal",
    "gateway.docker.internal",
    "host.containers.internal",
    "host.minikube.internal",
}
_LOCAL_ENDINGS = {"local", "lan", "home", "internal", "intranet", "corp", "private", "svc"}
_MISTYPED_ENDINGS = {
    "con": "com", "cmo": "com", "ocm": "com", "comm": "com", "vom": "com", "xom": "com",
    "nte": "net", "ent": "net", "ogr": "org", "rog": "org",
}  # fmt: skip

# How the names of well-known providers' databases end.
_PROVIDERS = (
    "rds.amazonaws.com",
    "rds.amazonaws.com.cn",
    "redshift.amazonaws.com",
    "postgres.database.azure.com",
    "mysql.database.azure.com",
    "mariadb.database.azure.com",
    "db.ondigitalocean.com",
    "supabase.co",
    "pooler.supabase.com",
    "neon.tech",
    "aivencloud.com",
    "render.com",
    "cockroachlabs.cloud",
    "psdb.cloud",
    "rds.aliyuncs.com",
)
_NEAR = 0.88  # one or two letters of an ending


@dataclass(frozen=True)
class Guess:
    """The next step, and the name that was probably meant, if one can be told."""

    hint: str | None = None
    suggestion: str | None = None


def guess(name: str) -> Guess:
    """`name` as it is looked up: in ASCII, in lower case, without a dot at the end."""
    if name in _OF_CONTAINERS:
        return Guess(
            f"'{name}' is known inside of containers alone. If the database runs on the machine "
            "of this service, that is 'localhost' here; else enter the name by which other "
            "machines reach it.",
            "localhost",
        )
    if corrected := _corrected(name):
        return Guess(f"Check the spelling: did you mean '{corrected}'?", corrected)
    if "." not in name:
        return Guess(
            "A name without dots, such as that of a container or of a service in Docker Compose, "
            "is known in its own network alone. Enter the full name, such as db.example.com, or "
            "the address by which other machines reach the database."
        )
    if (ending := name.rpartition(".")[2]) in _LOCAL_ENDINGS:
        return Guess(
            f"Names that end in '.{ending}' are known in their own network alone. Enter the name "
            "by which other machines reach the database, or have this service run in that network."
        )
    return Guess()


def _corrected(name: str) -> str | None:
    front, _, ending = name.rpartition(".")
    if front and (meant := _MISTYPED_ENDINGS.get(ending)):
        return f"{front}.{meant}"
    if any(name.endswith(f".{known}") for known in _PROVIDERS):
        return None
    best, likeness = None, _NEAR
    labels = name.split(".")
    for known in _PROVIDERS:
        count = known.count(".") + 1
        if len(labels) <= count:
            continue
        ratio = SequenceMatcher(None, ".".join(labels[-count:]), known, autojunk=False).ratio()
        if ratio >= likeness:
            best, likeness = ".".join([*labels[:-count], known]), ratio
    return best
