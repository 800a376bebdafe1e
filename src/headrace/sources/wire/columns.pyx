# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The memory of a batch of rows, given to Arrow without a copy."""

from cpython.buffer cimport PyBuffer_FillInfo
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memset

cdef int _n
POWER[0] = 1
for _n in range(1, 39):
    POWER[_n] = POWER[_n - 1] * 10
for _n in range(5):
    ROOM[_n] = (POWER[38] - 1) // POWER[_n]

cdef int64_t LEAST_ROOM = 1024


cdef class Memory:
    """Memory that Arrow may keep: it is freed when the last buffer over it is gone."""
    cdef uint8_t *start
    cdef Py_ssize_t size

    def __getbuffer__(self, Py_buffer *view, int flags):
        PyBuffer_FillInfo(view, self, self.start, self.size, 1, flags)

    def __dealloc__(self):
        free(self.start)


cdef Memory owned(void *start, Py_ssize_t size):
    cdef Memory memory = Memory.__new__(Memory)
    memory.start = <uint8_t *>start
    memory.size = size
    return memory


cdef class Batch:
    """Columns of at most `max_rows` rows; full after about `max_bytes` received bytes.

    `columns` are (kind, precision, scale, nullify). Precision and scale are for DECIMAL alone;
    with `nullify` a value that the column can't hold becomes NULL and is counted, without it
    VALUE stops the decoding. After VALUE, LENGTH or MEMORY `failed_column` is the column at
    fault; after MORE `needed` is the length in bytes of the message at the position, as far as
    it is known.
    """

    def __cinit__(self, columns, int64_t max_rows, int64_t max_bytes):
        cdef int i
        if not 0 < max_rows <= 1 << 24 or max_bytes <= 0:
            raise ValueError("a batch holds at least one row and byte")
        self.count = len(columns)
        self.max_rows = max_rows
        self.max_bytes = max_bytes
        self.columns = <Column *>calloc(max(1, self.count), sizeof(Column))
        if not self.columns:
            raise MemoryError
        for i, (kind, precision, scale, nullify) in enumerate(columns):
            if not 0 <= scale <= precision <= 38:
                raise ValueError("a decimal has at most 38 digits")
            self.columns[i].kind = kind
            self.columns[i].scale = scale
            self.columns[i].limit = POWER[<int>precision]
            self.columns[i].nullify = nullify
            self.columns[i].room = LEAST_ROOM
        self._allocate()

    def __dealloc__(self):
        if self.columns:
            self._release()
            free(self.columns)

    cdef void _release(self) noexcept:
        cdef int i
        for i in range(self.count):
            free(self.columns[i].values)
            free(self.columns[i].valid)
            free(self.columns[i].offsets)
            free(self.columns[i].data)
            self.columns[i].values = self.columns[i].valid = self.columns[i].data = NULL
            self.columns[i].offsets = NULL

    cdef int _allocate(self) except -1:
        """New memory for all columns; that of the batch before belongs to Arrow."""
        cdef int i
        cdef Column *column
        cdef int64_t bits = (self.max_rows + 63) // 64 * 8
        self.broken = True       # until all of it is there
        self.rows = 0
        self.bytes = 0
        for i in range(self.count):
            column = &self.columns[i]
            column.size = column.nulls = column.replaced = 0
            column.valid = <uint8_t *>malloc(bits)
            if width(column.kind):
                column.values = <uint8_t *>malloc(self.max_rows * width(column.kind))
            elif column.kind == BOOL:
                column.values = <uint8_t *>calloc(bits, 1)
            else:
                column.offsets = <int32_t *>malloc((self.max_rows + 1) * sizeof(int32_t))
                column.data = <uint8_t *>malloc(column.room)
            if not column.valid or not (
                column.values if not column.offsets else column.data
            ):
                raise MemoryError
            memset(column.valid, 0xFF, bits)
            if column.offsets:
                column.offsets[0] = 0
        self.broken = False
        return 0

    cdef int _usable(self) except -1:
        if self.broken:
            raise ValueError("the batch was broken by an error")
        return 0

    def take(self):
        """The rows so far, and for each column (nulls, replaced, buffers).

        `replaced` of the nulls were values that did not fit; the buffers are those of
        `pyarrow.Array.from_buffers`. The batch is empty afterwards.
        """
        cdef int i
        cdef Column *column
        self._usable()
        rows = self.rows
        taken = []
        for i in range(self.count):
            column = &self.columns[i]
            valid = owned(column.valid, (rows + 7) // 8)
            column.valid = NULL
            if column.offsets:
                rest = [owned(column.offsets, (rows + 1) * 4), owned(column.data, column.size)]
                # The next batch will need about as much.
                column.room = max(LEAST_ROOM, min(column.size + column.size // 4, self.max_bytes))
            else:
                size = (rows + 7) // 8 if column.kind == BOOL else rows * width(column.kind)
                rest = [owned(column.values, size)]
            column.values = column.data = NULL
            column.offsets = NULL
            buffers = [valid if column.nulls else None, *rest]
            taken.append((column.nulls, column.replaced, buffers))
        self._allocate()
        return rows, taken
