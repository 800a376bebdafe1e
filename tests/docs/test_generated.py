"""The generated documents are those that the code would write."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrace.errors import catalogue
from headrace.generated import DOCUMENTS
from headrace.generated.errors import errors_md

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_generated_document_is_current(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == DOCUMENTS[name](), "run: make docs"


def test_every_code_has_one_row() -> None:
    rows = [line.split("`")[1] for line in errors_md().splitlines() if line.startswith("| `")]
    assert rows == [kind.code for kind in catalogue()]
    assert len(set(rows)) == len(rows)
