"""The generated documents are those that the code would write."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrace.errors import catalogue
from headrace.generated import DOCUMENTS
from headrace.generated.error_codes import TABLES
from headrace.generated.errors import errors_md

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_generated_document_is_current(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == DOCUMENTS[name](), "run: make docs"


def test_every_code_has_one_row() -> None:
    rows = [line.split("`")[1] for line in errors_md().splitlines() if line.startswith("| `")]
    assert rows == [kind.code for kind in catalogue()]
    assert len(set(rows)) == len(rows)


def test_each_code_from_elsewhere_has_a_row_with_a_code_of_ours() -> None:
    ours = {kind.code for kind in catalogue()}
    for table in TABLES:
        rows = [line.split(" | ") for line in table.lines() if line.startswith("| ")][1:]
        assert [row[0].removeprefix("| ") for row in rows] == list(table.meanings)
        assert {row[1].strip("`") for row in rows} <= ours
        assert all(cause and step.removesuffix(" |") for _, _, cause, step in rows)
