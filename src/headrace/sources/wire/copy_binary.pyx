# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""PostgreSQL's COPY BINARY, decoded into Arrow's column buffers.

Every length that the server sends is held against the bytes that are there before anything is
read; a message that does not fit is an error, never a read outside. The formats are those of the
PostgreSQL manual: "Message Formats" for the frames, COPY's "Binary Format" for the rows, and the
types' send functions in the server's sources for the values.
"""

from libc.stdint cimport (
    INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, int16_t, int32_t, int64_t, uint8_t, uint16_t,
    uint32_t, uint64_t,
)
from libc.string cimport memcmp

from headrace.sources.wire.columns cimport (
    BITS16, BITS32, BITS64, BOOL, BYTES, DATE, DECIMAL, FULL, JSONB, LENGTH, LIST, MESSAGE, MORE, POWER,
    ROOM, SHAPE, TIME, TIMESTAMP, UINT32, TEXT, UUID, VALUE, Batch, Column, Kind, Status,
    clear_element, put_bytes, put_decimal, put_null, put_text, reserve, reserve_elements, settled,
    u128,
)

cdef extern from *:
    """
    static inline uint16_t be16(const uint8_t *p) {
        uint16_t v; __builtin_memcpy(&v, p, 2); return __builtin_bswap16(v); }
    static inline uint32_t be32(const uint8_t *p) {
        uint32_t v; __builtin_memcpy(&v, p, 4); return __builtin_bswap32(v); }
    static inline uint64_t be64(const uint8_t *p) {
        uint64_t v; __builtin_memcpy(&v, p, 8); return __builtin_bswap64(v); }
    """
    uint16_t be16(const uint8_t *p) nogil
    uint32_t be32(const uint8_t *p) nogil
    uint64_t be64(const uint8_t *p) nogil

cdef int64_t DAY = 86400000000                       # microseconds
cdef int64_t DAYS_TO_2000 = 10957                    # from 1970
cdef int64_t MICROSECONDS_TO_2000 = 946684800000000
cdef int MAX_DIMENSIONS = 6                          # of an array (MAXDIM)
cdef const char *SIGNATURE = b"PGCOPY\n\xff\r\n\0"
cdef const char *HEX = b"0123456789abcdef"


cdef class CopyBinary(Batch):
    """Decodes CopyData messages; see `Batch` for the arguments."""
    cdef bint _begun

    def feed(self, const uint8_t[::1] buffer, Py_ssize_t start, Py_ssize_t end):
        """Decode the messages that lie whole in buffer[start:end]; returns (position, status).

        Whatever stops it, the rows before `position` are in the batch and no others.
        """
        cdef Py_ssize_t position = start
        cdef Status status = MORE
        if not 0 <= start <= end <= buffer.shape[0]:
            raise IndexError("the range lies outside the buffer")
        self._usable()
        if start < end:
            with nogil:
                status = self._feed(&buffer[0], &position, end)
        self.broken = status >= SHAPE
        return position, status

    cdef Status _feed(self, const uint8_t *b, Py_ssize_t *position, Py_ssize_t end) noexcept nogil:
        cdef Py_ssize_t at = position[0]
        cdef int64_t length
        cdef Status status
        while True:
            position[0] = at
            self.needed = 5
            if self.rows >= self.max_rows or self.bytes >= self.max_bytes:
                return FULL
            if end - at < 5:
                return MORE
            if b[at] != c'd':
                return MESSAGE
            length = <int32_t>be32(b + at + 1)
            if length < 4:
                return LENGTH
            self.needed = length + 1
            if end - at < self.needed:
                return MORE
            status = self._message(b + at + 5, b + at + self.needed)
            if status != MORE:
                return status
            at += self.needed

    cdef Status _message(self, const uint8_t *p, const uint8_t *end) noexcept nogil:
        """One CopyData message: always one row, the first with the stream's header before it."""
        cdef int64_t extension
        cdef int fields
        self.failed_column = -1
        if not self._begun:
            # The signature, 4 bytes of flags, the length of an extension area.
            if end - p < 19 or memcmp(p, SIGNATURE, 11) or be32(p + 11):
                return LENGTH
            extension = <int32_t>be32(p + 15)
            p += 19
            if extension < 0 or extension > end - p:
                return LENGTH
            p += extension
            self._begun = True
            if p == end:
                return MORE
        if end - p < 2:
            return LENGTH
        fields = <int16_t>be16(p)
        p += 2
        if fields == -1:
            return MORE if p == end else LENGTH
        if fields != self.count:
            return SHAPE
        return self._row(p, end)

    cdef Status _row(self, const uint8_t *p, const uint8_t *end) noexcept nogil:
        cdef int i
        cdef int64_t length
        cdef Status status
        cdef const uint8_t *start = p
        for i in range(self.count):
            self.failed_column = i
            if end - p < 4:
                return LENGTH
            length = <int32_t>be32(p)
            p += 4
            if length == -1:
                put_null(&self.columns[i], self.rows)
                continue
            if length < 0 or length > end - p:
                return LENGTH
            status = put(&self.columns[i], self.rows, p, length)
            status = settled(&self.columns[i], self.rows, status)
            if status != MORE:
                return status
            p += length
        if p != end:
            return LENGTH
        self.rows += 1
        self.bytes += p - start
        return MORE


cdef Status put(Column *c, int64_t row, const uint8_t *p, int64_t length) noexcept nogil:
    """Decode one value of `length` bytes at `p` into its place."""
    cdef Kind kind = c.kind
    cdef int64_t number
    cdef int32_t days
    if kind == BITS32:
        if length != 4:
            return LENGTH
        (<uint32_t *>c.values)[row] = be32(p)
    elif kind == BITS64:
        if length != 8:
            return LENGTH
        (<uint64_t *>c.values)[row] = be64(p)
    elif kind == DECIMAL:
        return numeric(c, row, p, length)
    elif kind == TEXT:
        return put_text(c, row, p, length)
    elif kind == BYTES:
        return put_bytes(c, row, p, length)
    elif kind == DATE:
        if length != 4:
            return LENGTH
        days = <int32_t>be32(p)
        if days == INT32_MAX or days == INT32_MIN:
            return VALUE
        number = days + DAYS_TO_2000
        if number >= INT32_MAX:  # the last of Arrow's stands for infinity in DuckDB
            return VALUE
        (<int32_t *>c.values)[row] = <int32_t>number
    elif kind == TIMESTAMP:
        if length != 8:
            return LENGTH
        number = <int64_t>be64(p)
        if number == INT64_MAX or number == INT64_MIN:
            return VALUE
        if number >= INT64_MAX - MICROSECONDS_TO_2000:  # and here
            return VALUE
        (<int64_t *>c.values)[row] = number + MICROSECONDS_TO_2000
    elif kind == TIME:
        if length != 8:
            return LENGTH
        number = <int64_t>be64(p)
        if number < 0 or number >= DAY:
            return VALUE
        (<int64_t *>c.values)[row] = number
    elif kind == BITS16:
        if length != 2:
            return LENGTH
        (<uint16_t *>c.values)[row] = be16(p)
    elif kind == UINT32:
        if length != 4:
            return LENGTH
        (<int64_t *>c.values)[row] = be32(p)
    elif kind == BOOL:
        if length != 1 or p[0] > 1:
            return LENGTH
        c.values[row >> 3] |= p[0] << (row & 7)
    elif kind == JSONB:
        if length < 1 or p[0] != 1:
            return LENGTH
        return put_text(c, row, p + 1, length - 1)
    elif kind == UUID:
        return uuid(c, row, p, length)
    elif kind == LIST:
        return array(c, row, p, length)
    else:
        return LENGTH
    return MORE


cdef Status uuid(Column *c, int64_t row, const uint8_t *p, int64_t length) noexcept nogil:
    cdef int i
    cdef uint8_t *to
    if length != 16:
        return LENGTH
    cdef Status status = reserve(c, 36)
    if status != MORE:
        return status
    to = c.data + c.size
    for i in range(16):
        if i == 4 or i == 6 or i == 8 or i == 10:
            to[0] = c'-'
            to += 1
        to[0] = HEX[p[i] >> 4]
        to[1] = HEX[p[i] & 15]
        to += 2
    c.size += 36
    c.offsets[row + 1] = <int32_t>c.size
    return MORE


cdef Status numeric(Column *c, int64_t row, const uint8_t *p, int64_t length) noexcept nogil:
    """numeric_send: number of digits, weight of the first, sign, scale, digits of base 10,000."""
    cdef int digits, weight, sign, i, digit, exponent
    cdef u128 value = 0
    if length < 8:
        return LENGTH
    digits = <int16_t>be16(p)
    weight = <int16_t>be16(p + 2)
    sign = be16(p + 4)
    if digits < 0 or length != 8 + 2 * digits:
        return LENGTH
    if sign != 0 and sign != 0x4000:
        # NaN and the infinities; any other sign is none.
        return VALUE if sign == 0xC000 or sign == 0xD000 or sign == 0xF000 else LENGTH
    p += 8
    exponent = 4 * weight + c.scale          # of the digit at hand, in units of the result
    for i in range(digits):
        digit = be16(p + 2 * i)
        if digit > 9999:
            return LENGTH
        if exponent >= 0:
            if value > ROOM[4]:
                return unfit(p, i, digits)
            value = value * 10000 + digit
        elif exponent > -4:
            # The last digit straddles the end of the scale: what lies beyond has to be zeros.
            if value > ROOM[4 + exponent] or digit % <int>POWER[-exponent]:
                return unfit(p, i, digits)
            value = value * POWER[4 + exponent] + digit // <int>POWER[-exponent]
        elif digit:
            return unfit(p, i, digits)
        exponent -= 4
    # After the last digit, `exponent + 4` zeros are missing up to the units of the result.
    exponent += 4
    while exponent > 0 and value:
        i = min(exponent, 4)
        if value > ROOM[i]:
            return VALUE
        value *= POWER[i]
        exponent -= i
    return put_decimal(c, row, value, sign != 0)


cdef Status unfit(const uint8_t *digits, int i, int count) noexcept nogil:
    """A number that does not fit, unless the digits from the i-th on are none."""
    for i in range(i, count):
        if be16(digits + 2 * i) > 9999:
            return LENGTH
    return VALUE


cdef Status array(Column *c, int64_t row, const uint8_t *p, int64_t length) noexcept nogil:
    """array_send: dimensions, flags, type; for each dimension its size and first index; elements.

    A list has one dimension that begins at 1; an array without elements has no dimension.
    """
    cdef Column *e = c.elements
    cdef const uint8_t *end = p + length
    cdef int64_t i, count, size
    cdef int dimensions
    cdef Status status
    cdef int64_t data_before = e.size
    cdef int64_t nulls_before = e.nulls
    if length < 12 or be32(p + 4) > 1:
        return LENGTH
    dimensions = <int32_t>be32(p)
    if dimensions < 0 or dimensions > MAX_DIMENSIONS or length < 12 + 8 * dimensions:
        return LENGTH
    if dimensions > 1 or (dimensions == 1 and be32(p + 16) != 1):
        return VALUE
    count = <int32_t>be32(p + 12) if dimensions else 0
    p += 12 + 8 * dimensions
    if count < 0 or count > (end - p) // 4:
        return LENGTH
    status = reserve_elements(c, count)
    if status != MORE:
        return status
    for i in range(c.size, c.size + count):
        clear_element(e, i)
        if end - p < 4:
            return LENGTH
        size = <int32_t>be32(p)
        p += 4
        if size == -1:
            put_null(e, i)
            continue
        if size < 0 or size > end - p:
            return LENGTH
        status = put(e, i, p, size)
        if status == VALUE:              # the whole array does not fit
            e.size = data_before
            e.nulls = nulls_before
        if status != MORE:
            return status
        p += size
    if p != end:
        return LENGTH
    c.size += count
    c.offsets[row + 1] = <int32_t>c.size
    return MORE
