# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The rows of MySQL's prepared statements, decoded into Arrow's column buffers.

Every length that the server sends is held against the bytes that are there before anything is
read. The formats are those of the MySQL Internals manual, which MariaDB's server follows:
"Protocol::Packet" for the frames, "Binary Protocol Resultset Row" for the rows.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

from headrace.sources.wire.columns cimport (
    BIT, BITS8, BITS16, BITS32, BITS64, BYTES, DATE, DECIMAL, FULL, LENGTH, MESSAGE, MORE, POWER,
    ROOM, SHAPE, SPLIT, TEXT, TIME, TIMESTAMP, VALUE, Batch, Column, Kind, Status, put_bytes,
    put_decimal, put_null, put_text, settled, u128,
)

cdef extern from *:
    """
    static inline uint16_t le16(const uint8_t *p) { uint16_t v; __builtin_memcpy(&v, p, 2); return v; }
    static inline uint32_t le32(const uint8_t *p) { uint32_t v; __builtin_memcpy(&v, p, 4); return v; }
    static inline uint64_t le64(const uint8_t *p) { uint64_t v; __builtin_memcpy(&v, p, 8); return v; }
    #if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    #error "Arrow's buffers and MySQL's protocol are little-endian; so must the machine be"
    #endif
    """
    uint16_t le16(const uint8_t *p) nogil
    uint32_t le32(const uint8_t *p) nogil
    uint64_t le64(const uint8_t *p) nogil

cdef int64_t SECOND = 1000000                 # microseconds
cdef int64_t SECONDS_A_DAY = 86400
cdef int LONGEST_PACKET = 0xFFFFFF            # a packet of this length goes on in the next


cdef class BinaryRows(Batch):
    """Decodes row packets; see `Batch` for the arguments."""

    def feed(self, const uint8_t[::1] buffer, Py_ssize_t start, Py_ssize_t end):
        """Decode the packets that lie whole in buffer[start:end]; returns (position, status).

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

    def feed_row(self, const uint8_t[::1] payload):
        """Decode one row whose packets have been put together; returns the status."""
        cdef Status status = LENGTH
        self._usable()
        if self.rows >= self.max_rows:
            return FULL
        if payload.shape[0]:
            with nogil:
                status = self._row(&payload[0], &payload[0] + payload.shape[0])
        self.broken = status >= SHAPE
        return status

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
            if b[at + 4] != 0:            # 0xFE ends the rows, 0xFF is an error
                return MESSAGE
            length = le32(b + at) & 0xFFFFFF
            if length == LONGEST_PACKET:
                return SPLIT
            self.needed = length + 4
            if end - at < self.needed:
                return MORE
            status = self._row(b + at + 4, b + at + self.needed)
            if status != MORE:
                return status
            at += self.needed

    cdef Status _row(self, const uint8_t *p, const uint8_t *end) noexcept nogil:
        """A zero, a bit a column for NULL (the first two bits unused), then the values."""
        cdef int i
        cdef const uint8_t *nulls = p + 1
        cdef const uint8_t *start = p
        cdef Status status
        self.failed_column = -1
        if end - p < 1 + (self.count + 9) // 8:
            return LENGTH
        p += 1 + (self.count + 9) // 8
        for i in range(self.count):
            self.failed_column = i
            if nulls[(i + 2) >> 3] >> ((i + 2) & 7) & 1:
                put_null(&self.columns[i], self.rows)
                continue
            status = put(&self.columns[i], self.rows, &p, end)
            status = settled(&self.columns[i], self.rows, status)
            if status != MORE:
                return status
        if p != end:
            self.failed_column = -1
            return SHAPE
        self.rows += 1
        self.bytes += end - start
        return MORE


cdef Status put(
    Column *c, int64_t row, const uint8_t **position, const uint8_t *end
) noexcept nogil:
    """Decode the value at the position into its place, and step behind it."""
    cdef Kind kind = c.kind
    cdef const uint8_t *p = position[0]
    cdef int64_t length
    cdef Status status = MORE
    if kind == BITS64:
        if end - p < 8:
            return LENGTH
        memcpy(c.values + 8 * row, p, 8)
        position[0] = p + 8
        return MORE
    if kind == BITS32:
        if end - p < 4:
            return LENGTH
        memcpy(c.values + 4 * row, p, 4)
        position[0] = p + 4
        return MORE
    if kind == BITS16:
        if end - p < 2:
            return LENGTH
        memcpy(c.values + 2 * row, p, 2)
        position[0] = p + 2
        return MORE
    if kind == BITS8:
        if end - p < 1:
            return LENGTH
        c.values[row] = p[0]
        position[0] = p + 1
        return MORE
    if end - p < 1:
        return LENGTH
    if kind == DATE or kind == TIMESTAMP or kind == TIME:
        length = p[0]
        p += 1
        if length > end - p:
            return LENGTH
        position[0] = p + length
        if kind == DATE:
            return date(c, row, p, length)
        if kind == TIMESTAMP:
            return timestamp(c, row, p, length)
        return time(c, row, p, length)
    status = string_length(&p, end, &length)
    if status != MORE:
        return status
    position[0] = p + length
    if kind == TEXT:
        return put_text(c, row, p, length)
    if kind == BYTES:
        return put_bytes(c, row, p, length)
    if kind == DECIMAL:
        return decimal(c, row, p, length)
    if kind == BIT:
        return bit(c, row, p, length)
    return LENGTH


cdef Status string_length(
    const uint8_t **position, const uint8_t *end, int64_t *length
) noexcept nogil:
    """Read a length-encoded integer and check that as many bytes follow."""
    cdef const uint8_t *p = position[0]
    cdef int first = p[0]
    cdef int more = 0
    cdef uint64_t number = first
    if first == 0xFC:
        more = 2
    elif first == 0xFD:
        more = 3
    elif first == 0xFE:
        more = 8
    elif first > 0xFA:
        return LENGTH
    p += 1
    if more > end - p:
        return LENGTH
    if more == 2:
        number = le16(p)
    elif more == 3:
        number = le16(p) | <uint32_t>p[2] << 16
    elif more == 8:
        number = le64(p)
    p += more
    if number > <uint64_t>(end - p):
        return LENGTH
    length[0] = <int64_t>number
    position[0] = p
    return MORE


cdef int64_t days(int year, int month, int day) noexcept nogil:
    """Days since 1970 in the Gregorian calendar; -1 << 62 if there is no such day.

    "chrono-Compatible Low-Level Date Algorithms" by Howard Hinnant, days_from_civil.
    """
    cdef int64_t era, year_of_era, day_of_year
    cdef bint leap = (year % 4 == 0 and year % 100 != 0) or year % 400 == 0
    cdef int last = 30 if month in (4, 6, 9, 11) else (28 + leap if month == 2 else 31)
    if year < 1 or year > 9999 or month < 1 or month > 12 or day < 1 or day > last:
        return -(<int64_t>1 << 62)
    if month <= 2:
        year -= 1
    era = year // 400
    year_of_era = year - era * 400
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719468


cdef Status date(Column *c, int64_t row, const uint8_t *p, int64_t length) noexcept nogil:
    cdef int64_t number
    if length == 0:                     # 0000-00-00
        return VALUE
    if length != 4:
        return LENGTH
    number = days(le16(p), p[2], p[3])
    if number == -(<int64_t>1 << 62):
        return VALUE
    (<int32_t *>c.values)[row] = <int32_t>number
    return MORE


cdef Status timestamp(Column *c, int64_t row, const uint8_t *p, int64_t length) noexcept nogil:
    cdef int64_t number
    if length == 0:                     # 0000-00-00 00:00:00
        return VALUE
    if length != 4 and length != 7 and length != 11:
        return LENGTH
    number = days(le16(p), p[2], p[3])
    if number == -(<int64_t>1 << 62):
        return VALUE
    number *= SECONDS_A_DAY
    if length >= 7:
        if p[4] > 23 or p[5] > 59 or p[6] > 59:
            return LENGTH
        number += <int>p[4] * 3600 + <int>p[5] * 60 + p[6]
    number *= SECOND
    if length == 11:
        if le32(p + 7) >= SECOND:
            return LENGTH
        number += le32(p + 7)
    (<int64_t *>c.values)[row] = number
    return MORE


cdef Status time(Column *c, int64_t row, const uint8_t *p, int64_t length) noexcept nogil:
    """A sign, days, hours, minutes, seconds, microseconds; a time of day has no sign, no days."""
    cdef int64_t number = 0
    if length == 0:
        (<int64_t *>c.values)[row] = 0
        return MORE
    if length != 8 and length != 12:
        return LENGTH
    if p[0] > 1 or p[5] > 23 or p[6] > 59 or p[7] > 59:
        return LENGTH
    if p[0] or le32(p + 1):
        return VALUE
    number = (<int>p[5] * 3600 + <int>p[6] * 60 + p[7]) * SECOND
    if length == 12:
        if le32(p + 8) >= SECOND:
            return LENGTH
        number += le32(p + 8)
    (<int64_t *>c.values)[row] = number
    return MORE


cdef Status bit(Column *c, int64_t row, const uint8_t *p, int64_t length) noexcept nogil:
    """Big-endian, as many bytes as the field's bits need."""
    cdef uint64_t number = 0
    cdef int64_t i
    if length > 8:
        return LENGTH
    for i in range(length):
        number = number << 8 | p[i]
    (<uint64_t *>c.values)[row] = number
    return MORE


cdef Status decimal(Column *c, int64_t row, const uint8_t *p, int64_t length) noexcept nogil:
    """Text: an optional sign, digits, and after a point as many as the scale, then zeros alone."""
    cdef bint negative = False
    cdef bint point = False
    cdef bint unfit = False
    cdef int64_t i = 0
    cdef int fraction = 0
    cdef int digits = 0
    cdef u128 value = 0
    if length > 0 and (p[0] == c'-' or p[0] == c'+'):
        negative = p[0] == c'-'
        i = 1
    while i < length:
        if p[i] == c'.':
            if point:
                return LENGTH
            point = True
        elif p[i] < c'0' or p[i] > c'9':
            return LENGTH
        elif point and fraction == c.scale:
            digits += 1
            unfit = unfit or p[i] != c'0'
        else:
            digits += 1
            fraction += point
            unfit = unfit or value > ROOM[1]
            if not unfit:
                value = value * 10 + (p[i] - c'0')
        i += 1
    if not digits:
        return LENGTH
    if unfit:
        return VALUE
    if value:
        while fraction < c.scale:
            if value > ROOM[1]:
                return VALUE
            value = value * 10
            fraction += 1
    return put_decimal(c, row, value, negative)
