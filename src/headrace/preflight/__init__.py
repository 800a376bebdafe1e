"""What would become of a table, told before the first run."""
