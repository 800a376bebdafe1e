"""Each function that there is has a service of its own, with settings that the code knows."""

from __future__ import annotations

import typing

import pytest
from pydantic import SecretStr

from headrace.api.functions import FUNCTIONS
from headrace.launchers.cloudrun import CloudRunLauncher, open_launcher
from headrace.settings import Settings
from headrace.sign_ins import Role
from headrace.sign_ins.google import GoogleSignIn, open_sign_in
from tests.terraform.conftest import DIGEST, MINIMAL
from tests.terraform.workspace import Deployment, environment

KNOWN = {f"HEADRACE_{name.upper()}" for name in Settings.model_fields}
SECRET = {
    f"HEADRACE_{name.upper()}"
    for name, field in Settings.model_fields.items()
    if SecretStr in (field.annotation, *typing.get_args(field.annotation))
}


def test_every_function_has_a_service_and_nothing_else_has(deployment: Deployment) -> None:
    assert deployment.services.keys() == FUNCTIONS.keys()
    assert len(deployment.of_type("google_cloud_run_v2_service")) == len(FUNCTIONS)


def test_each_has_an_account_of_its_own(deployment: Deployment) -> None:
    accounts = deployment.accounts
    assert len(set(accounts.values())) == len(FUNCTIONS) + 1
    made = {values["member"] for values in deployment.of_type("google_service_account").values()}
    assert set(accounts.values()) <= made


def test_all_run_one_image_that_stays_the_same(deployment: Deployment) -> None:
    templates = [service["template"][0] for service in deployment.services.values()]
    images = {c["image"] for of in (*templates, deployment.job) for c in of["containers"]}
    assert images == {MINIMAL["image"]}
    assert DIGEST in str(MINIMAL["image"])


def test_each_has_limits(deployment: Deployment) -> None:
    for service in deployment.services.values():
        (template,) = service["template"]
        (container,) = template["containers"]
        (resources,) = container["resources"]
        assert resources["startup_cpu_boost"] is True
        assert resources["limits"].keys() == {"cpu", "memory"}
        assert template["timeout"]
        assert template["max_instance_request_concurrency"] >= 1
        assert 1 <= template["scaling"][0]["max_instance_count"] <= 10


def test_the_settings_are_known_and_hold_no_secret(deployment: Deployment) -> None:
    assert "HEADRACE_TOKEN" in SECRET
    for name, variables in deployment.environments().items():
        ours = variables.keys() - {"FUNCTION_TARGET"}
        assert ours <= KNOWN, name
        assert not ours & SECRET, name


def test_the_settings_can_be_read(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    for variables in deployment.environments().values():
        with monkeypatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            settings = Settings.read()
        assert settings.destination.startswith("bigquery://some-project/headrace?staging=gs://")
        launcher = "cloudrun://some-project/europe-west1/headrace-extract?logs=headrace-runs/runs"
        assert settings.launcher == launcher
        assert isinstance(open_launcher(settings.launcher, settings), CloudRunLauncher)
        assert settings.vault == "secretmanager://some-project"
        assert isinstance(open_sign_in(settings.sign_in, settings), GoogleSignIn)


def test_what_is_chosen_arrives(full: Deployment, minimal: Deployment) -> None:
    variables = full.environments()["runs"]
    assert variables["HEADRACE_ALLOWED_NETWORKS"] == "10.1.0.0/16"
    assert variables["HEADRACE_ALLOWED_PORTS"] == "5432"
    assert variables["HEADRACE_EGRESS_ADDRESS"] == "198.51.100.7"
    assert variables["HEADRACE_TASKS"] == "4"
    assert variables["HEADRACE_BRAND"] == "Rivers"
    assert variables["HEADRACE_WEB_ORIGIN"] == "https://headrace.example.org"
    assert full.services["runs"]["template"][0]["scaling"][0]["min_instance_count"] == 1
    assert minimal.environments()["runs"]["HEADRACE_VIEWERS"] == "example.org"


def test_the_tasks_are_as_many_as_the_code_believes(deployment: Deployment) -> None:
    (job,) = deployment.of_type("google_cloud_run_v2_job").values()
    variables = environment(deployment.job["containers"][0])
    assert str(job["template"][0]["task_count"]) == variables["HEADRACE_TASKS"]
    assert job["template"][0]["parallelism"] == job["template"][0]["task_count"]


def test_only_the_heartbeat_is_the_scheduler(deployment: Deployment) -> None:
    (heartbeat,) = deployment.of_type("google_cloud_scheduler_job").values()
    (target,) = heartbeat["http_target"]
    (token,) = target["oidc_token"]
    variables = deployment.environments()["dispatch"]
    assert token["service_account_email"] == variables["HEADRACE_SCHEDULER"]
    assert f"google://{token['audience']}" == variables["HEADRACE_SIGN_IN"]
    assert target["uri"] == f"{deployment.services['dispatch']['uri']}/"
    assert heartbeat["schedule"] == "* * * * *"
    assert deployment.granted_to(f"serviceAccount:{token['service_account_email']}") == []
    assert FUNCTIONS["dispatch"][0].does.role is Role.SCHEDULER
