"""Rows of an instance that is reached by its name, through Google's own client."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from devservers.google.cloud_sql import Refusal, digest
from headrace import sources
from headrace.cloud_sql import line, lookup
from headrace.connections import Credentials
from headrace.diagnosis.network import Network
from headrace.errors import ADDRESS_REFUSED, IAM_LOGIN_REFUSED, PORT_REFUSED, HeadraceError
from headrace.model import Selection, UnfitPolicy
from tests.cloud_sql.conftest import Named
from tests.conftest import Database
from tests.diagnosis.test_every_dial import DIAL, dials

ROWS = 30_000


def read(named: Named, opened: sources.Database) -> pa.Table:
    schema = named.connection.default_schema
    selection = Selection(schema_name=schema, table_name="t")
    with opened.read(selection, UnfitPolicy.FAIL) as reader:
        table = pa.Table.from_batches(list(reader), reader.schema)
        assert reader.rows_sent == table.num_rows
    return table


@contextmanager
def connected(named: Named, **changed: str) -> Iterator[sources.Database]:
    connection = named.as_is(**changed)
    credentials = named.credentials if connection.needs_password else Credentials.none()
    with closing(sources.connect(connection, credentials, named.network)) as opened:
        yield opened


def fill(named: Named) -> None:
    named.database.execute(
        "CREATE TABLE t (n int PRIMARY KEY, a varchar(200));"
        "INSERT INTO t WITH RECURSIVE s(n) AS "
        "(SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 300) "
        f"SELECT (x.n - 1) * 300 + y.n, repeat('x', 100) FROM s x, s y"
        f" WHERE (x.n - 1) * 300 + y.n <= {ROWS}"
    )


def test_a_table_comes_through_the_bulk_reader(named: Named) -> None:
    fill(named)
    threads = threading.active_count()
    with connected(named) as opened:
        table = read(named, opened)
    assert sorted(table.column("n").to_pylist()) == list(range(1, ROWS + 1))
    assert set(table.column("a").to_pylist()) == {"x" * 100}
    assert [method for method, _ in sorted_requests(named)] == [
        "connectSettings",
        "generateEphemeralCert",
    ]
    assert named.instance.tokens == [None]
    # Neither an event loop nor a thread of Google's stays.
    ours = [
        one.name for one in threading.enumerate() if "asyncio" in one.name or "look" in one.name
    ]
    assert (ours, threading.active_count() <= threads + 1) == ([], True)


def sorted_requests(named: Named) -> list[tuple[str, dict[str, str]]]:
    return sorted(named.server.requests, key=lambda request: request[0])


def test_further_connections_of_a_run_ask_once(named: Named) -> None:
    for _ in range(3):
        with connected(named):
            pass
    assert len(named.server.requests) == 2
    assert named.instance.tokens == [None] * 3


def test_a_certificate_that_ends_soon_is_not_used_again(postgres_instance: Named) -> None:
    postgres_instance.instance.lifetime = timedelta(minutes=3)
    for _ in range(2):
        with connected(postgres_instance):
            pass
    assert len(postgres_instance.server.requests) == 4


def test_an_instance_that_has_moved_is_asked_about_anew(postgres_instance: Named) -> None:
    instance = postgres_instance.instance
    (address,) = instance.addresses.values()
    instance.addresses["PRIMARY"] = "127.0.0.254"  # nobody listens there
    with pytest.raises(HeadraceError), connected(postgres_instance):
        pass
    instance.addresses["PRIMARY"] = address
    with connected(postgres_instance):
        pass


def test_only_who_shows_the_certificate_is_let_in(
    postgres_instance: Named, cloud_sql_stranger: Named
) -> None:
    """Another instance's authority is none of this one's, on either side."""
    instance = postgres_instance.instance
    instance.addresses["PRIMARY"] = cloud_sql_stranger.instance.address
    with pytest.raises(HeadraceError) as raised, connected(postgres_instance):
        pass
    assert raised.value.code == "tls_untrusted"
    assert cloud_sql_stranger.instance.tokens == []


def test_of_an_authority_with_many_instances_the_name_counts(postgres_instance: Named) -> None:
    instance = postgres_instance.instance
    instance.common_name = f"{instance.shows}."
    with connected(postgres_instance):
        pass
    instance.common_name = "another.sql.goog."
    lookup.KNOWN.forget(line.question(postgres_instance.connection, postgres_instance.network))
    with pytest.raises(HeadraceError) as raised, connected(postgres_instance):
        pass
    assert raised.value.code == "tls_name_wrong"
    assert raised.value.hint.startswith("Test again")


@pytest.fixture
def cloud_sql_stranger(postgres_instance: Named) -> Named:
    server, database = postgres_instance.server, postgres_instance.database
    instance = server.add(f"{postgres_instance.instance.name}x", "POSTGRES_16", 1)
    return Named(server, instance, database)


def test_what_the_api_tells_is_judged(postgres_instance: Named) -> None:
    api = postgres_instance.server.url
    for network, kind in (
        (Network(instances=api), ADDRESS_REFUSED),
        (Network(ports=(range(5432, 5433),), instances=api), PORT_REFUSED),
    ):
        with pytest.raises(HeadraceError) as raised:
            sources.connect(postgres_instance.connection, postgres_instance.credentials, network)
        assert raised.value.kind is kind
    assert postgres_instance.instance.tokens == []


@pytest.fixture
def iam_user(named: Named) -> Iterator[str]:
    """Who is let in without a password, as Google's proxy does for a good token."""
    name = f"{named.instance.name[:20]}"
    if isinstance(named.database, Database):
        name += "@my-project.iam"
        server = named.database.server
        before = server.pg_hba.read_text()
        server.pg_hba.write_text(f'host all "{name}" 127.0.0.1/32 trust\n{before}')
        server.reload()
        named.database.execute(f'CREATE ROLE "{name}" LOGIN; GRANT SELECT ON t TO "{name}"')
        yield name
        named.database.execute(f'DROP OWNED BY "{name}"; DROP ROLE "{name}"')
        server.pg_hba.write_text(before)
        server.reload()
    else:
        database = named.database.name
        named.database.execute(
            f"CREATE USER {name} IDENTIFIED BY ''; GRANT SELECT ON {database}.* TO {name}"
        )
        yield name
        named.database.execute(f"DROP USER {name}")


@pytest.fixture
def filled(named: Named) -> None:
    fill(named)


@pytest.mark.usefixtures("filled")
def test_a_login_by_iam_brings_its_token_in_the_certificate(named: Named, iam_user: str) -> None:
    with connected(named, login="iam", user=iam_user) as opened:
        assert read(named, opened).num_rows == ROWS
    (token,) = [body["access_token"] for _, body in named.server.requests if body]
    assert named.instance.tokens == [digest(token)]


def test_a_user_with_a_password_is_not_let_in_by_iam(named: Named) -> None:
    user = "nobody-here@my-project.iam" if isinstance(named.database, Database) else "nobody-here"
    with pytest.raises(HeadraceError) as raised, connected(named, login="iam", user=user):
        pass
    error = raised.value
    assert error.kind is IAM_LOGIN_REFUSED
    assert error.copy is not None
    assert f"users create {user}" in error.copy
    assert f"--instance={named.instance.name} --project=my-project" in error.copy


def test_what_a_command_connects_to_was_judged(
    postgres_instance: Named, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for the API itself, which the operator chose."""
    fill(postgres_instance)
    monkeypatch.setenv("HEADRACE_CLOUD_SQL", postgres_instance.server.url)
    monkeypatch.setenv("PGPASSWORD", postgres_instance.database.server.password)
    connection = postgres_instance.connection
    url = f"postgresql://{connection.user}@/{connection.database}?instance={connection.instance}"
    to = f"duckdb://{tmp_path / 'warehouse.duckdb'}"
    for command in (["test", url], ["extract", url, "public.t", "--to", to, "--parallel", "2"]):
        made = dials(tmp_path, *command)
        assert {asker for _, asker in made} == {DIAL, "headrace.cloud_sql.lookup"}, command
    assert len(postgres_instance.server.requests) == 4  # two for each command


BY_HOST = """
import sys
from headrace.api.source_types import ListSourceTypes, list_source_types
from headrace.cli.arguments import login, services
from headrace.diagnosis.diagnose import diagnose
from headrace import sources

connection, credentials = login(sys.argv[1])
network = services().settings.network
assert list_source_types(services(), ListSourceTypes()).types[0].ways
assert len(list(diagnose(connection, credentials, network))) == 9
sources.connect(connection, credentials, network).close()
print("\\n".join(sys.modules))
"""


def test_nothing_of_googles_is_loaded_for_a_host(database: Database, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BY_HOST, database.url],
        env={"HEADRACE_DATA": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    modules = done.stdout.splitlines()
    assert "headrace.sources.postgres" in modules
    theirs = ("google.auth", "google.cloud.", "aiohttp", "headrace.cloud_sql.")
    assert not [name for name in modules if name.startswith(theirs)]


def test_a_fault_of_the_api_is_asked_about_again(postgres_instance: Named) -> None:
    postgres_instance.server.refuse("connectSettings", Refusal(503))
    with connected(postgres_instance):
        pass
    methods = [method for method, _ in postgres_instance.server.requests]
    assert methods.count("connectSettings") == 2
