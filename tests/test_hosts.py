"""What people type into the host field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from headrace.connections import PostgresConnection
from headrace.validation import wrong_fields


def connection(host: str) -> PostgresConnection:
    return PostgresConnection(host=host, database="d", user="u")


@pytest.mark.parametrize(
    "host",
    ["db.example.com", "db", "db_1.internal", "db.example.com.", "127.0.0.1", "::1", "bücher.de"],
)
def test_a_host_is_taken_as_it_is(host: str) -> None:
    assert connection(host).host == host


@pytest.mark.parametrize(
    ("typed", "meant", "says"),
    [
        ("https://db.example.com", "db.example.com", "URL"),
        ("postgresql://reader:geheim-4711@db.example.com:5433/shop", "db.example.com", "URL"),
        ("postgresql://reader:gehe@im-4711@db.example.com/shop", "db.example.com", "URL"),
        ("postgresql://reader:gehe/im-4711@db.example.com/shop", None, "URL"),
        ("postgresql://reader:gehe#im-4711@db.example.com/shop", None, "URL"),
        ("jdbc:postgresql://db.example.com:5432/shop", "db.example.com", "URL"),
        ("postgresql://[fd12::1]:5432/shop", "fd12::1", "URL"),
        ("reader@db.example.com", "db.example.com", "user"),
        ("db.example.com:5433", "db.example.com", "port"),
        ("db.example.com:", "db.example.com", "port"),
        ("[::1]", "::1", "brackets"),
        ("[fd12::1]:5432", "fd12::1", "port"),
        ("fe80::1%eth0", "fe80::1", "zone"),
        (" db.example.com", "db.example.com", "spaces"),
        ("db.example.com/shop", "db.example.com", "slashes"),
        ("db example com", None, "spaces"),
        ("://", None, "URL"),
    ],
)
def test_what_is_no_host_alone_comes_with_what_was_meant(
    typed: str, meant: str | None, says: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        connection(typed)
    (field,) = wrong_fields(caught.value)
    assert (field.path, field.suggestion) == ("host", meant)
    assert says in field.message
    assert meant is None or meant in field.message
    assert "4711" not in repr(caught.value) + repr(field)


@given(st.text(st.characters(codec="utf-8", exclude_characters="@"), min_size=1, max_size=60))
def test_a_suggestion_is_a_host_itself(text: str) -> None:
    try:
        connection(f"x://{text}")
    except ValidationError as error:
        (field,) = wrong_fields(error)
        if field.suggestion:
            connection(field.suggestion)
