"""What PostgreSQL is asked for to measure it (`headrace.sources.measured`)."""

from __future__ import annotations

import pyarrow as pa

from headrace.errors import PROTOCOL_UNEXPECTED, HeadraceError
from headrace.sources.measured import Asking
from headrace.sources.postgres.rows import rows
from headrace.sources.postgres.session import Session
from headrace.sources.wire.columns import Kind
from headrace.sources.wire.decoding import WireColumn

_CLOCK = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"
_LINE = 8 << 10
_COLUMN = WireColumn(pa.field("sample", pa.string()), Kind.TEXT)


def asking(session: Session) -> Asking:
    def clock() -> float:
        what = "Asking for the server's time"
        found = session.query(what, _CLOCK)
        if not found or len(found[0]) != 1 or not isinstance(found[0][0], int):
            raise HeadraceError(PROTOCOL_UNEXPECTED, f"{what}: the answer is no time.")
        return found[0][0] / 1000

    def sample(size: int) -> int:
        sql = f"SELECT repeat('.', {_LINE}) FROM generate_series(1, {size // _LINE})"  # noqa: S608
        with rows(session, "Measuring the rate", sql, [_COLUMN]) as batches:
            for _ in batches:
                pass
        return batches.bytes_received

    return Asking(lambda: session.query("Measuring the round trip", "SELECT 1"), clock, sample)
