"""Digests of a column's values, by which two databases tell whether they hold the same."""

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
