"""What it takes to reach BigQuery, which is at Google's fixed address."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field

from headrace.values import Text, Value

_PROJECT = re.compile(r"[a-z](?:[a-z0-9.:-]{0,61}[a-z0-9])?")
_DATASET = re.compile(r"[A-Za-z0-9_-]{1,1024}")
_LOCATION = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


class BigqueryLogin(StrEnum):
    """What proves to BigQuery who reads."""

    KEY = "key"
    IAM = "iam"


BIGQUERY_LOGINS = {
    BigqueryLogin.KEY: "The key of a service account",
    BigqueryLogin.IAM: "IAM: this service's own account, without a key",
}


def _project(text: str) -> str:
    if not _PROJECT.fullmatch(text):
        raise ValueError("is no project's id: lower-case letters, digits and hyphens")
    return text


def _location(text: str) -> str:
    if not _LOCATION.fullmatch(text):
        raise ValueError("is no location, such as EU or europe-west3")
    return text


def _datasets(text: str) -> str:
    if not all(_DATASET.fullmatch(name) for name in named(text)) or not named(text):
        raise ValueError("are no names of datasets, with commas between")
    return text


def named(datasets: str) -> tuple[str, ...]:
    """The names that stand in a text with commas between."""
    names = (name.strip() for name in datasets.split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def _type_is_required(schema: dict[str, Any]) -> None:
    schema["required"] = ["type", *schema["required"]]


Project = Annotated[Text, AfterValidator(_project)]


class BigqueryConnection(Value):
    """A project of BigQuery. What others call a schema is a dataset."""

    model_config = ConfigDict(json_schema_extra=_type_is_required)
    label: ClassVar = "BigQuery"
    password_variable: ClassVar = "BIGQUERY_KEY"  # noqa: S105 - where it is, not what it is
    instance: ClassVar[None] = None  # of Cloud SQL
    protection: ClassVar = 2  # of a key on its way, as of a password with a verified host

    type: Literal["bigquery"] = "bigquery"
    project: Project = Field(
        description="Id of the project whose tables are read.", examples=["my-project"]
    )
    login: BigqueryLogin = Field(
        default=BigqueryLogin.KEY,
        title="Login by",
        description="What proves to BigQuery who reads.",
    )
    datasets: Annotated[Text, AfterValidator(_datasets)] | None = Field(
        default=None,
        description="The datasets to list, with commas between; all that the account can see, if "
        "none is named.",
        examples=["sales, web"],
    )
    billing_project: Project | None = Field(
        default=None,
        title="Billing project",
        description="The project that pays for reading, if it is another one.",
    )
    location: Annotated[Text, AfterValidator(_location)] | None = Field(
        default=None,
        description="Where the datasets are, such as EU; found out by itself if it is left out.",
    )

    @property
    def billed(self) -> str:
        return self.billing_project or self.project

    @property
    def named_datasets(self) -> tuple[str, ...]:
        return named(self.datasets or "")

    @property
    def default_schema(self) -> str:
        """The dataset that a table's name without one means: the only one, else none."""
        names = self.named_datasets
        return names[0] if len(names) == 1 else ""

    @property
    def needs_password(self) -> bool:
        """Whether a key is needed, which takes a password's place."""
        return self.login is BigqueryLogin.KEY

    @property
    def database(self) -> str:
        """What stands for a database's name."""
        return self.default_schema or self.project

    @property
    def user(self) -> str:
        """Who logs in; the key says which account it is."""
        return "the key's account" if self.needs_password else "this service's account"

    @property
    def server(self) -> str:
        return f"BigQuery, project {self.project}"

    @property
    def place(self) -> str:
        """Where the server is, as errors say it."""
        return self.server

    @property
    def identity(self) -> dict[str, str | int]:
        """What a stored key is for. It is sent to Google alone, whatever else is changed."""
        return {"project": self.project, "login": self.login.value}
