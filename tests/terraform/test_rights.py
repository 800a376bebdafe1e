"""Nobody may do more than what he has to do."""

from __future__ import annotations

import re
from collections.abc import Set
from typing import Any

import pytest

from headrace import errors
from headrace.api.functions import FUNCTIONS
from headrace.model import credentials_secret_name
from tests.terraform.offline.made_up import NUMBER
from tests.terraform.workspace import Deployment, roles

BASIC = {"roles/owner", "roles/editor", "roles/viewer", "roles/browser"}
EVERYBODY = {"allUsers", "allAuthenticatedUsers"}
# Whatever anybody on the internet may have; each line has its reason where it is granted.
PUBLIC = {("google_storage_bucket_iam_member.page_is_public", "roles/storage.legacyObjectReader")}
# Roles with which one could give oneself others.
MIGHTY = re.compile(r"roles/(iam\.|resourcemanager\.|.*[aA]dmin$|.*\.serviceAgent$)")


def test_no_role_is_a_basic_one_or_can_make_others(deployment: Deployment) -> None:
    assert deployment.grants
    assert not roles(deployment.grants) & BASIC
    assert not [role for role in roles(deployment.grants) if MIGHTY.match(role)]


def test_roles_are_added_and_nobody_elses_taken_away(deployment: Deployment) -> None:
    sweeping = [name for name in deployment.all if re.search(r"_iam_(binding|policy)\.", name)]
    assert sweeping == []


def test_the_world_may_read_the_page_and_nothing_else(deployment: Deployment) -> None:
    public = {(g["address"], g["role"]) for g in deployment.grants if g["member"] in EVERYBODY}
    assert public == PUBLIC


def test_no_permission_of_ours_is_a_pattern(deployment: Deployment) -> None:
    for role in deployment.of_type("google_project_iam_custom_role").values():
        assert all(re.fullmatch(r"[a-z]+(\.[a-zA-Z]+){2}", each) for each in role["permissions"])
        assert not [each for each in role["permissions"] if each.endswith("IamPolicy")]


def test_a_connection_test_can_read_no_secret_and_no_document(deployment: Deployment) -> None:
    """Its caller's budget lies in a database that holds nothing else."""
    granted = deployment.granted_to(deployment.accounts["test_connection"])
    (only,) = [grant for grant in granted if not grant["role"].startswith("roles/cloudsql.")]
    assert only["role"] == "roles/datastore.user"
    assert condition(only) == 'resource.name == "projects/some-project/databases/headrace-budgets"'
    variables = deployment.environments()
    budgets = "firestore://some-project/headrace-budgets"
    assert variables["test_connection"]["HEADRACE_DOCUMENTS"] == budgets
    assert variables["save_draft"]["HEADRACE_DOCUMENTS"] == "firestore://some-project/headrace"


def test_who_asks_nothing_may_nothing(deployment: Deployment) -> None:
    assert deployment.granted_to(deployment.accounts["grants"]) == []


def test_secrets_are_for_who_asks_the_vault(deployment: Deployment) -> None:
    assert holders(deployment, "secretmanager.") == may_raise(errors.VAULT_UNAVAILABLE) | {"job"}


def test_who_saves_passwords_can_read_none(deployment: Deployment) -> None:
    assert holders(deployment, "secretmanager.versions.access") == {
        "describe_table", "job", "list_tables", "preflight", "runs", "sources",
    }  # fmt: skip
    assert holders(deployment, "secretmanager.secrets.create") == {"save_draft"}
    assert holders(deployment, "secretmanager.versions.add") == {"save_draft"}
    assert holders(deployment, "secretmanager.secrets.delete") == {"sources"}


def test_rights_to_secrets_end_at_our_names(deployment: Deployment) -> None:
    ours = credentials_secret_name("m", "s")
    for name, account in deployment.accounts.items():
        for grant in deployment.granted_to(account):
            permissions = permitted(deployment, grant["role"])
            # Without a name yet, nothing can be held against it; it gives no way to what is there.
            if permissions == {"secretmanager.secrets.create"}:
                continue
            if any(each.startswith("secretmanager.") for each in permissions):
                found = re.fullmatch(
                    rf'resource\.name\.startsWith\("projects/{NUMBER}/secrets/(\S+)"\)',
                    condition(grant),
                )
                assert found, name
                assert ours.startswith(found[1]), name


def test_documents_are_for_who_has_them_opened(deployment: Deployment) -> None:
    asking = may_raise(errors.DOCUMENTS_UNREADABLE)
    assert holders(deployment, "roles/datastore.user") == asking | {"job"}
    for grant in deployment.grants:
        if grant["role"].startswith("roles/datastore."):
            assert "/databases/headrace" in condition(grant)


@pytest.mark.parametrize("role", ["roles/run.jobsExecutorWithOverrides", "roles/run.viewer"])
def test_runs_are_launched_by_few(deployment: Deployment, role: str) -> None:
    assert holders(deployment, role) == {"dispatch", "runs", "sources"}


def test_who_connects_comes_from_the_reserved_address(full: Deployment) -> None:
    inside = {
        name for name, service in full.services.items() if service["template"][0]["vpc_access"]
    }
    connecting = {name for name, ops in FUNCTIONS.items() if any(op.charge for op in ops)}
    assert inside == connecting
    (access,) = full.job["vpc_access"]
    assert access["egress"] == "ALL_TRAFFIC"


def test_who_connects_may_connect_to_the_instances_that_are_listed(full: Deployment) -> None:
    connecting = {name for name, ops in FUNCTIONS.items() if any(op.charge for op in ops)}
    assert holders(full, "roles/cloudsql.client") == connecting | {"job"}
    grants = [grant for grant in full.grants if grant["role"].startswith("roles/cloudsql.")]
    ends = {(grant["project"], condition(grant).rpartition(" == ")[2]) for grant in grants}
    assert ends == {
        ("some-project", '"projects/some-project/instances/shop"'),
        ("other.org:them", '"projects/other.org:them/instances/crm"'),
    }


def test_without_a_list_nobody_may_connect_to_an_instance(minimal: Deployment) -> None:
    assert not [role for role in roles(minimal.grants) if "cloudsql" in role]
    assert not [name for name in minimal.all if "sqladmin" in name]


def test_only_the_job_brings_rows(deployment: Deployment) -> None:
    assert holders(deployment, "bigquery.datasets.create") == {"job"}
    assert holders(deployment, "roles/storage.objectUser") == {"job"}
    assert holders(deployment, "storage.buckets.get") == {"job"}
    assert holders(deployment, "roles/bigquery.dataEditor") == {"job", "sources"}


def test_who_asks_bigquery_is_told_of_what_is_not_there(deployment: Deployment) -> None:
    """Google says nothing else than that it is forbidden to who may not see a project's tables."""
    asking = holders(deployment, "roles/bigquery.jobUser")
    assert "job" in asking
    assert holders(deployment, "bigquery.tables.get") == asking
    assert holders(deployment, "bigquery.datasets.get") == asking


def test_every_grant_is_to_somebody_of_ours(full: Deployment) -> None:
    ours = {values["member"] for values in full.of_type("google_service_account").values()}
    agents = re.compile(rf"serviceAccount:\S*{NUMBER}@\S+\.gserviceaccount\.com")
    others = {
        (grant["address"].partition(".")[0], grant["member"])
        for grant in full.grants
        if grant["member"] not in ours and not agents.fullmatch(grant["member"])
    }
    assert others == {
        ("google_storage_bucket_iam_member", "allUsers"),
        ("google_iap_web_backend_service_iam_member", "domain:example.org"),
    }


def test_google_lends_the_key_to_the_services_that_keep_data(full: Deployment) -> None:
    lent = [g for g in full.grants if g["role"] == "roles/cloudkms.cryptoKeyEncrypterDecrypter"]
    assert len(lent) == 5
    assert all(NUMBER in grant["member"] for grant in lent)


def condition(grant: dict[str, Any]) -> str:
    (found,) = grant["condition"]
    return str(found["expression"])


def permitted(deployment: Deployment, role: str) -> Set[str]:
    """The permissions of a role of ours; one of Google's stands for itself."""
    ours = {
        values["id"]: set(values["permissions"])
        for values in deployment.of_type("google_project_iam_custom_role").values()
    }
    return ours.get(role, {role})


def holders(deployment: Deployment, permission: str) -> Set[str]:
    """Who has a role, or a permission that begins so."""
    return {
        name
        for name, account in deployment.accounts.items()
        for grant in deployment.granted_to(account)
        if any(each.startswith(permission) for each in permitted(deployment, grant["role"]))
    }


def may_raise(kind: errors.Kind) -> Set[str]:
    """The functions with an operation that may raise it, which only who asks there can."""
    return {name for name, ops in FUNCTIONS.items() if any(kind in op.errors for op in ops)}
