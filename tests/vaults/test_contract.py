"""What every vault must do."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from uuid import uuid4

import pytest

from devservers.google.secret_manager import SecretManagerServer
from headrace.services import open_port
from headrace.settings import Settings
from headrace.vaults import MOST_BYTES, SCHEMES, Vault
from tests.real_cloud import RealCloud

REAL = RealCloud.asked()
NAME = REAL.secret_name if REAL else "model-m-source-s-credentials"


@pytest.fixture
def encrypted_file(tmp_path: Path) -> str:
    return f"encrypted-file://{tmp_path}/vault.json"


@pytest.fixture
def secret_manager(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a project without secrets, or of one that has none of that name."""
    if REAL is not None:
        yield REAL.vault
        open_vault(REAL.vault).delete(NAME)
        return
    server: SecretManagerServer = request.getfixturevalue("secret_manager_server")
    yield f"secretmanager://p{uuid4().hex}?emulator={server.address}"


def open_vault(url: str) -> Vault:
    vault: Vault = open_port("vault", url, SCHEMES, Settings.read())
    return vault


@pytest.fixture(params=["encrypted_file", "secret_manager"])
def url(request: pytest.FixtureRequest) -> str:
    address: str = request.getfixturevalue(request.param)
    return address


@pytest.fixture
def vault(url: str) -> Vault:
    return open_vault(url)


@pytest.mark.parametrize(
    "payload", [b"\x00", b"\x00\xff\n", "Größe 🔑".encode(), b"x" * MOST_BYTES]
)
def test_a_payload_is_read_back(vault: Vault, url: str, payload: bytes) -> None:
    version = vault.add(NAME, payload)

    assert vault.read(NAME, version) == payload
    assert open_vault(url).read(NAME, version) == payload


@pytest.mark.parametrize("payload", [b"", b"s3cret" * 20_000])
def test_a_payload_that_no_vault_takes_is_refused(vault: Vault, payload: bytes) -> None:
    with pytest.raises(ValueError, match="1 to 65536 bytes") as caught:
        vault.add(NAME, payload)

    assert "s3cret" not in repr(caught.value)
    assert list(vault.versions(NAME)) == []


def test_an_absent_secret_has_no_versions(vault: Vault) -> None:
    assert vault.read(NAME, 1) is None
    assert list(vault.versions(NAME)) == []


def test_an_absent_version_is_none(vault: Vault) -> None:
    version = vault.add(NAME, b"one")

    assert vault.read(NAME, version + 1) is None


def test_versions_rise_and_stay_readable(vault: Vault) -> None:
    numbers = [vault.add(NAME, payload) for payload in (b"one", b"two", b"three")]

    assert numbers == sorted(set(numbers))
    assert list(vault.versions(NAME)) == numbers
    assert [vault.read(NAME, n) for n in numbers] == [b"one", b"two", b"three"]


def test_a_destroyed_versions_number_is_not_used_again(vault: Vault) -> None:
    first = vault.add(NAME, b"one")
    second = vault.add(NAME, b"two")
    vault.destroy(NAME, second)
    third = vault.add(NAME, b"three")

    assert third > second
    assert list(vault.versions(NAME)) == [first, third]
    assert vault.read(NAME, second) is None


def test_without_its_last_version_a_secret_is_as_good_as_none(vault: Vault) -> None:
    vault.destroy(NAME, vault.add(NAME, b"one"))

    assert list(vault.versions(NAME)) == []


def test_destroying_twice_is_no_error(vault: Vault) -> None:
    version = vault.add(NAME, b"one")
    kept = vault.add(NAME, b"two")
    vault.destroy(NAME, version)
    vault.destroy(NAME, version)
    vault.destroy("another", 1)

    assert list(vault.versions(NAME)) == [kept]


def test_deleting_twice_is_no_error(vault: Vault) -> None:
    vault.add(NAME, b"one")
    version = vault.add(NAME, b"two")
    vault.delete(NAME)
    vault.delete(NAME)

    assert list(vault.versions(NAME)) == []
    assert vault.read(NAME, version) is None


def test_secrets_do_not_touch_each_other(vault: Vault) -> None:
    one, other = vault.add("one", b"1"), vault.add("one-more", b"2")
    vault.delete("one")

    assert vault.read("one-more", other) == b"2"
    assert vault.read("one", one) is None


def add_one(url: str, number: int) -> int:
    return open_vault(url).add(NAME, str(number).encode())


def test_threads_and_processes_that_add_at_once_lose_nothing(url: str) -> None:
    """The first of them also make the vault."""
    numbers = range(8)
    with (
        ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes,
        ThreadPoolExecutor(2) as threads,
    ):
        futures = [pool.submit(add_one, url, n) for n in numbers for pool in (processes, threads)]
        versions = [future.result() for future in futures]

    vault = open_vault(url)
    assert sorted(versions) == list(vault.versions(NAME))
    assert [vault.read(NAME, v) for v in versions] == [
        str(n).encode() for n in numbers for _ in "pt"
    ]


def test_a_vault_shows_nothing_of_what_it_holds(vault: Vault) -> None:
    vault.add(NAME, b"s3cret-payload")

    assert "s3cret" not in repr(vault) + repr(vars(vault))
