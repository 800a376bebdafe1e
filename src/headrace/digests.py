"""Digests of a column's values, by which two databases tell whether they hold the same.

A value's canonical text is what every database can write to the byte:

- whole numbers and booleans: `-12`, `true`
- decimals with all digits after the point that the type has: `0.50`
- floating-point numbers: the bits of the 64-bit number in hexadecimal, by which -0 and each NaN
  are told apart: `bff8000000000000`
- dates: days since 1970-01-01; times and timestamps: microseconds since midnight, and since 1970
  (in UTC if it has a zone)
- text, and what is carried as text: the text itself
- bytes: hexadecimal in lower case
- lists: for each element the length of its text in bytes, a colon and the text, or `N` for NULL,
  with commas between: `1:7,N,2:12`

A source writes it for a column as it is carried, a destination for an Arrow type: each has a
module `canonical`.
"""

from __future__ import annotations

from pydantic import Field

from headrace.values import Value


class Digest(Value):
    """How many values are not NULL, and the sum of their hashes.

    The order of the rows makes no difference, and digests of disjoint rows can be added. A value's
    hash is the number of the first 15 hexadecimal digits of the MD5 of its canonical text in
    UTF-8; both databases write that text with SQL of their own.
    """

    values: int = Field(ge=0)
    total: int = Field(ge=0, description="May be larger than 64 bits.")

    def __add__(self, other: Digest) -> Digest:
        return Digest(values=self.values + other.values, total=self.total + other.total)
