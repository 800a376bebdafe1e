"""An instance of Cloud SQL, and whom its database knows by the name of an account."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from headrace.connections import MysqlConnection, PostgresConnection, identity
from headrace.instances import parts
from headrace.validation import wrong_fields

NAME = "my-project:europe-west3:shop"


def test_a_project_may_belong_to_a_domain() -> None:
    assert parts(NAME) == ("my-project", "europe-west3", "shop")
    name = "example.com:my-project:europe-west3:shop"
    connection = PostgresConnection(instance=name, database="d", user="u")
    assert connection.server == name
    assert parts(name) == ("example.com:my-project", "europe-west3", "shop")


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("shop", None),
        ("my-project:shop", None),
        ("My-Project:Europe-West3:Shop", NAME),
        (f"--instances={NAME}=tcp:5432", NAME),
        (f" {NAME} ", NAME),
        ("my-project/../x:europe-west3/shop?", None),
    ],
)
def test_what_is_no_name_is_told_with_what_was_meant(text: str, suggestion: str | None) -> None:
    with pytest.raises(ValidationError) as raised:
        PostgresConnection(instance=text, database="d", user="u")
    (field,) = wrong_fields(raised.value)
    assert (field.path, field.suggestion) == ("instance", suggestion)


@pytest.mark.parametrize(
    ("kind", "user"),
    [(PostgresConnection, "reader@my-project.iam"), (MysqlConnection, "reader")],
)
def test_the_user_of_an_account_is_what_the_database_calls_it(
    kind: type[PostgresConnection | MysqlConnection], user: str
) -> None:
    given = {"instance": NAME, "database": "d", "login": "iam"}
    account = "reader@my-project.iam.gserviceaccount.com"
    with pytest.raises(ValidationError) as raised:
        kind.model_validate({**given, "user": account})
    (field,) = wrong_fields(raised.value)
    assert (field.path, field.suggestion) == ("user", user)
    assert not kind.model_validate({**given, "user": user}).needs_password


def test_what_was_stored_before_there_were_instances_is_read() -> None:
    old = {"type": "postgres", "host": "DB.example.com", "port": 5432, "database": "d", "user": "u",
           "tls": "verify-full", "ca_certificate": None}  # fmt: skip
    connection = PostgresConnection.model_validate(old)
    assert connection.needs_password
    expected = {"host": "db.example.com", "port": 5432, "user": "u", "database": "d"}
    assert identity(connection) == expected
    assert PostgresConnection.model_validate_json(connection.model_dump_json()) == connection
