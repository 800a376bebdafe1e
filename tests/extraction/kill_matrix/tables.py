"""Two tables that change before each run: one is cut by its key, the other by its pages."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from tests.conftest import Database

BY_PAGES = "items"
TABLES = ("orders", BY_PAGES)
# Of so many rows a chunk is wished for. The orders, which lie in their key's order, make three.
CHUNK_ROWS = 15
_ORDERS = 40
# The items don't lie in order, on three pages that are said to hold few rows: two chunks, of which
# the second turns out to have more than ten times as many rows as wished for, and is split in two.
_ITEMS, _PRIME, _FACTOR = 260, 1009, 101
_FILL = f"""
TRUNCATE orders, items;
INSERT INTO orders SELECT g, 'order ' || g, g FROM generate_series(1, {_ORDERS}) g;
INSERT INTO items SELECT g * {_FACTOR} % {_PRIME}, repeat('item', 10), g
FROM generate_series(1, {_ITEMS}) g;
ANALYZE orders, items;
UPDATE pg_class SET reltuples = 10 * relpages WHERE oid = 'items'::regclass
"""

Rows = dict[str, list[list[Any]]]


class Tables:
    """The tables `orders` and `items`; `updated` says that rows of them are changed, too."""

    def __init__(self, database: Database, *, updated: bool) -> None:
        self._database = database
        self._updated = updated
        self._numbers = count(2000)
        for name in TABLES:
            database.execute(
                f"CREATE TABLE {name} (id int PRIMARY KEY, label text, n bigint)"
                " WITH (autovacuum_enabled = false)"
            )
        self.fill()

    def fill(self) -> None:
        """Make them as they were at first, so that they are cut into the same chunks."""
        self._database.execute(_FILL)

    def change(self) -> None:
        """Rows at both ends and, if they are updated, in between."""
        statements = []
        for name in TABLES:
            n = next(self._numbers)
            statements.append(f"INSERT INTO {name} VALUES ({n}, 'new', {n}), ({-n}, NULL, {n})")
            if self._updated:
                m = next(self._numbers)
                ids = f"{-n}, {m % _ORDERS}, {m % _ITEMS * _FACTOR % _PRIME}"
                statements.append(
                    f"UPDATE {name} SET label = 'at {m}', n = {m} WHERE id IN ({ids})"
                )
        self._database.execute("; ".join(statements))

    def rows(self) -> Rows:
        sql = ", ".join(
            f"'{name}', (SELECT json_agg(json_build_array(id, label, n) ORDER BY id) FROM {name})"
            for name in TABLES
        )
        rows: Rows = json.loads(self._database.execute(f"SELECT json_build_object({sql})"))
        return rows

    def highest(self) -> dict[str, str]:
        """By table the cursor's highest value."""
        sql = ", ".join(f"(SELECT max(n) FROM {name})" for name in TABLES)
        found = self._database.execute(f"SELECT {sql}").split("|")
        return dict(zip(TABLES, found, strict=True))
