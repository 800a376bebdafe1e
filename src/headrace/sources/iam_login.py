"""What a refusal means of a login by IAM, to which no password belongs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from headrace.connections import ServerConnection
from headrace.errors import (
    HOST_NOT_PERMITTED,
    IAM_LOGIN_REFUSED,
    LOGIN_NOT_PERMITTED,
    PASSWORD_REJECTED,
    Field,
    HeadraceError,
)
from headrace.instances import parts

_KINDS = {PASSWORD_REJECTED, LOGIN_NOT_PERMITTED, HOST_NOT_PERMITTED, IAM_LOGIN_REFUSED}

# What the address of the user's account ends with, for whoever makes the user: PostgreSQL's users
# are named without the last part here, too (Cloud SQL, "Add an IAM service account").
_ENDINGS = {"postgres": "", "mysql": "@PROJECT.iam.gserviceaccount.com"}


@contextmanager
def explained(connection: ServerConnection) -> Iterator[None]:
    """For what logs in: a refusal of one that has no password is told as such."""
    try:
        yield
    except HeadraceError as error:
        if connection.needs_password or error.kind not in _KINDS:
            raise
        raise _refused(error, connection) from error


def _refused(error: HeadraceError, connection: ServerConnection) -> HeadraceError:
    project, _, name = parts(connection.instance or "")
    flag = {"postgres": "cloudsql.iam_authentication", "mysql": "cloudsql_iam_authentication"}
    return HeadraceError(
        IAM_LOGIN_REFUSED,
        error.detail,
        hint="Have an administrator make this service's account a user of the instance with this "
        "command, and give it the role 'Cloud SQL Instance User' (roles/cloudsql.instanceUser). "
        f"The instance needs the flag {flag[connection.type]}=on, and the user has to be the "
        "account of this very service.",
        copy=f"gcloud sql users create {connection.user}{_ENDINGS[connection.type]} "
        f"--instance={name} --project={project} --type=CLOUD_IAM_SERVICE_ACCOUNT",
        fields=[Field("connection.user", "may not be a user that logs in by IAM")],
    )
