"""A draft is saved whole or not at all, and its password goes into the vault alone."""

from __future__ import annotations

import base64
import json
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from headrace import credentials as stored
from headrace.api.save_draft import SaveDraft
from headrace.errors import (
    DOCUMENTS_UNAVAILABLE,
    INVALID_INPUT,
    PASSWORD_REQUIRED,
    SOURCE_NOT_FOUND,
    SOURCE_STALE,
    VAULT_KEY_EXPOSED,
    VAULT_UNAVAILABLE,
    HeadraceError,
    Kind,
)
from headrace.model import DecimalType, DriftPolicy, Source, SourceState
from headrace.records import Sources
from headrace.services import Services
from headrace.settings import Settings
from headrace.validation import requested
from headrace.vaults.encrypted_file import EncryptedFile
from tests.api.drafts import PASSWORD, change, connection, create, credentials, table
from tests.limits import file_size_limit


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    opened = Services(settings)
    yield opened
    opened.documents.close()


def password(services: Services, source: Source) -> str:
    return stored.load(services.vault, source).password.get_secret_value()


def versions(services: Services, source: Source) -> int:
    return len(services.vault.versions(source.credentials_secret_name))


def refused(call: Callable[[], object]) -> HeadraceError:
    with pytest.raises(HeadraceError) as caught:
        call()
    assert PASSWORD not in f"{caught.value!r} {caught.value.fields} {caught.value.hint}"
    return caught.value


def paths(error: HeadraceError) -> list[str]:
    assert error.kind is INVALID_INPUT
    return [field.path for field in error.fields]


def unchanged(services: Services, source: Source) -> bool:
    return Sources(services.documents).get(source.model_id, source.source_id) == source


# --- creating ---------------------------------------------------------------------------------


def test_a_new_draft(services: Services) -> None:
    source = create(services, name="Shop (EU)", selection=(table("orders"),))

    assert unchanged(services, source)
    assert source.state is SourceState.DRAFT
    assert source.dataset == "shop_eu"
    assert source.etag
    assert source.credentials_secret_name == f"model-m1-source-{source.source_id}-credentials"
    assert password(services, source) == PASSWORD


def test_all_that_is_missing_is_said_at_once(services: Services) -> None:
    error = refused(lambda: create(services, name=None, connection=None, credentials=None))

    assert paths(error) == ["name", "connection", "credentials"]


def test_an_etag_without_a_source_is_refused(services: Services) -> None:
    assert paths(refused(lambda: create(services, etag="x"))) == ["source_id"]


@pytest.mark.parametrize("dataset", ["_headrace", "_Headrace_x", "Temp", "pg_catalog"])
def test_our_own_datasets_are_refused(services: Services, dataset: str) -> None:
    assert paths(refused(lambda: create(services, dataset=dataset))) == ["dataset"]


@pytest.mark.parametrize(
    ("second", "wrong"),
    [
        (table("orders"), "selection.1.table_name"),
        (table("Orders"), "selection.1.destination_table"),
        (table("x", destination_table="ORDERS"), "selection.1.destination_table"),
    ],
)
def test_two_tables_do_not_share_a_destination(services: Services, second: Any, wrong: str) -> None:
    error = refused(lambda: create(services, selection=(table("orders"), second)))

    assert paths(error) == [wrong]


def test_the_same_name_in_two_schemas_is_two_tables(services: Services) -> None:
    create(services, selection=(table("orders"), table("orders", "archive")))


def test_decimals_are_kept(services: Services) -> None:
    chosen = {"amount": DecimalType(precision=38, scale=9)}

    source = create(services, selection=(table("orders", decimal_columns=chosen),))

    assert unchanged(services, source)
    (selection,) = source.selection
    assert selection.decimal_columns == chosen


@pytest.mark.parametrize(
    ("precision", "scale", "path"),
    [(39, 9, "a.precision"), (0, 0, "a.precision"), (38, -1, "a.scale"), (5, 6, "a")],
)
def test_decimals_that_are_none(services: Services, precision: int, scale: int, path: str) -> None:
    chosen = {"a": {"precision": precision, "scale": scale}}
    orders = {"schema_name": "public", "table_name": "orders", "decimal_columns": chosen}
    source = create(services)
    given = {"model_id": "m1", "source_id": source.source_id, "etag": source.etag}

    error = refused(lambda: requested(SaveDraft, selection=[orders], **given))

    assert paths(error) == [f"selection.0.decimal_columns.{path}"]


SETTINGS = {"verify": "digest", "parallel": 4, "chunk_rows": 1000, "drift": "fail", "unfit": "null"}


@pytest.mark.parametrize(("name", "value"), SETTINGS.items())
def test_each_setting_is_saved_and_stays(services: Services, name: str, value: object) -> None:
    new = create(services, **{name: value})
    changed = change(services, create(services), **{name: value})

    assert getattr(new, name) == getattr(changed, name) == value
    assert getattr(change(services, changed, name="Store"), name) == value
    others = SETTINGS.keys() - {name}
    assert all(getattr(new, other) == Source.model_fields[other].default for other in others)


@pytest.mark.parametrize("wrong", [{"parallel": 0}, {"parallel": 33}, {"chunk_rows": 0}])
def test_a_setting_that_is_none(services: Services, wrong: dict[str, int]) -> None:
    error = refused(lambda: requested(SaveDraft, model_id="m1", **wrong))

    assert paths(error) == list(wrong)


# --- changing ---------------------------------------------------------------------------------


def test_what_is_left_out_stays(services: Services) -> None:
    source = create(services, selection=(table("orders"),), dataset="mine")
    changed = change(services, source, name="Store")

    given = ("name", "updated_at", "etag")
    assert changed.model_copy(update={k: getattr(source, k) for k in given}) == source
    assert (changed.name, changed.etag != source.etag) == ("Store", True)
    assert password(services, changed) == PASSWORD


def test_a_new_password_replaces_the_old(services: Services) -> None:
    source = create(services)
    for number in range(4):
        source = change(services, source, credentials=credentials(f"new-{number}"))

    assert password(services, source) == "new-3"
    assert versions(services, source) == 2


@pytest.mark.parametrize("state", [SourceState.ACTIVE, SourceState.PAUSED])
def test_a_change_leaves_the_state(services: Services, state: SourceState) -> None:
    source = create(services, selection=(table("orders"),))
    source = Sources(services.documents).replace(source.model_copy(update={"state": state}))

    assert change(services, source, name="Store").state is state
    source = Sources(services.documents).get("m1", source.source_id)
    error = refused(lambda: change(services, source, selection=()))
    assert paths(error) == ["selection"]


def test_a_drafts_selection_may_be_emptied(services: Services) -> None:
    source = create(services, selection=(table("orders"),))

    assert change(services, source, selection=()).selection == ()


def test_a_change_needs_an_etag(services: Services) -> None:
    source = create(services)

    assert paths(refused(lambda: change(services, source, etag=None))) == ["etag"]


def test_an_unknown_source_is_not_found(services: Services) -> None:
    error = refused(lambda: change(services, create(services), source_id="0"))

    assert error.kind is SOURCE_NOT_FOUND


def test_a_stale_save_touches_neither_document_nor_vault(services: Services) -> None:
    first = create(services)
    second = change(services, first, name="Store")

    error = refused(lambda: change(services, first, credentials=credentials("late")))

    assert error.kind is SOURCE_STALE
    assert unchanged(services, second)
    assert versions(services, second) == 1


SERVER_CHANGES = [{"host": "evil.example.com"}, {"port": 5433}, {"user": "x"}, {"database": "x"}]
LESS_GUARDED = [{"tls": "require"}, {"tls": "disable"}]


@pytest.mark.parametrize("changes", SERVER_CHANGES + LESS_GUARDED)
def test_a_stored_password_goes_nowhere_else(services: Services, changes: dict[str, Any]) -> None:
    source = create(services)

    error = refused(lambda: change(services, source, connection=connection(**changes)))

    assert error.kind is PASSWORD_REQUIRED
    assert f"connection.{next(iter(changes))}" in [field.path for field in error.fields]
    assert unchanged(services, source)

    changed = change(
        services, source, connection=connection(**changes), credentials=credentials("new")
    )
    assert password(services, changed) == "new"


@pytest.mark.parametrize("changes", [{}, {"host": "DB.example.com"}, {"tls": "verify-ca"}])
def test_a_stored_password_stays_for_the_same_server(
    services: Services, changes: dict[str, Any]
) -> None:
    changed = change(services, create(services), connection=connection(**changes))

    assert password(services, changed) == PASSWORD


# --- failing ----------------------------------------------------------------------------------


def test_without_a_vault_no_document_is_written(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    vault = f"encrypted-file://{tmp_path}/file/vault.json"
    services = Services(settings.model_copy(update={"vault": vault}))

    assert refused(lambda: create(services)).kind is VAULT_UNAVAILABLE
    assert Sources(services.documents).list("m1", limit=10) == []
    services.documents.close()


def test_a_change_that_the_vault_refuses_is_not_saved(
    services: Services, settings: Settings
) -> None:
    source = create(services)
    (settings.data / "vault.key").chmod(0o640)

    error = refused(lambda: change(services, source, name="Store", credentials=credentials("new")))

    assert error.kind is VAULT_KEY_EXPOSED
    assert unchanged(services, source)


def test_without_documents_no_secret_stays(services: Services, settings: Settings) -> None:
    source = create(services)
    with file_size_limit(3000):  # the vault needs less, the documents need more
        created = refused(lambda: create(services))
        changed = refused(lambda: change(services, source, credentials=credentials("new")))

    assert (created.kind, changed.kind) == (DOCUMENTS_UNAVAILABLE, DOCUMENTS_UNAVAILABLE)
    assert unchanged(services, source)
    assert password(services, source) == PASSWORD
    services.vault.delete(source.credentials_secret_name)
    assert (settings.data / "vault.json").stat().st_size < 100  # nothing else was in it


def unavailable() -> HeadraceError:
    return HeadraceError(VAULT_UNAVAILABLE, "The vault is away.")


class Undestroyable(EncryptedFile):
    def destroy(self, name: str, version: int) -> None:
        raise unavailable()


def test_a_secret_that_can_not_be_taken_back_is_logged(
    services: Services, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    services.vault = Undestroyable(settings.data / "vault.json")
    create(services)

    with file_size_limit(3000):
        error = refused(lambda: create(services))

    assert error.kind is DOCUMENTS_UNAVAILABLE
    assert "stays without a source" in caplog.text


def test_old_versions_that_can_not_be_destroyed_do_not_fail_a_save(
    services: Services, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    services.vault = Undestroyable(settings.data / "vault.json")
    source = create(services)
    for _ in range(3):
        source = change(services, source, credentials=credentials("new"))

    assert unchanged(services, source)
    assert "could not be destroyed" in caplog.text


class Meeting(EncryptedFile):
    """Two saves meet here: both have seen the same etag."""

    barrier = threading.Barrier(2)

    def add(self, name: str, payload: bytes) -> int:
        version = super().add(name, payload)
        self.barrier.wait(30)
        return version


def test_of_two_saves_at_once_one_wins_with_its_password(
    services: Services, settings: Settings
) -> None:
    source = create(services)
    services.vault = Meeting(settings.data / "vault.json")

    def save(word: str) -> Source | Kind:
        try:
            return change(services, source, name=word, credentials=credentials(word))
        except HeadraceError as error:
            return error.kind

    with ThreadPoolExecutor(2) as executor:
        results = list(executor.map(save, ["one", "two"]))

    assert results.count(SOURCE_STALE) == 1
    (saved,) = (result for result in results if isinstance(result, Source))
    assert unchanged(services, saved)
    assert password(services, saved) == saved.name
    name = saved.credentials_secret_name
    payloads = [services.vault.read(name, n) or b"" for n in services.vault.versions(name)]
    loser = {"one": b"two", "two": b"one"}[saved.name]
    assert not any(loser in payload for payload in payloads)


# --- the password -----------------------------------------------------------------------------


def test_the_password_is_nowhere_but_encrypted(
    services: Services, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    source = change(services, create(services), name="Store", credentials=credentials())

    shown = f"{source!r} {source.model_dump_json()} {caplog.text} {services.vault!r}".encode()
    held = b"".join(file.read_bytes() for file in settings.data.iterdir())
    assert b"db.example.com" in held  # the search sees what is there
    for spelling in (
        PASSWORD,
        json.dumps(PASSWORD)[1:-1],
        quote(PASSWORD, safe=""),
        base64.b64encode(PASSWORD.encode()).decode(),
    ):
        assert spelling.encode() not in shown + held


# --- modes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "wrong"),
    [
        ({"mode": "append"}, ["cursor"]),
        ({"cursor": ["id"]}, ["cursor"]),
        ({"mode": "merge", "cursor": ["id", "id"]}, ["cursor"]),
        ({"mode": "append", "cursor": ["id"], "key": ["id"], "look_back": 9}, ["key", "look_back"]),
        ({"mode": "merge", "cursor": ["at"], "key": ["id"], "columns": ["at"]}, ["key"]),
        ({"mode": "append", "cursor": ["at"], "detect_deletes": "soft"}, ["detect_deletes"]),
        ({"detect_deletes": "hard"}, ["detect_deletes"]),
        ({"mode": "merge", "cursor": ["at"], "lag_seconds": -1}, ["lag_seconds"]),
        ({"mode": "newest", "cursor": ["at"]}, ["mode"]),
        ({"cluster_by": ["a", "a"], "partition_by": {}}, ["partition_by.column", "cluster_by"]),
    ],
)
def test_a_wrong_choice_of_rows_names_its_field(
    services: Services, chosen: dict[str, Any], wrong: list[str]
) -> None:
    orders = {"schema_name": "public", "table_name": "orders", **chosen}
    error = refused(lambda: requested(SaveDraft, model_id="m1", selection=[orders]))

    assert paths(error) == [f"selection.0.{name}" for name in wrong]


def test_the_drift_policy_is_kept(services: Services) -> None:
    source = create(services, drift="freeze")
    assert source.drift is DriftPolicy.FREEZE
    source = change(services, source, name="Other")
    assert source.drift is DriftPolicy.FREEZE
    assert change(services, source, drift="fail").drift is DriftPolicy.FAIL
