# /// script
# dependencies = ["ingestr==0.15.9"]
# ///
"""ingestr, into a Parquet file."""

import os
import sys
from pathlib import Path

table, directory = sys.argv[1:]
os.environ |= {"DISABLE_TELEMETRY": "true", "SOURCE_URI": os.environ["SOURCE_URL"]}
schema = os.environ["SOURCE_SCHEMA"]
binary = str(Path(sys.executable).parent / "ingestr")
os.execv(
    binary,
    [
        binary, "ingest", "--yes", "--progress=log",
        f"--source-table={schema}.{table}",
        f"--dest-uri=parquet://{directory}/rows.parquet", f"--dest-table=bench.{table}",
        "--pipelines-dir=pipelines",
    ],
)  # fmt: skip
