"""The settings of a deployment, read from the environment once and then frozen.

Each variable is the field's name in capitals with `HEADRACE_` before it. Ports are chosen by
URL (see `services`); whatever is not set lies under the data directory on this machine.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

import platformdirs
from pydantic import AnyHttpUrl, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from headrace.errors import SETTINGS_INVALID, HeadraceError
from headrace.errors import Field as WrongField


class Settings(BaseSettings):
    """What an operator decides. Local defaults need no variable at all."""

    model_config = SettingsConfigDict(env_prefix="HEADRACE_", frozen=True, extra="ignore")

    data: Path = Field(default_factory=lambda: platformdirs.user_data_path("headrace"))
    documents: str = ""
    vault: str = ""
    destination: str = ""
    launcher: str = ""
    token: SecretStr | None = None
    web_origin: AnyHttpUrl | None = None

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
        ports = ("data", "documents", "vault", "destination", "launcher")
        return {f"HEADRACE_{name.upper()}": str(getattr(self, name)) for name in ports}
