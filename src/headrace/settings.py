"""The settings of a deployment, read from the environment once and then frozen.

Each variable is the field's name in capitals with `HEADRACE_` before it. Ports are chosen by
URL (see `services`); whatever is not set lies under the data directory on this machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Self

import platformdirs
from pydantic import AfterValidator, AnyHttpUrl, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from headrace.diagnosis.addresses import LOOPBACK, PRIVATE
from headrace.diagnosis.network import (
    UNPRIVILEGED_PORTS,
    Network,
    parse_addresses,
    parse_networks,
    parse_ports,
    shown_ports,
)
from headrace.errors import SETTINGS_INVALID, HeadraceError
from headrace.errors import Field as WrongField
from headrace.sign_ins.allowed import is_address, parse_allowed


def _readable(parse: Callable[[str], object]) -> AfterValidator:
    """The text stays as it is, for another process to read, but only if it can be read."""

    def check(text: str) -> str:
        parse(text)
        return text

    return AfterValidator(check)


def _address(text: str) -> str:
    if text and not is_address(text):
        raise ValueError(f"'{text}' is no e-mail address")
    return text


def _unchanged_on_the_way(url: AnyHttpUrl) -> AnyHttpUrl:
    if url.scheme != "https" and url.host not in ("localhost", "127.0.0.1", "[::1]"):
        raise ValueError("must begin with https://")
    return url


def _on_this_machine(text: str) -> str:
    """What is sent there is not encrypted."""
    address = r"(localhost|127\.0\.0\.1|\[::1\]):\d{1,5}"
    if text and not re.fullmatch(f"{address},{address}", text):
        raise ValueError("must be two addresses on this machine: 127.0.0.1:9050,127.0.0.1:9060")
    return text


_SafeUrl = Annotated[AnyHttpUrl, AfterValidator(_unchanged_on_the_way)]


class Settings(BaseSettings):
    """What an operator decides. Local defaults need no variable at all."""

    model_config = SettingsConfigDict(
        env_prefix="HEADRACE_", frozen=True, extra="ignore", populate_by_name=True
    )

    data: Path = Field(default_factory=lambda: platformdirs.user_data_path("headrace"))
    documents: str = ""
    vault: str = ""
    destination: str = ""
    launcher: str = ""
    sign_in: str = "token://"
    token: SecretStr | None = None
    viewers: Annotated[str, _readable(parse_allowed)] = ""
    editors: Annotated[str, _readable(parse_allowed)] = ""
    scheduler: Annotated[str, AfterValidator(_address)] = ""
    sign_in_keys: _SafeUrl = AnyHttpUrl("https://www.googleapis.com/oauth2/v3/certs")
    sign_in_page: _SafeUrl = AnyHttpUrl("https://accounts.google.com/o/oauth2/v2/auth")
    tasks: int = Field(default=1, ge=1, le=64)
    # Which of a run's tasks this process is, as Cloud Run tells it.
    task_index: int = Field(default=0, ge=0, validation_alias="CLOUD_RUN_TASK_INDEX")
    # How often Cloud Run has started this task before, in the same execution.
    task_attempt: int = Field(default=0, ge=0, validation_alias="CLOUD_RUN_TASK_ATTEMPT")
    web_origin: AnyHttpUrl | None = None
    brand: str = Field(default="Headrace", min_length=1, max_length=40)
    contact: str = Field(default="", max_length=200)
    allowed_networks: Annotated[str, _readable(parse_networks)] = ""
    allowed_ports: Annotated[str, _readable(parse_ports)] = shown_ports([UNPRIVILEGED_PORTS])
    egress_address: Annotated[str, _readable(parse_addresses)] = ""
    cloud_sql: _SafeUrl = AnyHttpUrl("https://sqladmin.googleapis.com")
    # What stands for BigQuery in tests: the addresses of its REST and its gRPC API.
    bigquery_emulator: Annotated[str, AfterValidator(_on_this_machine)] = ""
    tests_per_minute: int = Field(default=10, ge=1)
    tests_per_day: int = Field(default=200, ge=1)
    connections_per_minute: int = Field(default=60, ge=1)
    connections_per_day: int = Field(default=2000, ge=1)
    runs_kept_days: int = Field(default=90, ge=1, le=36_500)

    @property
    def network(self) -> Network:
        """Where this deployment may dial."""
        return Network(
            allowed=parse_networks(self.allowed_networks),
            ports=parse_ports(self.allowed_ports),
            egress=parse_addresses(self.egress_address),
            instances=str(self.cloud_sql).rstrip("/"),
            bigquery=self.bigquery_emulator,
        )

    @classmethod
    def read(cls, **chosen: object) -> Self:
        """Read the environment; `chosen` values win over it.

        Raises SETTINGS_INVALID naming every wrong variable at once.
        """
        try:
            settings = cls(**chosen)  # type: ignore[arg-type]
        except ValidationError as error:
            wrong = [
                WrongField("HEADRACE_" + ".".join(map(str, e["loc"])).upper(), e["msg"])
                for e in error.errors(include_input=False, include_url=False)
            ]
            names = ", ".join(field.path for field in wrong)
            raise HeadraceError(
                SETTINGS_INVALID, f"The settings can't be used: {names}.", fields=wrong
            ) from None
        data = settings.data.expanduser().absolute()
        return settings.model_copy(
            update={
                "data": data,
                "documents": settings.documents or f"sqlite://{data}/documents.sqlite",
                "vault": settings.vault or f"encrypted-file://{data}/vault.json",
                "destination": settings.destination or f"duckdb://{data}/warehouse.duckdb",
                "launcher": settings.launcher or f"process://{data}/logs",
            }
        )

    def environment(self) -> dict[str, str]:
        """The variables that make another process read the same settings, without the token."""
        names = (
            *("data", "documents", "vault", "destination", "launcher", "tasks"),
            *("allowed_networks", "allowed_ports", "egress_address", "cloud_sql"),
            "bigquery_emulator",
        )
        return {f"HEADRACE_{name.upper()}": str(getattr(self, name)) for name in names}


class LocalSettings(Settings):
    """Those of a person's own machine, on which nobody else's network is at stake."""

    allowed_networks: Annotated[str, _readable(parse_networks)] = ", ".join(
        map(str, (*LOOPBACK, *PRIVATE))
    )
    tests_per_minute: int = Field(default=600, ge=1)
    tests_per_day: int = Field(default=100_000, ge=1)
    connections_per_minute: int = Field(default=6000, ge=1)
    connections_per_day: int = Field(default=1_000_000, ge=1)
