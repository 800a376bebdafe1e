"""The name that was probably meant, and names that a server chose."""

from __future__ import annotations

import pytest

from headrace.sources.near import listed, near, shown


@pytest.mark.parametrize(
    ("typed", "known", "meant"),
    [
        ("shop", ["Shop", "shops"], "Shop"),  # other letter case comes before another letter
        ("ordres", ["customers", "orders"], "orders"),
        ("xyz", ["customers", "orders"], None),
        ("shop", [], None),
        ("shop", ["shop\x1b[31m", "sho\np"], None),  # not to be shown, and nobody means it
        ("a" * 64, ["a" * 65], None),
    ],
)
def test_near(typed: str, known: list[str], meant: str | None) -> None:
    assert near(typed, known) == meant


def test_a_name_is_shown_on_one_line_and_cut() -> None:
    assert shown("a\x1b[31m\nb") == "a\\x1b[31m\\nb"
    assert len(shown("a" * 10_000)) == 129


def test_many_names_are_listed_in_words() -> None:
    assert listed(["a", "b"]) == "a, b"
    assert listed(["a", "b"], 9) == "a, b and 7 more"
    assert listed([str(n) for n in range(1500)]).endswith("19 and 1,480 more")
