"""The composition root: the one place where a URL picks an implementation of each port."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from importlib import import_module
from threading import Lock
from typing import Any

from headrace import destinations, documents, launchers, sign_ins, vaults
from headrace.destinations import Destination
from headrace.documents import Documents
from headrace.errors import SETTINGS_INVALID, Field, HeadraceError
from headrace.launchers import Launcher
from headrace.settings import Settings
from headrace.sign_ins import SignIn
from headrace.vaults import Vault


class Services:
    """The ports of one process, each opened when it is first used, and once for all threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._opening = Lock()

    @cached_property
    def documents(self) -> Documents:
        opened: Documents = self._open("documents", documents.SCHEMES)
        return opened

    @cached_property
    def vault(self) -> Vault:
        opened: Vault = self._open("vault", vaults.SCHEMES)
        return opened

    @cached_property
    def launcher(self) -> Launcher:
        opened: Launcher = self._open("launcher", launchers.SCHEMES)
        return opened

    @cached_property
    def destination(self) -> Destination:
        opened: Destination = self._open("destination", destinations.SCHEMES)
        return opened

    @cached_property
    def sign_in(self) -> SignIn:
        opened: SignIn = self._open("sign_in", sign_ins.SCHEMES)
        return opened

    def close(self) -> None:
        """Close what was opened. Closing twice is no error; a port used again opens again."""
        for port in ("documents", "destination"):
            if opened := self.__dict__.pop(port, None):
                opened.close()

    def _open(self, port: str, schemes: Mapping[str, str]) -> Any:
        with self._opening:  # since Python 3.12 threads may compute a cached_property at once
            if port not in self.__dict__:
                name, url = f"HEADRACE_{port.upper()}", getattr(self.settings, port)
                self.__dict__[port] = open_port(name, url, schemes, self.settings)
            return self.__dict__[port]


def open_port(name: str, url: str, schemes: Mapping[str, str], settings: Settings) -> Any:
    """Open the implementation that the URL's scheme names, as `opener(url, settings)`.

    Raises SETTINGS_INVALID for an unknown scheme; `name` is what the user calls the setting.
    """
    scheme, separator, _ = url.partition("://")
    if not separator or scheme not in schemes:
        known = ", ".join(f"{known_scheme}://" for known_scheme in schemes)
        message = f"begins with none of {known}"
        raise HeadraceError(SETTINGS_INVALID, f"{name} {message}.", fields=[Field(name, message)])
    module, _, opener = schemes[scheme].partition(":")
    try:
        opened = getattr(import_module(module), opener)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("headrace"):
            raise
        raise HeadraceError(
            SETTINGS_INVALID,
            f"{name} needs the package '{error.name}', which is not installed.",
            hint=f"Install Headrace with what {scheme}:// needs: pip install 'headrace[cloud]' on "
            "Google Cloud, 'headrace[local]' elsewhere.",
        ) from error
    return opened(url, settings)
