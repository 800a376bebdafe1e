"""The work behind the HTTP functions: one module a function."""
