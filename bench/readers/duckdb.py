# /// script
# dependencies = [
#     "duckdb==1.5.5",
#     "duckdb-extension-postgres-scanner==1.5.5",
#     "duckdb-extension-mysql-scanner==1.5.5",
# ]
# ///
"""DuckDB with its scanner extensions, copying into Parquet by itself, with its default threads."""

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

import duckdb

table, directory = sys.argv[1:]
url = urlsplit(os.environ["SOURCE_URL"])
scanner, parts = {
    "postgresql": ("postgres", ("host", "port", "user", "password", "dbname")),
    "mysql": ("mysql", ("host", "port", "user", "password", "database")),
}[url.scheme]
values = (url.hostname, url.port, url.username, url.password, url.path.removeprefix("/"))
address = " ".join(f"{name}={value}" for name, value in zip(parts, values, strict=True))
(extension,) = Path(duckdb.__file__).parent.parent.glob(
    f"duckdb_extension_{scanner}_scanner/extensions/*/*.duckdb_extension"
)
connection = duckdb.connect()
connection.execute(f"INSTALL '{extension}'")
connection.execute(f"LOAD {scanner}_scanner")
connection.execute(f"ATTACH '{address}' AS source (TYPE {scanner}, READ_ONLY)")
connection.execute(
    f"COPY (FROM source.{table}) TO '{directory}/rows.parquet' (FORMAT parquet, COMPRESSION zstd)"
)
