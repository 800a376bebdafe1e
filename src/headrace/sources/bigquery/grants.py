"""The statements of an account that may read the selected tables, and nothing else."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

from headrace.bigquery_connection import BigqueryConnection
from headrace.checks import Grants
from headrace.errors import INVALID_INPUT, Field, HeadraceError
from headrace.googlesql.identifiers import quoted
from headrace.model import Selection

# The rights to run statements and to read by the Storage Read API, in the project that pays.
_TO_ASK = ("roles/bigquery.jobUser", "roles/bigquery.readSessionUser")

_CREATE = """\
# Run this in a shell as somebody who may make accounts and give rights. Who reads a view needs the
# same right to the tables that it reads from, unless it is an authorized view.
{account}{asking}
{reading}{key}"""
_KEY = """
# The key: paste all of the file into the form, then remove it.
gcloud iam service-accounts keys create headrace-key.json --iam-account={address}
"""
_VERIFY = """\
# This lists the account's roles in the project, and who may read each table.
gcloud projects get-iam-policy {project} --flatten=bindings --filter={member} \
--format='value(bindings.role)'
{tables}
"""
_REVOKE = """\
{taking}
{asking}
{removing}"""


def grants(connection: BigqueryConnection, selection: Sequence[Selection], user: str) -> Grants:
    """See `headrace.sources.grants`. `user` is a service account's name, or its whole address.

    Columns have no rights of their own: whoever may read a table may read all of it.
    """
    name, address = _account(connection, user)
    made = "@" not in user
    member = f"serviceAccount:{address}"
    tables = list(dict.fromkeys(one.ref for one in selection))
    datasets = sorted({table.schema_name for table in tables})
    places = [
        shlex.quote(f"{connection.project}:{table.schema_name}.{table.table_name}")
        for table in tables
    ]
    project = shlex.quote(connection.project)

    def in_project(verb: str) -> str:
        return "\n".join(
            f"gcloud projects {verb}-iam-policy-binding {shlex.quote(connection.billed)} "
            f"--member={member} --role={role} --condition=None"
            for role in _TO_ASK
        )

    def on_tables(verb: str) -> Iterator[str]:
        for place in places:
            yield f"bq {verb}-iam-policy-binding --table=true --member={member} " + (
                f"--role=roles/bigquery.dataViewer {place}"
            )

    def on_datasets(verb: str, to: str) -> Iterator[str]:
        for dataset in datasets:
            where = f"{quoted(connection.project)}.{quoted(dataset)}"
            sql = f'{verb} `roles/bigquery.metadataViewer` ON SCHEMA {where} {to} "{member}"'
            yield (
                f"bq query --project_id={shlex.quote(connection.billed)} --use_legacy_sql=false "
                f"{shlex.quote(sql)}"
            )

    account = f"gcloud iam service-accounts create {name} --project={project}\n" if made else ""
    create = _CREATE.format(
        account=account,
        asking=in_project("add"),
        reading="\n".join([*on_datasets("GRANT", "TO"), *on_tables("add"), ""]),
        key=_KEY.format(address=address) if connection.needs_password else "",
    )
    verify = _VERIFY.format(
        project=shlex.quote(connection.billed),
        member=shlex.quote(f"bindings.members={member}"),
        tables="\n".join(f"bq get-iam-policy --table=true {place}" for place in places),
    )
    revoke = _REVOKE.format(
        taking="\n".join([*on_tables("remove"), *on_datasets("REVOKE", "FROM")]),
        asking=in_project("remove"),
        removing=f"gcloud iam service-accounts delete {address}\n" if made else "",
    )
    return Grants(create=create, verify=verify, revoke=revoke)


def _account(connection: BigqueryConnection, user: str) -> tuple[str, str]:
    """The account's name and its address. Raises INVALID_INPUT for what can't be one."""
    name, address = user.replace("_", "-"), user
    right = re.fullmatch(r"[a-z0-9-]+@[a-z0-9.-]+", address)
    if "@" not in user:
        # "Create service accounts": 6 to 30 letters, digits and hyphens.
        right = re.fullmatch(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", name)
        address = f"{name}@{connection.project}.iam.gserviceaccount.com"
    if not right:
        message = "is no service account's name: 6 to 30 lower-case letters, digits and hyphens"
        raise HeadraceError(
            INVALID_INPUT, "The statements can't be written.", fields=[Field("user", message)]
        )
    return name, address
