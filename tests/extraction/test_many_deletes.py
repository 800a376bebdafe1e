"""A thousand deletes among a million rows are found, and little of the keys is read for that."""

from __future__ import annotations

import math
from contextlib import closing
from typing import Any

import pytest

from headrace import sources
from headrace.buckets import ALL, ENTRY_BYTES
from headrace.extraction.bucket_sizes import (
    KEY_BYTES,
    MOST_NUMBERS,
    Compared,
    first_bits,
    further_bits,
)
from headrace.model import Selection, UnfitPolicy
from headrace.settings import Settings
from tests.conftest import LOCAL, Database
from tests.extraction.shop import Shop, shop_of

ROWS, DELETES = 1_000_000, 1_000
SOFT: dict[str, Any] = {"mode": "merge", "cursor": ["n"], "detect_deletes": "soft"}


def test_a_thousand_deletes_among_a_million_rows(
    database: Database, settings: Settings, record_property: Any
) -> None:
    shop = shop_of(database, settings)
    shop.execute(
        f"CREATE TABLE t AS SELECT g AS id, g AS n FROM generate_series(1, {ROWS}) g; "
        "ALTER TABLE t ADD PRIMARY KEY (id)"
    )
    shop.run(**SOFT)
    untouched = shop.run(**SOFT)
    gone = sorted(g * 7919 % ROWS + 1 for g in range(DELETES))
    shop.execute(f"DELETE FROM t WHERE id IN ({', '.join(map(str, gone))})")
    run = shop.run(**SOFT)

    marked = shop.rows("CASE WHEN _headrace_deleted_at IS NOT NULL THEN id END AS gone")
    assert [id_ for (id_,) in marked if id_ is not None] == gone
    assert run.deleted == DELETES
    all_keys = bytes_of_all_keys(shop)
    figures = {
        "sweep": run.sweep_bytes,
        "sweep of nothing": untouched.sweep_bytes,
        **all_keys,
        "share": f"{run.sweep_bytes / min(all_keys.values()):.2%}",
    }
    for name, value in figures.items():
        record_property(name, value)
    print(figures)
    assert run.sweep_bytes < 0.05 * min(all_keys.values())
    assert untouched.sweep_bytes < 0.005 * min(all_keys.values())


def bytes_of_all_keys(shop: Shop) -> dict[str, int]:
    """What is received when all keys are read, by either way of reading them."""
    keys = Selection(schema_name="public", table_name="t", columns=("id",))
    with closing(
        sources.connect(shop.source.connection, shop.database.credentials, LOCAL)
    ) as database:
        with database.key_names(keys, UnfitPolicy.FAIL, ALL) as named:
            assert sum(batch.num_rows for batch in named) == ROWS - DELETES
        with database.read(keys, UnfitPolicy.FAIL) as read:
            assert sum(batch.num_rows for batch in read) == ROWS - DELETES
    return {"all names": named.bytes_received, "all keys": read.bytes_received}


@pytest.mark.parametrize("keys", [1, 100, 10_000, 1_000_000, 10_000_000, 1_000_000_000])
def test_buckets_grow_in_number_with_the_keys(keys: int) -> None:
    assert 2 ** first_bits(keys) <= max(1, keys / 100)
    assert 2 ** first_bits(keys) >= min(keys / 400, 2**18)


@pytest.mark.parametrize("keys", [100_000, 1_000_000, 10_000_000, 100_000_000])
def test_one_in_a_thousand_is_found_with_few_bytes_and_questions(keys: int) -> None:
    """By what the questions are expected to find, at any size."""
    received, questions = expected(keys, keys // 1000)
    assert received < 0.05 * keys * KEY_BYTES
    assert questions <= 4
    assert expected(keys, 0) == (2 ** first_bits(keys) * ENTRY_BYTES, 1)
    assert expected(keys, 1)[1] == 2


@pytest.mark.parametrize("keys", [1_000, 100_000, 10_000_000])
def test_where_most_is_gone_little_more_is_read_than_all_keys(keys: int) -> None:
    received, questions = expected(keys, keys)
    assert received < 1.15 * keys * KEY_BYTES
    assert questions <= 3


def expected(keys: int, lost: int) -> tuple[float, int]:
    """The bytes and the questions, if so many keys that are scattered are lost."""
    bits = first_bits(keys)
    asked, received, questions = 2**bits, 0.0, 1
    while True:
        received += asked * ENTRY_BYTES
        found = math.ceil(asked * -math.expm1(-lost / asked))
        if not found:
            return received, questions
        questions += 1
        if not (more := further_bits(keys, Compared(bits, asked, found))):
            read = found / 2**bits if found <= MOST_NUMBERS else 1
            return received + read * keys * KEY_BYTES, questions
        bits, asked = bits + more, found << more
