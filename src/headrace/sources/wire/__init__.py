"""The compiled decoders: rows on the wire to Arrow's column buffers.

`columns` holds the memory of a batch and what both protocols share, `copy_binary` reads
PostgreSQL's COPY BINARY, `binary_rows` MySQL's prepared-statement rows.
"""
