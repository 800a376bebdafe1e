"""What `headrace test` shows below a layer: the next step, what to copy, what was learned."""

from __future__ import annotations

from tests.cli.conftest import Headrace
from tests.conftest import Database
from tests.sources.reading import user_without_rights


def test_what_to_copy_stands_alone_on_its_lines(headrace: Headrace, database: Database) -> None:
    database.execute("CREATE TABLE orders (id int, card text); CREATE TABLE customers (id int)")
    with user_without_rights(database) as (connection, credentials):
        password = credentials.password.get_secret_value()
        url = (
            f"postgresql://{connection.user}@{connection.host}:{connection.port}/{database.name}"
            "?sslmode=disable"
        )
        before = headrace("test", url, "orders", "customers", PGPASSWORD=password)
        lines = [line.strip() for line in before.stdout.splitlines()]
        statements = [line for line in lines if line.startswith("GRANT ")]
        database.execute("\n".join(statements))
        after = headrace("test", url, "orders", "customers", PGPASSWORD=password)
        one = headrace("test", url, "orders", "--column", "id", PGPASSWORD=password)
    assert before.returncode == 1
    assert len(statements) == 2
    assert after.returncode == one.returncode == 0, after.stdout


def test_what_was_learned_of_passed_layers_is_shown_if_wanted(
    headrace: Headrace, database: Database
) -> None:
    assert "round trip: " not in headrace("test", database.url).stdout
    assert "round trip: " in headrace("test", database.url, "--facts").stdout


def test_what_is_advised_of_a_layer_that_passed_with_a_warning(
    headrace: Headrace, database: Database
) -> None:
    database.execute("CREATE TABLE t ()")
    done = headrace("test", database.url)
    assert done.stdout.count("headrace grants") == 1  # once, though a fact advises it
    assert "account: 'postgres' is a superuser" in done.stdout


def test_columns_without_a_table(headrace: Headrace, database: Database) -> None:
    done = headrace("test", database.url, "--column", "id")
    assert done.returncode == 1
    assert "invalid_input" in done.stderr


def test_what_to_change_in_the_url_is_named_as_it_is_there(
    headrace: Headrace, database: Database
) -> None:
    url = database.url.replace("?sslmode=disable", "")
    told = headrace("test", url).stdout
    assert "'disable'" in told
    assert "In the URL's options" not in told  # nobody knows what is right there
