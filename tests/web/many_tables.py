"""A database with 20,000 tables, as the function list_tables gets to see it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from playwright.sync_api import Page

from headrace import sources
from headrace.tables import TableKind, TableRef, TableSummary

COUNT = 20_000
SCHEMAS = 40

# From a keystroke to the frame that shows what it found.
_FILTER = """async (text) => {
  const field = document.querySelector("input[type=search]");
  const began = performance.now();
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  await new Promise((shown) => requestAnimationFrame(() => setTimeout(shown)));
  return performance.now() - began;
}"""


def filtered(page: Page, text: str) -> float:
    """The milliseconds that a filter takes, to the frame in which it shows."""
    took: float = page.evaluate(_FILTER, text)
    return took


class ManyTables:
    """Only lists; creating so many takes a server minutes."""

    def list_tables(self, only: Collection[TableRef] | None = None) -> Iterator[TableSummary]:
        for number in range(COUNT):
            table = TableSummary(
                schema_name=f"schema_{number * SCHEMAS // COUNT:02}",
                table_name=f"table_{number:05}",
                kind=TableKind.TABLE,
                estimated_rows=number * 7919 % 10_000,  # small: nobody asks how to read them
                bytes=number * 104_729 % 1_000_000_007,
                comment=None,
                primary_key=("id",),
                column_count=5,
                readable=True,
            )
            if (
                only is None
                or TableRef(schema_name=table.schema_name, table_name=table.table_name) in only
            ):
                yield table

    def close(self) -> None:
        pass


def connect(*_: object) -> sources.Database:
    return ManyTables()  # type: ignore[return-value]
