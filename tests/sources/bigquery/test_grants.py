"""The statements of an account that may read the selection and nothing else."""

from __future__ import annotations

import shlex

import pytest

from headrace.bigquery_connection import BigqueryConnection, BigqueryLogin
from headrace.errors import INVALID_INPUT, HeadraceError
from headrace.sources import READER
from headrace.sources.bigquery.grants import grants
from tests.sources.bigquery.warehouse import selected

CONNECTION = BigqueryConnection(project="my-project", billing_project="paying")
ADDRESS = "headrace-reader@my-project.iam.gserviceaccount.com"


def commands(script: str) -> list[list[str]]:
    lines = script.replace("\\\n", "").splitlines()
    return [shlex.split(line) for line in lines if line and not line.startswith("#")]


def test_an_account_of_its_own_may_read_the_tables() -> None:
    written = grants(CONNECTION, [selected("orders"), selected("o'r")], READER)
    made = commands(written.create)
    member = f"--member=serviceAccount:{ADDRESS}"

    assert made[0] == [
        *("gcloud", "iam", "service-accounts", "create", "headrace-reader"),
        "--project=my-project",
    ]
    roles = [line[-2] for line in made if line[:2] == ["gcloud", "projects"]]
    assert roles == ["--role=roles/bigquery.jobUser", "--role=roles/bigquery.readSessionUser"]
    assert all("paying" in line for line in made if line[:2] == ["gcloud", "projects"])
    on_tables = [line for line in made if line[1] == "add-iam-policy-binding"]
    assert [line[-1] for line in on_tables] == ["my-project:shop.orders", "my-project:shop.o'r"]
    assert all(member in line and "--role=roles/bigquery.dataViewer" in line for line in on_tables)
    (on_dataset,) = (line for line in made if line[:2] == ["bq", "query"])
    assert on_dataset[-1] == (
        "GRANT `roles/bigquery.metadataViewer` ON SCHEMA `my-project`.`shop` "
        f'TO "serviceAccount:{ADDRESS}"'
    )
    assert made[-1][3:5] == ["keys", "create"]
    taken = commands(written.revoke)
    assert taken[-1] == ["gcloud", "iam", "service-accounts", "delete", ADDRESS]
    assert len(taken) == len(made) - 1  # a key needs no taking back, its account goes
    assert commands(written.verify)


def test_an_account_that_is_there_is_kept() -> None:
    connection = CONNECTION.model_copy(update={"login": BigqueryLogin.IAM})
    written = grants(connection, [selected("orders")], "job@other.iam.gserviceaccount.com")
    assert "service-accounts" not in written.create + written.revoke
    assert "serviceAccount:job@other.iam.gserviceaccount.com" in written.create


@pytest.mark.parametrize("user", ["x", "Über-reader", "a b c d e f", "r; rm -rf", "reader@x y"])
def test_what_is_no_account(user: str) -> None:
    with pytest.raises(HeadraceError) as caught:
        grants(CONNECTION, [selected("orders")], user)
    assert caught.value.kind is INVALID_INPUT
