from headrace.sources.wire.columns import Batch, Status

class BinaryRows(Batch):
    def feed(
        self, buffer: bytearray | bytes | memoryview, start: int, end: int
    ) -> tuple[int, Status]: ...
    def feed_row(self, payload: bytearray | bytes) -> Status: ...
