"""Headrace brings databases into BigQuery, or into DuckDB and Parquet on a laptop."""
