# cython: language_level=3
"""The columns of a batch, and the ways to put a value into them that both protocols share.

Everything here runs without the GIL and allocates nothing but the columns' own memory.
"""

from libc.stdint cimport INT32_MAX, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport realloc
from libc.string cimport memcpy, memset


cdef extern from *:
    """
    typedef unsigned __int128 u128;
    """
    ctypedef unsigned long long u128


cpdef enum Kind:
    """How a value is stored in its column; the decoders add how it travels."""
    BOOL = 0
    BITS8
    BITS16
    BITS32
    BITS64
    UINT32        # an unsigned number of 32 bits, in 64
    DATE          # days since 1970, in 32 bits
    TIMESTAMP     # microseconds since 1970
    TIME          # microseconds since midnight
    DECIMAL       # decimal128
    BYTES
    TEXT          # UTF-8; other bytes are a value that does not fit
    JSONB         # PostgreSQL's, as text
    UUID          # as text
    BIT           # MySQL's bit field, as a number of 64 bits
    LIST          # of elements of another kind, with one dimension


cpdef enum Status:
    """Why decoding stopped. From SHAPE on it is an error, after which the batch is of no use."""
    MORE = 0      # the bytes end within a message
    FULL          # the batch is full: take it
    MESSAGE       # a message that is no row lies at the position
    SPLIT         # a row that MySQL has split into several packets lies at the position
    SHAPE         # a row with another number of columns
    LENGTH        # a length that contradicts the bytes around it
    VALUE         # a value that its column's type can't hold
    MEMORY        # no memory for the values


cdef struct Column:
    Kind kind
    int scale            # DECIMAL
    u128 limit           # DECIMAL: 10 to the precision; every value is below
    bint nullify         # a value that does not fit becomes NULL
    uint8_t *values      # fixed-width values, or a bit a row
    uint8_t *valid       # a bit a row
    int32_t *offsets     # of variable-width values, or of a LIST's elements
    uint8_t *data
    int64_t size         # bytes used of data, or a LIST's elements
    int64_t room         # bytes allocated for data, or elements
    Column *elements     # of a LIST
    int64_t nulls
    int64_t replaced     # values that became NULL because they did not fit


cdef u128 POWER[39]      # POWER[n] is 10 to the n
cdef u128 ROOM[5]        # the largest value that may be multiplied by 10 to the n


cdef class Batch:
    cdef Column *columns
    cdef readonly int count
    cdef readonly int64_t rows
    cdef readonly int64_t bytes
    cdef int64_t max_rows
    cdef int64_t max_bytes
    cdef readonly int failed_column
    cdef readonly int64_t needed
    cdef bint broken     # by an error: the memory holds part of a row, or is not there

    cdef int _describe(self, Column *column, kind, precision, scale) except -1
    cdef int _allocate(self) except -1
    cdef int _usable(self) except -1


cdef inline int width(Kind kind) noexcept nogil:
    """Bytes of a value; 0 for bits and for variable width."""
    if kind == BITS32 or kind == DATE:
        return 4
    if kind == BITS64 or kind == UINT32 or kind == TIMESTAMP or kind == TIME or kind == BIT:
        return 8
    if kind == DECIMAL:
        return 16
    if kind == BITS16:
        return 2
    return 1 if kind == BITS8 else 0


cdef inline void put_null(Column *column, int64_t row) noexcept nogil:
    cdef int size = width(column.kind)
    column.valid[row >> 3] &= ~(1 << (row & 7))
    column.nulls += 1
    if size:
        memset(column.values + row * size, 0, size)
    elif column.offsets:
        column.offsets[row + 1] = <int32_t>column.size


cdef inline bint resize(void **memory, int64_t size) noexcept nogil:
    cdef void *grown = realloc(memory[0], size)
    if grown:
        memory[0] = grown
    return grown != NULL


cdef inline Status reserve_elements(Column *column, int64_t more) noexcept nogil:
    """Make room for more elements of a LIST."""
    cdef Column *e = column.elements
    cdef int64_t room = column.room
    if more > INT32_MAX - column.size:
        return MEMORY
    if column.size + more <= room:
        return MORE
    room = max(column.size + more, room + (room >> 1))
    if not resize(<void **>&e.valid, (room + 7) // 8):
        return MEMORY
    if width(e.kind):
        if not resize(<void **>&e.values, room * width(e.kind)):
            return MEMORY
    elif e.kind == BOOL:
        if not resize(<void **>&e.values, (room + 7) // 8):
            return MEMORY
    elif not resize(<void **>&e.offsets, (room + 1) * sizeof(int32_t)):
        return MEMORY
    column.room = room
    return MORE


cdef inline void clear_element(Column *elements, int64_t at) noexcept nogil:
    """The element's bits as they are before it is put: grown memory may hold anything."""
    elements.valid[at >> 3] |= 1 << (at & 7)
    if elements.kind == BOOL:
        elements.values[at >> 3] &= ~(1 << (at & 7))


cdef inline Status settled(Column *column, int64_t row, Status status) noexcept nogil:
    """What putting a value comes to: one that does not fit may become NULL."""
    if status != VALUE or not column.nullify:
        return status
    put_null(column, row)
    column.replaced += 1
    return MORE


cdef inline Status reserve(Column *column, int64_t more) noexcept nogil:
    """Make room for more bytes of a variable-width column. Offsets end at 2 GiB."""
    cdef int64_t room = column.room
    cdef void *grown
    if more > INT32_MAX - column.size:
        return MEMORY
    if column.size + more > room:
        room = max(column.size + more, room + (room >> 1))
        grown = realloc(column.data, room)
        if not grown:
            return MEMORY
        column.data = <uint8_t *>grown
        column.room = room
    return MORE


cdef inline Status put_bytes(
    Column *column, int64_t row, const uint8_t *start, int64_t length
) noexcept nogil:
    cdef Status status = reserve(column, length)
    if status != MORE:
        return status
    memcpy(column.data + column.size, start, length)
    column.size += length
    column.offsets[row + 1] = <int32_t>column.size
    return MORE


cdef inline Status put_text(
    Column *column, int64_t row, const uint8_t *start, int64_t length
) noexcept nogil:
    if not is_utf8(start, length):
        return VALUE
    return put_bytes(column, row, start, length)


cdef inline bint is_utf8(const uint8_t *p, int64_t length) noexcept nogil:
    """Whether the bytes are UTF-8, "Well-Formed UTF-8 Byte Sequences" of the Unicode Standard."""
    cdef const uint8_t *end = p + length
    cdef uint64_t eight
    cdef int more
    while p < end:
        while end - p >= 8:              # ASCII, which most text is
            memcpy(&eight, p, 8)
            if eight & <uint64_t>0x8080808080808080:
                break
            p += 8
        while p < end and p[0] < 0x80:
            p += 1
        if p == end:
            return True
        if p[0] < 0xC2 or p[0] > 0xF4:
            return False
        more = 1 if p[0] < 0xE0 else 2 if p[0] < 0xF0 else 3
        if end - p <= more or p[1] & 0xC0 != 0x80:
            return False
        # Longer than need be, surrogates, and beyond the last character.
        if (p[0] == 0xE0 and p[1] < 0xA0) or (p[0] == 0xED and p[1] > 0x9F):
            return False
        if (p[0] == 0xF0 and p[1] < 0x90) or (p[0] == 0xF4 and p[1] > 0x8F):
            return False
        if more > 1 and p[2] & 0xC0 != 0x80:
            return False
        if more > 2 and p[3] & 0xC0 != 0x80:
            return False
        p += more + 1
    return True


cdef inline Status put_decimal(
    Column *column, int64_t row, u128 value, bint negative
) noexcept nogil:
    """Store a value in units of the column's scale."""
    if value >= column.limit:
        return VALUE
    if negative:
        value = -value
    memcpy(column.values + 16 * row, &value, 16)
    return MORE
