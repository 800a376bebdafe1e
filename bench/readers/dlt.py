# /// script
# dependencies = [
#     "dlt[filesystem]==1.31.0",
#     "connectorx==0.4.6",
#     "pyarrow==26.0.1",
#     "sqlalchemy==2.1.9",
#     "psycopg2-binary==2.9.13",
#     "pymysql==1.2.4",
# ]
# ///
"""dlt, reading through ConnectorX's stream and loading into a directory of Parquet files."""

import os
import sys

os.environ |= {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "DATA_WRITER__COMPRESSION": "zstd",
    "RUNTIME__LOG_LEVEL": "CRITICAL",
}

import dlt  # type: ignore[import-not-found]
from dlt.sources.sql_database import sql_table  # type: ignore[import-not-found]

DRIVERS = {"postgresql": "psycopg2", "mysql": "pymysql"}  # for the catalogues

table, directory = sys.argv[1:]
scheme, colon, rest = os.environ["SOURCE_URL"].partition(":")
pipeline = dlt.pipeline(
    "bench",
    pipelines_dir="pipelines",
    destination=dlt.destinations.filesystem(bucket_url=f"file://{directory}"),
    dataset_name="bench",
)
rows = sql_table(
    f"{scheme}+{DRIVERS[scheme]}{colon}{rest}",
    table,
    backend="connectorx",
    backend_kwargs={"return_type": "arrow_stream", "conn": os.environ["SOURCE_URL"]},
    chunk_size=131_072,
    reflection_level="full_with_precision",
)
pipeline.run(rows, loader_file_format="parquet").raise_on_failed_jobs()
