"""One script a reader: `python -P READER.py TABLE DIRECTORY` writes Parquet files there.

The environment holds SOURCE_URL and SOURCE_SCHEMA; what a reader leaves in the current directory
is thrown away. Each is run as its own documentation recommends for a full load of one table over
one connection, with zstd where it can be chosen.
"""
