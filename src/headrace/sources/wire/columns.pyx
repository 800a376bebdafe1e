# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The memory of a batch of rows, given to Arrow without a copy."""

from cpython.buffer cimport PyBuffer_FillInfo
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.stdlib cimport calloc, free, malloc, realloc
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


cdef Memory owned(void **start, Py_ssize_t size):
    """Takes memory over, cut to what is used: batches wait in line, and would hold the rest too.

    `start` is NULL from then on: with two owners, an error in between would free it twice.
    """
    cdef Memory memory = Memory.__new__(Memory)
    cdef void *cut = realloc(start[0], max(size, 1))
    memory.start = <uint8_t *>(cut if cut else start[0])
    memory.size = size
    start[0] = NULL
    return memory


cdef int allocate(Column *column, int64_t rows) except -1:
    """New memory for a column of so many rows; that of the batch before belongs to Arrow."""
    cdef int64_t bits = (rows + 63) // 64 * 8
    column.size = column.nulls = column.replaced = 0
    column.valid = <uint8_t *>malloc(bits)
    if not column.valid:
        raise MemoryError
    memset(column.valid, 0xFF, bits)
    if width(column.kind):
        column.values = <uint8_t *>malloc(rows * width(column.kind))
    elif column.kind == BOOL:
        column.values = <uint8_t *>calloc(bits, 1)
    if width(column.kind) or column.kind == BOOL:
        if not column.values:
            raise MemoryError
        return 0
    column.offsets = <int32_t *>malloc((rows + 1) * sizeof(int32_t))
    if not column.offsets:
        raise MemoryError
    column.offsets[0] = 0
    if column.elements:
        return allocate(column.elements, column.room)
    column.data = <uint8_t *>malloc(column.room)
    if not column.data:
        raise MemoryError
    return 0


cdef void release(Column *column) noexcept:
    free(column.values)
    free(column.valid)
    free(column.offsets)
    free(column.data)
    column.values = column.valid = column.data = NULL
    column.offsets = NULL
    if column.elements:
        release(column.elements)


cdef taken(Column *column, int64_t rows, int64_t most_room):
    """A column's (length, nulls, replaced, buffers, elements); the memory is Arrow's from here on."""
    elements = None
    buffers = [owned(<void **>&column.valid, (rows + 7) // 8)]
    if not column.nulls:
        buffers[0] = None
    if column.offsets:
        buffers.append(owned(<void **>&column.offsets, (rows + 1) * 4))
        if column.elements:
            elements = taken(column.elements, column.size, most_room)
        else:
            buffers.append(owned(<void **>&column.data, column.size))
        # The next batch will need about as much.
        column.room = max(LEAST_ROOM, min(column.size + column.size // 4, most_room))
    else:
        size = (rows + 7) // 8 if column.kind == BOOL else rows * width(column.kind)
        buffers.append(owned(<void **>&column.values, size))
    return rows, column.nulls, column.replaced, buffers, elements


cdef class Batch:
    """Columns of at most `max_rows` rows; full after about `max_bytes` received bytes.

    `columns` are (kind, precision, scale, nullify), and for a LIST as fifth the kind of its
    elements. Precision and scale are for DECIMAL alone; with `nullify` a value that the column
    can't hold becomes NULL and is counted, without it VALUE stops the decoding. After VALUE,
    LENGTH or MEMORY `failed_column` is the column at fault; after MORE `needed` is the length in
    bytes of the message at the position, as far as it is known.
    """

    def __cinit__(self, columns, int64_t max_rows, int64_t max_bytes):
        cdef int i
        cdef Column *column
        if not 0 < max_rows <= 1 << 24 or max_bytes <= 0:
            raise ValueError("a batch holds at least one row and byte")
        self.count = len(columns)
        self.max_rows = max_rows
        self.max_bytes = max_bytes
        self.columns = <Column *>calloc(max(1, self.count), sizeof(Column))
        if not self.columns:
            raise MemoryError
        for i, (kind, precision, scale, nullify, *element) in enumerate(columns):
            column = &self.columns[i]
            self._describe(column, kind, precision, scale)
            column.nullify = nullify
            if (kind == LIST) != (len(element) == 1) or LIST in element:
                raise ValueError("a list has elements of one other kind")
            if element:
                column.elements = <Column *>calloc(1, sizeof(Column))
                if not column.elements:
                    raise MemoryError
                self._describe(column.elements, element[0], precision, scale)
        self._allocate()

    def __dealloc__(self):
        cdef int i
        if self.columns:
            for i in range(self.count):
                release(&self.columns[i])
                free(self.columns[i].elements)
            free(self.columns)

    cdef int _describe(self, Column *column, kind, precision, scale) except -1:
        if not 0 <= scale <= precision <= 38:
            raise ValueError("a decimal has at most 38 digits")
        column.kind = kind
        column.scale = scale
        column.limit = POWER[<int>precision]
        column.room = LEAST_ROOM
        return 0

    cdef int _allocate(self) except -1:
        cdef int i
        self.rows = 0
        self.bytes = 0
        for i in range(self.count):
            allocate(&self.columns[i], self.max_rows)
        self.broken = False
        return 0

    cdef int _usable(self) except -1:
        if self.broken:
            raise ValueError("the batch was broken by an error")
        return 0

    def take(self):
        """For each column (length, nulls, replaced, buffers, elements).

        `length` is the number of rows, or of elements; `replaced` of the nulls were values that did not fit; the buffers are those of
        `pyarrow.Array.from_buffers`; `elements` are a LIST's, in the same form, else None. The
        batch is empty afterwards.
        """
        cdef int i
        self._usable()
        self.broken = True       # until there is memory for the next rows
        columns = [taken(&self.columns[i], self.rows, self.max_bytes) for i in range(self.count)]
        self._allocate()
        return columns
