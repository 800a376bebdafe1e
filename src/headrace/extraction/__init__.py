"""The engine: it knows Protocols only."""
