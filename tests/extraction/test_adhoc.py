"""Extractions by hand."""

from __future__ import annotations

from headrace.extraction.adhoc import adhoc_source
from headrace.naming import dataset_name
from tests.api.drafts import connection


def test_the_name_of_the_server_makes_no_other_owner() -> None:
    by_address = adhoc_source(connection(host="127.0.0.1"), ["orders"], None)
    by_name = adhoc_source(connection(host="localhost", port=5433), ["orders"], "SHOP")
    other = adhoc_source(connection(host="127.0.0.1"), ["orders"], "store")

    assert by_address.source_id == by_name.source_id
    assert other.source_id != by_name.source_id


def test_a_database_with_a_reserved_name() -> None:
    source = adhoc_source(connection(database="temp"), ["orders"], None)

    assert source.dataset == dataset_name("temp") != "temp"
