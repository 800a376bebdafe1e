"""Connections as people write them."""

from __future__ import annotations

import pytest

from headrace.bigquery_connection import BigqueryConnection, BigqueryLogin
from headrace.connections import AddressType, Credentials, Login, ServerConnection, TlsMode
from headrace.errors import URL_INVALID, HeadraceError
from headrace.urls import from_url as of_any


def from_url(url: str) -> tuple[ServerConnection, Credentials | None]:
    connection, credentials = of_any(url)
    assert not isinstance(connection, BigqueryConnection)
    return connection, credentials


def test_all_parts() -> None:
    url = "postgresql://re%40der:p%2F%3F%40%3A%23@db.example.com:5433/my%20shop?sslmode=require"
    connection, credentials = from_url(url)
    assert credentials is not None
    assert credentials.password.get_secret_value() == "p/?@:#"
    assert (connection.type, connection.host, connection.port) == (
        "postgres", "db.example.com", 5433,
    )  # fmt: skip
    assert (connection.user, connection.database) == ("re@der", "my shop")
    assert connection.tls is TlsMode.REQUIRE


def test_defaults() -> None:
    connection, credentials = from_url("mysql://reader@db.example.com/shop")
    assert credentials is None
    assert (connection.type, connection.port) == ("mysql", 3306)
    assert connection.tls is TlsMode.VERIFY_FULL
    assert from_url("postgres://u@h/d")[0].port == 5432


def test_an_instance_stands_in_place_of_the_host() -> None:
    url = "postgresql://reader@/shop?instance=my-project:europe-west3:shop&ip-type=psc&login=iam"
    connection, credentials = from_url(url)
    assert (connection.instance, connection.host) == ("my-project:europe-west3:shop", None)
    assert (connection.ip_type, connection.login) == (AddressType.PSC, Login.IAM)
    assert (connection.user, connection.database, credentials) == ("reader", "shop", None)


def test_bigquery_has_a_project_and_datasets() -> None:
    connection, credentials = of_any("bigquery://my-project/sales?billing-project=paying")
    assert connection == BigqueryConnection(
        project="my-project", datasets="sales", billing_project="paying", login=BigqueryLogin.IAM
    )
    assert (connection.default_schema, credentials) == ("sales", None)
    connection, _ = of_any("bigquery://my-project?login=key&location=EU")
    assert connection == BigqueryConnection(project="my-project", location="EU")


@pytest.mark.parametrize(
    "rest",
    ["key@my-project/d", "My-Project", "my-project/a/b", "my-project?login=x", "my-project?key=x"],
)
def test_what_is_no_url_of_bigquery(rest: str) -> None:
    with pytest.raises(HeadraceError) as raised:
        of_any(f"bigquery://{rest}")
    assert raised.value.kind is URL_INVALID


def test_mysqls_words() -> None:
    assert from_url("mariadb://u@h/d?ssl-mode=VERIFY_CA")[0].tls is TlsMode.VERIFY_CA


@pytest.mark.parametrize(
    "url",
    [
        "",
        "db.example.com",
        "oracle://u:SECRET@h/d",
        "postgresql://u:SECRET@h:99999/d",
        "postgresql://u:SECRET@h:port/d",
        "postgresql://u:SE℀CRET@h/d",
        "postgresql://u:SE[CRET@h/d",
        "postgresql://u:SE?CRET=1@h/d",
        "postgresql://u:SE#CRET@h/d",
        "postgresql://u:SE/CRET@h/d",
        "postgresql://u:x@SE/CRET@h/d",
        "postgresql://u@https://SECRET/d",
        "postgresql://u:SECRET@h/d?SECRET=1",
        "postgresql://u:SECRET@h/d?sslmode=SECRET",
        "postgresql://u:SECRET@h/d?sslrootcert=/SECRET",
        "postgresql://u:SECRET@/d",
        "postgresql://u:SECRET@h",
        "postgresql://:SECRET@h/d",
        "postgresql://u:SECRET@h/d%00",
    ],
)
def test_what_is_wrong_is_said_and_not_repeated(url: str) -> None:
    with pytest.raises(HeadraceError) as raised:
        from_url(url)
    error = raised.value
    assert error.kind is URL_INVALID
    told = repr([str(error), error.hint, error.fields, error.__cause__])
    for piece in ("SECRET", "CRET", "℀"):
        assert piece not in told
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None


def test_either_a_host_or_an_instance() -> None:
    for url, wrong in (
        ("postgresql://u@h/d?instance=p:r:i", {"host"}),
        ("postgresql://u@/d?instance=i&ip-type=x&login=y", {"instance", "ip_type", "login"}),
        ("postgresql://u@h/d?login=iam&ip-type=private", {"ip_type", "login"}),
        ("postgresql://u@/d?instance=p:r:i&sslmode=disable", {"tls"}),
        ("postgresql://u@:5433/d?instance=p:r:i", {"port"}),
    ):
        with pytest.raises(HeadraceError) as raised:
            from_url(url)
        assert {field.path for field in raised.value.fields} == wrong, url


def test_every_wrong_part_is_named() -> None:
    with pytest.raises(HeadraceError) as raised:
        from_url("postgresql:///?sslmode=prefer")
    assert {field.path for field in raised.value.fields} == {"host", "user", "database", "tls"}
