"""The page of the deployment: its commands name what there is, as far as no cloud is needed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from headrace.api.functions import FUNCTIONS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/deploy.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
COMMANDS = "\n".join(BLOCKS).replace("\\\n", " ")
TERRAFORM = {path.name: path.read_text() for path in (ROOT / "terraform").glob("*.tf")}


def declared(kind: str) -> set[str]:
    return {
        name for text in TERRAFORM.values() for name in re.findall(rf'^{kind} "(\w+)"', text, re.M)
    }


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_a_shell_can_read_it(block: str) -> None:
    subprocess.run(["bash", "-n"], input=block, text=True, check=True)


def test_every_tool_is_one_of_the_prerequisites() -> None:
    lines = [line.strip() for line in COMMANDS.splitlines() if line.strip()]
    tools = {line.split()[0] for line in lines if not line.startswith("#")}
    assert tools == {"cd", "export", "gcloud", "make", "terraform", "xargs"}


def test_what_terraform_is_told_is_there() -> None:
    assert set(re.findall(r"terraform (?:-chdir=terraform )?([a-z]+)", COMMANDS)) == {
        "apply", "init", "output",
    }  # fmt: skip
    outputs = set(re.findall(r"`?terraform (?:-chdir=terraform )?output (\w+)", TEXT))
    assert outputs >= {"page", "egress_addresses"}
    assert outputs <= declared("output")
    for kind, name in re.findall(r"-target=(\w+)\.(\w+)", COMMANDS):
        assert any(f'resource "{kind}" "{name}"' in text for text in TERRAFORM.values())


def test_every_variable_is_explained_and_no_other() -> None:
    table = TEXT.partition("| variable |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", table, re.M)
    explained = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    (example,) = re.findall(r"^```hcl\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    given = set(re.findall(r"^(\w+) +=", example, re.M))
    assert declared("variable") - explained - given == set()
    assert explained <= declared("variable")
    assert given <= declared("variable")


def test_every_service_that_is_lent_the_key_has_an_account_by_then() -> None:
    """One is made by asking for it, or by a command; a grant to nobody would be refused."""
    text = TERRAFORM["encryption.tf"]
    agents = dict(re.findall(r"^    (\w+) += (.+)$", text, re.M))
    asked = {name for name, member in agents.items() if not member.startswith('"')}
    made = set(re.findall(r"services identity create --service=(\w+)\.googleapis", COMMANDS))
    assert asked == {"bigquery", "storage"}
    assert asked | made == set(agents)
    assert COMMANDS.index("services identity create") < COMMANDS.index("terraform apply")


def test_the_pipeline_takes_what_it_is_given() -> None:
    pipeline = yaml.safe_load((ROOT / "cloudbuild.yaml").read_text())
    given = set(re.findall(r"\b(_[A-Z]+)=", TEXT))
    assert given == {"_REGION", "_TAG", "_DEPLOY", "_TESTS"}
    assert given <= pipeline["substitutions"].keys()
    assert "--config cloudbuild.yaml" in COMMANDS


def test_the_look_before_takes_what_it_is_given() -> None:
    (given,) = re.findall(r"^make deploy-check (.+)$", COMMANDS, re.M)
    done = subprocess.run(
        f"make --dry-run deploy-check {given}",
        shell=True, cwd=ROOT, env={"PATH": "/usr/bin:/bin", "PROJECT": "p", "REGION": "r"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    called = " ".join(done.stdout.replace("\\\n", " ").split())
    assert "-m deploy.check --project='p' --region='r' --client-id='1234" in called


def test_the_page_s_address_is_where_terraform_puts_it() -> None:
    assert "`https://PROJECT-headrace-page.storage.googleapis.com/index.html`" in TEXT
    assert 'page_bucket = "${var.project}-${var.name}-page"' in TERRAFORM["page.tf"]
    assert '"https://${local.page_bucket}.storage.googleapis.com"' in TERRAFORM["page.tf"]


def test_each_function_stands_in_the_list_of_who_may_what() -> None:
    rows = TEXT.partition("| who | may |")[2].partition("\n\n")[0]
    assert set(
        re.findall(r"`(\w+)`", "\n".join(r.split("|")[1] for r in rows.splitlines()[2:]))
    ) == (FUNCTIONS.keys())
