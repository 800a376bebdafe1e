"""The keys are fetched once, and again when they may have changed."""

from __future__ import annotations

import pytest

from headrace.errors import HeadraceError
from headrace.sign_ins.keys import Keys
from tests.sign_ins.provider import OTHERS, OURS, Provider


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(provider: Provider, clock: Clock) -> Keys:
    return Keys(f"{provider.address}/keys", clock)


def test_they_are_fetched_once(keys: Keys, provider: Provider, clock: Clock) -> None:
    assert provider.fetched == 0
    for _ in range(3):
        clock.now += 1000
        assert keys.key(OURS.id) is not None
    assert provider.fetched == 1


@pytest.mark.parametrize(
    ("cache_control", "lifetime"),
    [
        ("public, max-age=21600, must-revalidate", 21600),
        ("no-store", 3600),
        ("", 3600),
        ("max-age=0", 60),
        ("max-age=999999999", 24 * 3600),
    ],
)
def test_they_hold_as_long_as_their_cache_control_says(
    keys: Keys, provider: Provider, clock: Clock, cache_control: str, lifetime: int
) -> None:
    provider.cache_control = cache_control
    keys.key(OURS.id)
    clock.now += lifetime - 1
    keys.key(OURS.id)
    assert provider.fetched == 1
    clock.now += 1
    keys.key(OURS.id)
    assert provider.fetched == 2


def test_a_key_that_was_withdrawn_is_believed_no_longer(
    keys: Keys, provider: Provider, clock: Clock
) -> None:
    assert keys.key(OURS.id) is not None
    provider.keys = [OTHERS]
    clock.now += 3600
    assert keys.key(OURS.id) is None


def test_an_unknown_key_is_looked_for_once_a_minute(
    keys: Keys, provider: Provider, clock: Clock
) -> None:
    keys.key(OURS.id)
    for _ in range(3):
        assert keys.key(OTHERS.id) is None
    assert provider.fetched == 1
    provider.keys = [OURS, OTHERS]
    clock.now += 60
    assert keys.key(OTHERS.id) is not None
    assert provider.fetched == 2


@pytest.mark.parametrize("path", ["/nothing", "/authorize?state=x"])
def test_what_are_no_keys_is_an_error(provider: Provider, path: str) -> None:
    with pytest.raises(HeadraceError) as raised:
        Keys(provider.address + path).key(OURS.id)
    assert (raised.value.code, raised.value.transient) == ("sign_in_unavailable", True)


def test_nobody_there_is_an_error(provider: Provider) -> None:
    with pytest.raises(HeadraceError) as raised:
        Keys("http://127.0.0.1:1/keys").key(OURS.id)
    assert raised.value.code == "sign_in_unavailable"


def test_a_redirect_is_not_followed(provider: Provider) -> None:
    place = f"{provider.address}/continue?as=&state=x&redirect_uri={provider.address}/keys"
    with pytest.raises(HeadraceError) as raised:
        Keys(place).key(OURS.id)
    assert (raised.value.code, provider.fetched) == ("sign_in_unavailable", 0)
