"""The operator's policy: what is refused before anything is sent, and in which words."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from headrace.diagnosis.network import Network, parse_networks, parse_ports, shown_ports
from headrace.errors import ADDRESS_INVALID, ADDRESS_REFUSED, PORT_REFUSED, HeadraceError, Kind
from headrace.settings import LocalSettings, Settings
from tests.conftest import LOCAL

STRICT = Network()


def refusal(network: Network, host: str, port: int = 5432) -> HeadraceError:
    with pytest.raises(HeadraceError) as caught:
        network.admit(host, port)
    return caught.value


@pytest.mark.parametrize(
    ("host", "port", "kind"),
    [
        ("127.0.0.1", 5432, ADDRESS_REFUSED),
        ("2130706433", 5432, ADDRESS_REFUSED),
        ("[::1]", 5432, ADDRESS_REFUSED),
        ("metadata.google.internal", 5432, ADDRESS_REFUSED),
        ("Metadata.Google.Internal.", 5432, ADDRESS_REFUSED),
        ("metadata。google。internal", 5432, ADDRESS_REFUSED),
        ("db.example.com", 22, PORT_REFUSED),
        ("db.example.com", 443, PORT_REFUSED),
        ("db..example.com", 5432, ADDRESS_INVALID),
        ("x" * 64 + ".example", 5432, ADDRESS_INVALID),
    ],
)
def test_refused(host: str, port: int, kind: Kind) -> None:
    error = refusal(STRICT, host, port)
    assert error.kind is kind
    assert host in error.detail
    assert error.hint


def test_admitted() -> None:
    STRICT.admit("db.example.com", 5432)
    STRICT.admit("8.8.8.8", 1024)
    LOCAL.admit("127.1", 5432)
    Network(ports=(range(443, 444),)).admit("db.example.com", 443)


def test_all_refused_addresses_are_refused_in_the_same_words() -> None:
    hosts = ["10.0.0.1", "169.254.169.254", "192.0.2.1", "fd00:ec2::254", "metadata"]
    errors = [refusal(STRICT, host) for host in hosts]
    texts = {(e.detail.replace(host, ""), e.hint) for e, host in zip(errors, hosts, strict=True)}
    assert len(texts) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "::1"])
def test_localhost_is_told_what_it_means(host: str) -> None:
    assert "the machine that runs this service" in refusal(STRICT, host).hint


def test_one_refused_address_of_several_refuses_the_host() -> None:
    public, private = ip_address("8.8.8.8"), ip_address("10.0.0.1")
    STRICT.judge("db.example.com", [public])
    with pytest.raises(HeadraceError) as caught:
        STRICT.judge("db.example.com", [public, private])
    assert caught.value.kind is ADDRESS_REFUSED
    assert "10.0.0.1" not in caught.value.detail + caught.value.hint
    Network(allowed=(ip_network("10.0.0.0/8"),)).judge("db.example.com", [public, private])


def test_a_service_refuses_what_a_persons_own_machine_allows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(HeadraceError):
        Settings.read().network.admit("127.0.0.1", 5432)
    for host in ("127.0.0.1", "::1", "10.1.2.3", "192.168.1.1", "fd12::1"):
        LocalSettings.read().network.admit(host, 5432)
    for host in ("169.254.169.254", "fd00:ec2::254", "0.0.0.0"):
        assert refusal(LocalSettings.read().network, host).kind is ADDRESS_REFUSED
    monkeypatch.setenv("HEADRACE_ALLOWED_NETWORKS", "10.0.0.0/8")
    Settings.read().network.admit("10.1.2.3", 5432)
    assert refusal(LocalSettings.read().network, "127.0.0.1").kind is ADDRESS_REFUSED


def test_a_job_gets_the_policy_of_the_service_that_starts_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HEADRACE_EGRESS_ADDRESS", "192.0.2.1, 2001:db8::1")
    monkeypatch.setenv("HEADRACE_ALLOWED_PORTS", "443, 3000-4000")
    service = LocalSettings.read()
    for name, value in service.environment().items():
        monkeypatch.setenv(name, value)
    assert Settings.read().network == service.network
    assert service.network.ports == (range(443, 444), range(3000, 4001))


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("allowed_networks", "10.0.0.0/8, 0.0.0.0/0", "'0.0.0.0/0'"),
        ("allowed_networks", "10.0.0.1/8", "'10.0.0.1/8'"),
        ("allowed_networks", "169.254.169.254", "'169.254.169.254'"),
        ("allowed_ports", "5432, many", "'many'"),
        ("allowed_ports", "0-80", "'0-80'"),
        ("allowed_ports", "80-65536", "'80-65536'"),
        ("allowed_ports", "6000-5000", "'6000-5000'"),
        ("allowed_ports", "", "no port"),
        ("egress_address", "nat-gateway", "'nat-gateway'"),
        ("tests_per_minute", "0", "greater than or equal to 1"),
    ],
)
def test_settings_that_can_not_be_read(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, named: str
) -> None:
    monkeypatch.setenv(f"HEADRACE_{name.upper()}", value)
    with pytest.raises(HeadraceError) as caught:
        Settings.read()
    (field,) = caught.value.fields
    assert field.path == f"HEADRACE_{name.upper()}"
    assert named in field.message


def test_networks_and_ports_as_they_are_written() -> None:
    assert parse_networks("") == ()
    assert parse_networks(" 10.0.0.0/8,fd12::/32 ") == (
        ip_network("10.0.0.0/8"), ip_network("fd12::/32"),
    )  # fmt: skip
    assert shown_ports(parse_ports("443,1024-65535")) == "443, 1024-65535"
