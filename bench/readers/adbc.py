# /// script
# dependencies = [
#     "adbc-driver-postgresql==1.13.0",
#     "adbc-driver-manager==1.13.0",
#     "pyarrow==26.0.1",
# ]
# ///
"""Apache Arrow ADBC's driver; its batches are written by pyarrow as they come."""

import os
import sys

import pyarrow as pa
import pyarrow.parquet as pq
from adbc_driver_postgresql import dbapi  # type: ignore[import-not-found]

table, directory = sys.argv[1:]
with dbapi.connect(os.environ["SOURCE_URL"]) as connection, connection.cursor() as cursor:
    cursor.execute(f"SELECT * FROM {table}")
    reader = cursor.fetch_record_batch()
    # Types that Parquet doesn't know, such as its "opaque" numeric, are written as what they hold.
    schema = pa.schema(
        field.with_type(getattr(field.type, "storage_type", field.type)) for field in reader.schema
    )
    with pq.ParquetWriter(f"{directory}/rows.parquet", schema, compression="zstd") as writer:
        for batch in reader:
            columns = [getattr(column, "storage", column) for column in batch.columns]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
