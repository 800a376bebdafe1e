"""What was probably meant by a name that nobody knows."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.diagnosis.deadline import Deadline
from headrace.diagnosis.names import guess
from headrace.diagnosis.network import Network
from headrace.diagnosis.resolve import resolve
from headrace.errors import HeadraceError
from tests.conftest import LOCAL


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("shop.abc123.eu-west-1.rds.amazonaw.com", "shop.abc123.eu-west-1.rds.amazonaws.com"),
        ("shop.postgres.databse.azure.com", "shop.postgres.database.azure.com"),
        ("db.abcdefgh.supabse.co", "db.abcdefgh.supabase.co"),
        ("ep-cool-1.eu-central-1.aws.noen.tech", "ep-cool-1.eu-central-1.aws.neon.tech"),
        ("db.example.con", "db.example.com"),
        ("shop.abc123.eu-west-1.rds.amazonaws.com", None),
        ("aws-0-eu.pooler.supabase.com", None),
        ("db.example.com", None),
        ("amazonaw.com", None),
    ],
)
def test_a_mistyped_ending(name: str, meant: str | None) -> None:
    assert guess(name).suggestion == meant
    assert meant is None or meant in (guess(name).hint or "")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("db", "without dots"),
        ("postgres", "Docker Compose"),
        ("host.docker.internal", "inside of containers"),
        ("nas.local", "'.local'"),
        ("postgres.default.svc", "'.svc'"),
    ],
)
def test_a_name_of_another_network(name: str, says: str) -> None:
    assert says in (guess(name).hint or "")


@given(st.text(st.characters(codec="ascii"), max_size=80))
def test_any_name_is_taken(name: str) -> None:
    assert guess(name).suggestion != name


@pytest.mark.parametrize(("network", "suggestion"), [(LOCAL, "localhost"), (Network(), None)])
def test_localhost_is_suggested_where_it_may_be_dialled(
    monkeypatch: pytest.MonkeyPatch, network: Network, suggestion: str | None
) -> None:
    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(HeadraceError) as caught:
        resolve("Host.Docker.Internal.", 5432, network, Deadline(5))
    (field,) = caught.value.fields
    assert (field.path, field.suggestion) == ("connection.host", suggestion)
