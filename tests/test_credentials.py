"""Passwords into the vault and out of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headrace import credentials as stored
from headrace.errors import CREDENTIALS_MISSING, VAULT_UNREADABLE, HeadraceError
from headrace.model import Source, credentials_secret_name, now
from headrace.vaults.encrypted_file import EncryptedFile
from tests.api.drafts import PASSWORD, connection, credentials

NAME = credentials_secret_name("m1", "s1")


@pytest.fixture
def vault(tmp_path: Path) -> EncryptedFile:
    return EncryptedFile(tmp_path / "vault.json")


def source(**changes: Any) -> Source:
    return Source(
        model_id="m1",
        source_id="s1",
        name="Shop",
        connection=connection(**changes),
        credentials_secret_name=NAME,
        dataset="shop",
        created_at=now(),
        updated_at=now(),
    )


def load(vault: EncryptedFile, source: Source) -> str:
    return stored.load(vault, source).password.get_secret_value()


def test_a_password_comes_back(vault: EncryptedFile) -> None:
    stored.store(vault, NAME, connection(), credentials())

    assert load(vault, source()) == PASSWORD
    assert load(vault, source(host="DB.Example.com", tls="require")) == PASSWORD


@pytest.mark.parametrize(
    "changed", [{"host": "evil.example.com"}, {"port": 5433}, {"user": "x"}, {"database": "x"}]
)
def test_a_password_is_given_out_for_nothing_else(
    vault: EncryptedFile, changed: dict[str, Any]
) -> None:
    stored.store(vault, NAME, connection(), credentials())

    with pytest.raises(HeadraceError) as caught:
        load(vault, source(**changed))

    assert caught.value.kind is CREDENTIALS_MISSING
    assert PASSWORD not in str(caught.value)


def test_no_password_is_missing(vault: EncryptedFile) -> None:
    with pytest.raises(HeadraceError) as caught:
        load(vault, source())

    assert caught.value.kind is CREDENTIALS_MISSING


def test_the_version_that_was_saved_counts(vault: EncryptedFile) -> None:
    """A save that was killed leaves a newer version, which no source names."""
    stored.store(vault, NAME, connection(), credentials("old"))
    saved = stored.store(vault, NAME, connection(), credentials("saved"))
    stored.store(vault, NAME, connection(), credentials("killed"))

    assert load(vault, source().model_copy(update={"credentials_version": saved})) == "saved"


@pytest.mark.parametrize(
    "payload", [b"pa55", b"{}", b'{"password": "pa55"}', b'{"password": "", "identity": {}}']
)
def test_a_payload_that_is_none_is_an_error(vault: EncryptedFile, payload: bytes) -> None:
    vault.add(NAME, payload)

    with pytest.raises(HeadraceError) as caught:
        load(vault, source())

    assert caught.value.kind is VAULT_UNREADABLE
    assert "pa55" not in f"{caught.value} {caught.value.__cause__!r}"


def test_settling_keeps_two_versions_and_leaves_later_ones(vault: EncryptedFile) -> None:
    versions = [stored.store(vault, NAME, connection(), credentials()) for _ in range(5)]

    stored.settle(vault, NAME, versions[3])

    assert list(vault.versions(NAME)) == versions[2:]


def test_settling_the_first_version_keeps_it(vault: EncryptedFile) -> None:
    version = stored.store(vault, NAME, connection(), credentials())

    stored.settle(vault, NAME, version)

    assert list(vault.versions(NAME)) == [version]
