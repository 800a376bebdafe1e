"""Staging in Cloud Storage: the objects below `gs://bucket/prefix/<run_id>/`.

What a killed run has left stays until the run is discarded, or until the bucket's life cycle
removes it (`terraform/staging.tf`): nobody can tell from outside which process is still alive.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import google.auth
import requests
from google.auth.transport.requests import AuthorizedSession
from pyarrow.fs import PyFileSystem

from headrace.destinations import Staging
from headrace.destinations.gcs_calls import CloudStorage
from headrace.destinations.gcs_files import GcsFiles
from headrace.errors import DESTINATION_FORBIDDEN, SETTINGS_INVALID, HeadraceError
from headrace.google_calls import Place, opened

_HOST = "https://storage.googleapis.com"
_SCOPES = ["https://www.googleapis.com/auth/devstorage.read_write"]
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_PREFIX = re.compile(r"([A-Za-z0-9_.-]+/)*[A-Za-z0-9_.-]+")

# A removal is a request a file.
_REMOVERS = 8


def open_staging(where: Place) -> GcsStaging:
    """At `?staging=gs://bucket/prefix`, for tests on `&storage_emulator=127.0.0.1:PORT`.

    Raises SETTINGS_INVALID, and DESTINATION_FORBIDDEN on a machine without credentials.
    """
    url = where.options.get("staging", "")
    parts = urlsplit(url)
    prefix = parts.path.strip("/")
    fits = parts.scheme == "gs" and _BUCKET.fullmatch(parts.netloc) and _PREFIX.fullmatch(prefix)
    if not fits or parts.query or parts.fragment:
        raise HeadraceError(
            SETTINGS_INVALID,
            f"The destination's option 'staging' is '{url}', which names no place in Cloud "
            "Storage; write it like staging=gs://my-bucket/runs.",
        )
    emulator = where.options.get("storage_emulator")
    storage = (
        CloudStorage(without_credentials(), f"http://{emulator}")
        if emulator
        else CloudStorage(opened("Cloud Storage", DESTINATION_FORBIDDEN, _authorized), _HOST)
    )
    return GcsStaging(storage, f"{parts.netloc}/{prefix}")


def without_credentials() -> requests.Session:
    """For an emulator: never through a proxy."""
    session = requests.Session()
    session.trust_env = False
    return session


def _authorized() -> requests.Session:
    credentials, _ = google.auth.default(scopes=_SCOPES)
    return AuthorizedSession(credentials)  # type: ignore[no-untyped-call]


class GcsStaging:
    """The runs' files below `directory`, which is `bucket/prefix`."""

    def __init__(self, storage: CloudStorage, directory: str) -> None:
        self._storage = storage
        self._directory = directory

    def path(self, run_id: str) -> str:
        return f"{self._directory}/{run_id}"

    def uri(self, path: str) -> str:
        """What BigQuery calls the file at a path of the staging."""
        return f"gs://{path}"

    def make(self, run_id: str) -> Staging:
        """Nothing is made: it is looked whether the bucket is there and may be used.

        Raises DESTINATION_UNAVAILABLE, DESTINATION_BUSY, DESTINATION_FORBIDDEN and
        DESTINATION_MISSING, as does whatever is done with the file system.
        """
        list(self._storage.names(self.path(run_id), most=1))
        return Staging(PyFileSystem(GcsFiles(self._storage)), self.path(run_id))

    def keep(self, run_id: str) -> None:
        """It stays anyway."""

    def remove(self, run_id: str) -> None:
        """Absent is no error. Raises as `make` does."""
        with ThreadPoolExecutor(_REMOVERS) as removers:
            for _ in removers.map(self._storage.delete, self._storage.names(self.path(run_id))):
                pass  # looked at, since what has failed raises here

    def close(self) -> None:
        """Nothing is held."""
