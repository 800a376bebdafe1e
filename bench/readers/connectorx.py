# /// script
# dependencies = ["connectorx==0.4.6", "pyarrow==26.0.1"]
# ///
"""ConnectorX, streaming; its batches are written by pyarrow as they come."""

import os
import sys

import connectorx  # type: ignore[import-not-found]
import pyarrow.parquet as pq

table, directory = sys.argv[1:]
reader = connectorx.read_sql(
    os.environ["SOURCE_URL"],
    f"SELECT * FROM {table}",
    return_type="arrow_stream",
    batch_size=131_072,
)
with pq.ParquetWriter(f"{directory}/rows.parquet", reader.schema, compression="zstd") as writer:
    for batch in reader:
        writer.write_batch(batch)
