from headrace.sources.wire.columns import Batch, Status

class CopyBinary(Batch):
    def feed(
        self, buffer: bytearray | bytes | memoryview, start: int, end: int
    ) -> tuple[int, Status]: ...
