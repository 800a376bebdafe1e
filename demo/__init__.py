"""The demonstration: a real PostgreSQL reaches DuckDB through the HTTP functions and the job."""
