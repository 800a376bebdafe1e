"""GoogleSQL, in which BigQuery is asked as a source and as a destination."""
