"""Why an instance can't be looked up: by status and by reason, never by prose.

Reasons are those of the API's `ErrorInfo` ("google.rpc.ErrorReason"), and older ones of its
`errors`. Nothing else of an answer is passed on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import aiohttp
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError, TransportError
from google.cloud.sql.connector.exceptions import (
    AutoIAMAuthNotSupported,
    CloudSQLConnectionError,
)

from headrace.errors import (
    DATABASE_TYPE_WRONG,
    GOOGLE_CREDENTIALS_MISSING,
    INSTANCE_API_DISABLED,
    INSTANCE_FORBIDDEN,
    INSTANCE_NOT_READY,
    INSTANCE_UNAVAILABLE,
    INSTANCE_UNKNOWN,
    Field,
    HeadraceError,
)
from headrace.instances import parts

_DISABLED = {"SERVICE_DISABLED", "accessNotConfigured"}
_CONSUMER = re.compile(r"projects/([a-z0-9.:-]+)")
_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+")
_REGION = re.compile(r"[a-z]+(-[a-z0-9]+)+")


class RefusedError(Exception):
    """The API's answer is an error; `said` is its JSON, if it is any."""

    def __init__(self, status: int, said: object) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        error = said.get("error") if isinstance(said, dict) else None
        self._error: Mapping[str, Any] = error if isinstance(error, dict) else {}

    @property
    def reasons(self) -> set[str]:
        listed = [*_dicts(self._error.get("details")), *_dicts(self._error.get("errors"))]
        return {str(one.get("reason")) for one in listed}

    @property
    def consumer(self) -> str | None:
        """The project in whose name the API was asked."""
        for one in _dicts(self._error.get("details")):
            about = one.get("metadata")
            name = about.get("consumer") if isinstance(about, dict) else None
            if isinstance(name, str) and (found := _CONSUMER.fullmatch(name)):
                return found[1]
        return None


@contextmanager
def translated(
    instance: str, credentials: Sequence[Credentials], heard: Mapping[str, Any]
) -> Iterator[None]:
    """Turn the connector's errors into ours; `heard` is what the API said so far.

    `credentials` are those that were used, if there were any.
    """
    what = f"Looking up the instance '{instance}'"
    try:
        yield
    except RefusedError as error:
        raise _refusal(error, instance, credentials, what) from error
    except TransportError as error:
        raise HeadraceError(
            INSTANCE_UNAVAILABLE, f"{what}: Google could not be asked who this service is."
        ) from error
    except GoogleAuthError as error:
        reason = "Google does not take this service's credentials" if credentials else (
            "there are no credentials of Google Cloud"
        )  # fmt: skip
        raise HeadraceError(GOOGLE_CREDENTIALS_MISSING, f"{what}: {reason}.") from error
    except TimeoutError as error:
        raise HeadraceError(
            INSTANCE_UNAVAILABLE, f"{what}: the Cloud SQL Admin API did not answer in time."
        ) from error
    except (aiohttp.ClientError, OSError) as error:
        raise HeadraceError(
            INSTANCE_UNAVAILABLE, f"{what}: the Cloud SQL Admin API can't be reached."
        ) from error
    except AutoIAMAuthNotSupported as error:
        raise HeadraceError(
            DATABASE_TYPE_WRONG, f"{what}: it is neither PostgreSQL nor MySQL."
        ) from error
    except (ValueError, LookupError, TypeError, AttributeError, CloudSQLConnectionError) as error:
        raise _unfit(instance, heard, what) from error


def _refusal(
    error: RefusedError, instance: str, credentials: Sequence[Credentials], what: str
) -> HeadraceError:
    project, _, name = parts(instance)
    if error.reasons & _DISABLED:
        where = error.consumer or project
        return HeadraceError(
            INSTANCE_API_DISABLED,
            f"{what}: the API is not enabled in the project '{where}'.",
            copy=f"gcloud services enable sqladmin.googleapis.com --project={where}",
        )
    if error.status in (401, 403):
        who = _account(credentials)
        return HeadraceError(
            INSTANCE_FORBIDDEN,
            f"{what}: access is denied (HTTP {error.status}).",
            copy=f"gcloud projects add-iam-policy-binding {project} "
            f"--member=serviceAccount:{who} --role=roles/cloudsql.client",
        )
    if error.status == 404:
        return HeadraceError(
            INSTANCE_UNKNOWN,
            f"{what}: it does not exist (HTTP 404).",
            copy=f"gcloud sql instances list --project={project} --format='value(connectionName)'",
        )
    if error.status in (400, 409):
        return HeadraceError(
            INSTANCE_NOT_READY,
            f"{what}: it gives this service no certificate (HTTP {error.status}).",
            copy=f"gcloud sql instances describe {name} --project={project} "
            "--format='value(state, settings.activationPolicy)'",
        )
    busy = error.status == 429
    reason = "a quota is used up" if busy else "the Cloud SQL Admin API reports a fault"
    return HeadraceError(INSTANCE_UNAVAILABLE, f"{what}: {reason} (HTTP {error.status}).")


def _unfit(instance: str, heard: Mapping[str, Any], what: str) -> HeadraceError:
    """The connector takes an instance of another region for an error, and tells it in prose."""
    project, region, name = parts(instance)
    actual = heard.get("region")
    if isinstance(actual, str) and _REGION.fullmatch(actual) and actual != region:
        meant = f"{project}:{actual}:{name}"
        return HeadraceError(
            INSTANCE_UNKNOWN,
            f"{what}: it is not in the region '{region}', but in '{actual}'.",
            hint=f"Enter '{meant}'.",
            copy=meant,
            fields=[Field("connection.instance", "names another region", meant)],
        )
    return HeadraceError(
        INSTANCE_UNAVAILABLE, f"{what}: the answer is not one of the Cloud SQL Admin API."
    )


def _account(credentials: Sequence[Credentials]) -> str:
    """The address of the account that asked, if it is a service's and says so."""
    for one in credentials:
        address = getattr(one, "service_account_email", None)
        if isinstance(address, str) and _ADDRESS.fullmatch(address):
            return address
    return "SERVICE-ACCOUNT"


def _dicts(values: object) -> list[Mapping[str, Any]]:
    return [one for one in values if isinstance(one, dict)] if isinstance(values, list) else []
