"""The connection test of an instance: which layer is blamed, and what to do about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from devservers.google.cloud_sql import Refusal
from devservers.ports import free_port
from headrace.checks import Check, CheckStatus, Layer
from headrace.connections import Credentials
from headrace.diagnosis.diagnose import diagnose
from headrace.diagnosis.network import Network
from headrace.model import Selection
from tests.cloud_sql.conftest import Named
from tests.diagnosis.test_diagnose import of, pattern


def examined(named: Named, *, network: Network | None = None, **changed: Any) -> list[Check]:
    password = changed.pop("password", named.credentials.password.get_secret_value())
    connection = named.as_is(**changed)
    credentials = Credentials(password=SecretStr(password))
    checks = list(diagnose(connection, credentials, network or named.network))
    assert [check.layer for check in checks] == list(Layer)
    told = repr([check.model_dump() for check in checks])
    assert password not in told
    assert "s3cret" not in told
    return checks


def failed(checks: list[Check], layer: Layer) -> Check:
    check = of(checks, layer)
    assert check.status is CheckStatus.FAILED, check
    assert [one.layer for one in checks if one.status is CheckStatus.FAILED] == [layer]
    return check


def test_all_layers_of_one_that_is_well(named: Named) -> None:
    named.database.execute("CREATE TABLE t (n int PRIMARY KEY)")
    schema = named.connection.default_schema
    selection = (Selection(schema_name=schema, table_name="t"),)
    checks = list(diagnose(named.connection, named.credentials, named.network, selection=selection))
    assert pattern(checks, to=Layer.DATABASE) == "p" * 7
    assert of(checks, Layer.RIGHTS).status is not CheckStatus.FAILED
    assert "public address" in of(checks, Layer.DNS).found
    assert "Port 3307" in of(checks, Layer.TCP).found
    assert of(checks, Layer.TLS).found.startswith("Encrypted with TLSv1.3; the certificate is one")
    # Asked each time, since what somebody tests may have changed a moment ago.
    examined(named)
    assert len(named.server.requests) == 4


@pytest.mark.parametrize(
    ("method", "refusal", "code", "to_copy"),
    [
        ("connectSettings", Refusal(404), "instance_unknown", "gcloud sql instances list"),
        ("connectSettings", Refusal(403), "instance_forbidden", "roles/cloudsql.client"),
        ("connectSettings", Refusal(401), "instance_forbidden", "roles/cloudsql.client"),
        ("generateEphemeralCert", Refusal(403), "instance_forbidden", "roles/cloudsql.client"),
        ("generateEphemeralCert", Refusal(409), "instance_not_ready", "value(state"),
        ("connectSettings", Refusal(429), "instance_unavailable", None),
        (
            "connectSettings",
            Refusal(403, "SERVICE_DISABLED", "projects/4711"),
            "instance_api_disabled",
            "gcloud services enable sqladmin.googleapis.com --project=4711",
        ),
    ],
)
def test_what_the_api_refuses(
    postgres_instance: Named, method: str, refusal: Refusal, code: str, to_copy: str | None
) -> None:
    postgres_instance.server.refuse(method, refusal)
    checks = examined(postgres_instance)
    address = failed(checks, Layer.ADDRESS)
    assert address.code == code
    assert (to_copy or "") in (address.copy_text or "")
    assert (address.copy_text is None) == (to_copy is None)
    assert pattern(checks) == "F--------"


def test_an_instance_that_does_not_exist(postgres_instance: Named) -> None:
    checks = examined(postgres_instance, instance="my-project:europe-west3:none-such")
    assert failed(checks, Layer.ADDRESS).code == "instance_unknown"
    (field,) = of(checks, Layer.ADDRESS).fields
    assert field.path == "connection.instance"


def test_an_api_that_is_not_there(postgres_instance: Named) -> None:
    network = replace(postgres_instance.network, instances=f"http://127.0.0.1:{free_port()}")
    address = failed(examined(postgres_instance, network=network), Layer.ADDRESS)
    assert address.code == "instance_unavailable"


def test_an_instance_of_another_region(postgres_instance: Named) -> None:
    name = postgres_instance.instance.name
    checks = examined(postgres_instance, instance=f"my-project:us-east1:{name}")
    address = failed(checks, Layer.ADDRESS)
    assert address.code == "instance_unknown"
    (field,) = address.fields
    assert field.suggestion == f"my-project:europe-west3:{name}"


def test_an_instance_without_that_address(postgres_instance: Named) -> None:
    checks = examined(postgres_instance, ip_type="private")
    dns = failed(checks, Layer.DNS)
    assert dns.code == "instance_without_address"
    (field,) = dns.fields
    assert (field.path, field.suggestion) == ("connection.ip_type", "public")
    assert "gcloud sql instances patch" in (dns.copy_text or "")


def test_a_private_address_is_dialled_if_the_operator_says_so(postgres_instance: Named) -> None:
    instance = postgres_instance.instance
    instance.addresses = {"PRIVATE": instance.address}
    dns = of(examined(postgres_instance, ip_type="private"), Layer.DNS)
    assert (
        dns.found == f"Its address is {instance.address} (private address, in a network of yours)."
    )
    closed = Network(instances=postgres_instance.server.url)
    refused = failed(examined(postgres_instance, network=closed, ip_type="private"), Layer.DNS)
    assert refused.code == "address_refused"
    assert instance.address not in refused.model_dump_json()
    assert [field.path for field in refused.fields] == ["connection.ip_type"]


def test_private_service_connect_is_a_name_to_look_up(postgres_instance: Named) -> None:
    postgres_instance.instance.psc_name = "localhost."
    dns = of(examined(postgres_instance, ip_type="psc"), Layer.DNS)
    assert "by the name 'localhost'" in dns.found


def test_a_port_that_the_operator_has_closed(postgres_instance: Named) -> None:
    network = replace(postgres_instance.network, ports=(range(5432, 5433),))
    address = failed(examined(postgres_instance, network=network), Layer.ADDRESS)
    assert (address.code, postgres_instance.server.requests) == ("port_refused", [])


def test_an_instance_at_which_nobody_answers(postgres_instance: Named) -> None:
    postgres_instance.instance.addresses["PRIMARY"] = "127.0.0.253"
    tcp = failed(examined(postgres_instance), Layer.TCP)
    assert (tcp.code, tcp.fields[0].path) == ("connection_refused", "connection.ip_type")


def test_an_instance_of_another_database(postgres_instance: Named) -> None:
    postgres_instance.instance.version = "SQLSERVER_2022_STANDARD"
    wrong = failed(examined(postgres_instance), Layer.PROTOCOL)
    assert wrong.code == "database_type_wrong"
    postgres_instance.instance.version = "MYSQL_8_0"
    wrong = failed(examined(postgres_instance), Layer.PROTOCOL)
    assert (wrong.fields[0].path, wrong.fields[0].suggestion) == ("connection.type", "mysql")


def test_a_wrong_password(named: Named) -> None:
    checks = examined(named, password="wr0ng-passw0rd")
    login = failed(checks, Layer.LOGIN)
    assert login.code == "password_rejected"
    assert {field.path for field in login.fields} == {"credentials.password", "connection.user"}


def test_a_database_that_does_not_exist(named: Named) -> None:
    database = failed(examined(named, database="none_such"), Layer.DATABASE)
    assert database.code == "database_not_found"


def test_a_login_by_iam_of_nobody(named: Named) -> None:
    login = failed(examined(named, login="iam", user="nobody-here"), Layer.LOGIN)
    assert login.code == "iam_login_refused"
    assert "gcloud sql users create" in (login.copy_text or "")
