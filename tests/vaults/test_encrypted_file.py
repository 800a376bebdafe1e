"""What can go wrong with a vault file and its key."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from headrace.errors import (
    SETTINGS_INVALID,
    VAULT_KEY_EXPOSED,
    VAULT_KEY_MISSING,
    VAULT_UNAVAILABLE,
    VAULT_UNREADABLE,
    HeadraceError,
    Kind,
)
from headrace.settings import Settings
from headrace.vaults.encrypted_file import EncryptedFile, open_vault
from tests.limits import file_size_limit, unprivileged

PAYLOAD = b"s3cret-payload"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "vault.json"


@pytest.fixture
def key(path: Path) -> Path:
    return path.with_name("vault.key")


@pytest.fixture
def vault(path: Path) -> EncryptedFile:
    """A vault that holds PAYLOAD as version 1 of 'one'."""
    vault = EncryptedFile(path)
    vault.add("one", PAYLOAD)
    return vault


def refused(call: Callable[[], object]) -> Kind:
    with pytest.raises(HeadraceError) as caught:
        call()
    assert PAYLOAD.decode() not in f"{caught.value!r} {caught.value.__cause__!r}"
    return caught.value.kind


def assert_refused_and_untouched(vault: EncryptedFile, path: Path, kind: Kind) -> None:
    """Every operation fails; none makes a new key or writes the file."""
    before = {file: file.read_bytes() for file in path.parent.iterdir()}
    for call in (
        lambda: vault.read("one", 1),
        lambda: vault.versions("one"),
        lambda: vault.add("one", b"new"),
        lambda: vault.destroy("one", 1),
        lambda: vault.delete("one"),
    ):
        assert refused(call) is kind
    assert {file: file.read_bytes() for file in path.parent.iterdir()} == before


def test_only_the_owner_may_read_the_files(vault: EncryptedFile, path: Path) -> None:
    assert path.parent.stat().st_mode & 0o777 == 0o700
    modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert modes == {"vault.json": 0o600, "vault.json.lock": 0o600, "vault.key": 0o600}


def test_the_files_hold_neither_name_nor_payload_in_plain(vault: EncryptedFile, path: Path) -> None:
    for file in path.parent.iterdir():
        content = file.read_bytes()
        for secret in (PAYLOAD, base64.b64encode(PAYLOAD), PAYLOAD.hex().encode()):
            assert secret not in content


def test_reading_makes_no_file(path: Path) -> None:
    assert EncryptedFile(path).versions("one") == []
    assert not path.parent.exists()


@pytest.mark.parametrize("url", ["encrypted-file://vault.json", "encrypted-file:///data/vault.key"])
def test_a_path_that_can_not_be_used_is_refused(url: str, settings: Settings) -> None:
    assert refused(lambda: open_vault(url, settings)) is SETTINGS_INVALID


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_an_exposed_key_is_refused(vault: EncryptedFile, path: Path, key: Path, mode: int) -> None:
    key.chmod(mode)

    assert_refused_and_untouched(vault, path, VAULT_KEY_EXPOSED)


def test_a_key_of_another_user_is_refused(
    vault: EncryptedFile, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)

    assert_refused_and_untouched(vault, path, VAULT_KEY_EXPOSED)


def test_a_missing_key_is_never_made_anew(vault: EncryptedFile, path: Path, key: Path) -> None:
    key.unlink()

    assert_refused_and_untouched(vault, path, VAULT_KEY_MISSING)


def test_another_key_is_refused(vault: EncryptedFile, path: Path, key: Path) -> None:
    other = EncryptedFile(path.parent / "other" / "vault.json")
    other.add("one", b"other")
    (path.parent / "other" / "vault.key").replace(key)
    for file in (path.parent / "other").iterdir():
        file.unlink()
    (path.parent / "other").rmdir()

    assert_refused_and_untouched(vault, path, VAULT_UNREADABLE)


@pytest.mark.parametrize("content", [b"", b"short", b"!" * 44])
def test_a_key_file_without_a_key_is_refused(
    vault: EncryptedFile, path: Path, key: Path, content: bytes
) -> None:
    key.write_bytes(content)

    assert_refused_and_untouched(vault, path, VAULT_UNREADABLE)


def changed_payload(content: bytes) -> bytes:
    envelope = json.loads(content)
    payload = bytearray(base64.b64decode(envelope["payload"]))
    payload[20] ^= 1
    return json.dumps({**envelope, "payload": base64.b64encode(payload).decode()}).encode()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:-10],
        lambda content: b"\xff" + content,
        lambda content: b"[]",
        lambda content: b"{}",
        lambda content: b'{"format": 1, "payload": ""}',
        lambda content: b'{"format": 1, "payload": null}',
        lambda content: content.replace(b'"format": 1', b'"format": 2'),
        lambda content: b"[" * 100_000,
        changed_payload,
    ],
)
def test_a_damaged_file_is_refused(
    vault: EncryptedFile, path: Path, damage: Callable[[bytes], bytes]
) -> None:
    path.write_bytes(damage(path.read_bytes()))

    assert_refused_and_untouched(vault, path, VAULT_UNREADABLE)


def test_a_forbidden_directory_is_unavailable(vault: EncryptedFile, path: Path) -> None:
    with unprivileged(path.parent):
        assert refused(lambda: vault.read("one", 1)) is VAULT_UNAVAILABLE
        assert refused(lambda: vault.add("one", b"new")) is VAULT_UNAVAILABLE


def test_a_full_disk_loses_nothing(vault: EncryptedFile, path: Path) -> None:
    with file_size_limit(200):
        assert refused(lambda: vault.add("one", b"x" * 1000)) is VAULT_UNAVAILABLE

    assert vault.versions("one") == [1]
    assert vault.read("one", 1) == PAYLOAD
    assert vault.add("one", b"x" * 1000) == 2


def test_a_full_disk_leaves_no_half_made_key(path: Path) -> None:
    vault = EncryptedFile(path)
    with file_size_limit(10):
        assert refused(lambda: vault.add("one", PAYLOAD)) is VAULT_UNAVAILABLE

    assert vault.add("one", PAYLOAD) == 1


def test_a_crash_before_the_rename_leaves_the_old_file(
    vault: EncryptedFile, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Path, "replace", killed)
        vault.add("one", b"new")
    assert path.with_name("vault.json.new").exists()

    assert vault.versions("one") == [1]
    assert vault.add("one", b"new") == 2


def test_a_process_killed_between_key_and_vault_stops_nobody(
    vault: EncryptedFile, path: Path
) -> None:
    path.unlink()

    assert vault.versions("one") == []
    assert vault.add("one", PAYLOAD) == 1
