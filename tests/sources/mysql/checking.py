"""The connection test, by layer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

from pydantic import SecretStr

from headrace.checks import Check, Fact, Layer
from headrace.connections import Credentials, MysqlConnection
from headrace.diagnosis.diagnose import diagnose
from headrace.model import Selection
from headrace.sources.mysql.grants import PLACEHOLDER
from tests.conftest import LOCAL, MariadbDatabase

Login = tuple[MysqlConnection, Credentials]

PASSWORD = "Pässwörd-'\"\\%:@/ 9"


def checked(login: Login, selection: Sequence[Selection] = ()) -> dict[Layer, Check]:
    connection, credentials = login
    return {
        check.layer: check
        for check in diagnose(connection, credentials, LOCAL, selection=selection)
    }


def administrator(own: MariadbDatabase, **changed: Any) -> Login:
    return own.connection.model_copy(update=changed), own.credentials


def facts(check: Check) -> dict[str, Fact]:
    return {fact.name: fact for fact in check.facts}


@contextlib.contextmanager
def user(database: MariadbDatabase, *grants: str) -> Iterator[Login]:
    """A user with no rights but these; `{user}` and `{database}` in them stand for its names."""
    name, password = f"user_{uuid4().hex[:16]}", uuid4().hex
    database.execute(f"CREATE USER {name} IDENTIFIED BY '{password}'")
    for grant in grants:
        database.execute(grant.format(user=name, database=database.name))
    try:
        connection = database.connection.model_copy(update={"user": name})
        yield connection, Credentials(password=SecretStr(password))
    finally:
        database.execute(f"DROP USER IF EXISTS {name}")


def filled_in(sql: str, password: str) -> str:
    """The statements as an administrator runs them."""
    quoted = password.replace("\\", "\\\\").replace("'", "''")
    return sql.replace(PLACEHOLDER, f"'{quoted}'")


def with_password(login: Login, password: str) -> Login:
    return login[0], Credentials(password=SecretStr(password))
