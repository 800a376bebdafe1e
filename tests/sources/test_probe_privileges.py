"""A user that may do more than read, and one from whom rows are hidden."""

from __future__ import annotations

from contextlib import closing

import pytest

from headrace import sources
from headrace.checks import CheckStatus, Layer
from tests.conftest import LOCAL, Database
from tests.sources.probing import facts, probed
from tests.sources.reading import reading, selected, user_without_rights


def test_a_superuser_is_a_warning(database: Database) -> None:
    database.execute("CREATE TABLE t (a int)")
    check = probed(database.connection, database.credentials, [selected("t")])[Layer.RIGHTS]
    assert check.status is CheckStatus.WARNED
    assert "superuser" in facts(check)["account"].value
    assert "headrace grants" in (check.hint or "")
    assert check.grants is not None


@pytest.mark.parametrize("chosen", [True, False])
@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("ALTER ROLE {} CREATEROLE", "allowed to make and change users"),
        ("ALTER ROLE {} CREATEDB REPLICATION", "allowed to make databases and allowed to copy"),
        ("ALTER ROLE {} BYPASSRLS", "exempt from row-level security"),
        ("GRANT pg_write_server_files TO {}", "allowed to run programs or write files"),
        ("GRANT INSERT ON t TO {}", "owns, or may write to, 1 of 1 tables: public.t."),
        ("GRANT UPDATE (a) ON t TO {}", "owns, or may write to, 1 of 1 tables: public.t."),
        ("GRANT TRUNCATE ON t TO {}", "owns, or may write to, 1 of 1 tables: public.t."),
        ("ALTER TABLE t OWNER TO {}", "owns, or may write to, 1 of 1 tables: public.t."),
    ],
)
def test_more_than_reading_is_a_warning(
    database: Database, given: str, told: str, *, chosen: bool
) -> None:
    database.execute("CREATE TABLE t (a int)")
    selection = [selected("t")] if chosen else []
    with user_without_rights(database) as (connection, credentials):
        database.execute(f"GRANT SELECT ON t TO {connection.user}")
        before = probed(connection, credentials, selection)[Layer.RIGHTS]
        database.execute(given.format(connection.user))
        after = probed(connection, credentials, selection)[Layer.RIGHTS]
    assert before.status is CheckStatus.PASSED
    assert after.status is CheckStatus.WARNED
    assert told in facts(after)["account"].value


def test_rows_that_a_policy_hides_are_a_warning(database: Database) -> None:
    database.execute("CREATE TABLE t AS SELECT generate_series(1, 3) AS a")
    with user_without_rights(database) as (connection, credentials):
        database.execute(
            f"GRANT SELECT ON t TO {connection.user}; ALTER TABLE t ENABLE ROW LEVEL SECURITY"
        )
        for selection in ([selected("t")], []):
            check = probed(connection, credentials, selection)[Layer.RIGHTS]
            assert check.status is CheckStatus.WARNED
            assert "public.t" in facts(check)["row-level security"].value
        database.execute(check.copy_text or "")
        with (
            closing(sources.connect(connection, credentials, LOCAL)) as connected,
            reading(connected, "t") as reader,
        ):
            assert sum(batch.num_rows for batch in reader) == 3


def test_the_owner_and_the_exempt_see_all_rows(database: Database) -> None:
    database.execute("CREATE TABLE t (a int); ALTER TABLE t ENABLE ROW LEVEL SECURITY")
    with user_without_rights(database) as (connection, credentials):
        database.execute(f"GRANT SELECT ON t TO {connection.user}")
        database.execute(f"ALTER ROLE {connection.user} BYPASSRLS")
        check = probed(connection, credentials, [selected("t")])[Layer.RIGHTS]
    assert "row-level security" not in facts(check)
