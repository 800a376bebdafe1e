"""What people type into the host field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from headrace.connections import PostgresConnection
from headrace.hosts import host_alone
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
        ("db.example.com 5432", "db.example.com", "spaces"),
        ("db.example.com : 5432", "db.example.com", "spaces"),
        ('"db.example.com"', "db.example.com", "quotes"),
        ("<db.example.com>", "db.example.com", "quotes"),
        ("db.example.com,", "db.example.com", "commas"),
        ("a.example.com,b.example.com", None, "commas"),
        ("host=db.example.com port=5433 password=geheim-4711", "db.example.com", "settings"),
        ("Server=db.example.com;Port=5433;Pwd=geheim-4711", "db.example.com", "settings"),
        ("password=geheim-4711 host=db.example.com", None, "settings"),
        ("password='a host=geheim-4711'", None, "settings"),
        ("psql -h db.example.com -U reader", "db.example.com", "spaces"),
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


# Texts near to hosts, and any others.
TEXTS = st.text("ab.1:/[]%@?#\\ =;,'\"-h", max_size=60) | st.text(max_size=60)


@given(TEXTS)
def test_any_text_is_a_host_or_comes_with_the_reason_why_not(text: str) -> None:
    try:
        assert host_alone(text) == text
    except PydanticCustomError as error:
        context = error.context or {}
        assert context["words"]
        if suggestion := context["suggestion"]:
            assert host_alone(suggestion) == suggestion
            assert suggestion in text


@given(st.text("Zz9:/?#@ =", min_size=8, max_size=20))
def test_no_part_of_a_password_is_suggested(password: str) -> None:
    """What looks like a URL may hold any password, written as it is and not as it should be."""
    try:
        host_alone("postgresql://u:" + password + "@h.example/d")
    except PydanticCustomError as error:
        assert (error.context or {})["suggestion"] in (None, "h.example")


@given(st.text(st.characters(codec="utf-8", exclude_characters="@"), min_size=1, max_size=60))
def test_a_suggestion_is_a_host_itself(text: str) -> None:
    try:
        connection(f"x://{text}")
    except ValidationError as error:
        (field,) = wrong_fields(error)
        if field.suggestion:
            connection(field.suggestion)
