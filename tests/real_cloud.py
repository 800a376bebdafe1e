"""Google Cloud itself, in place of what stands for it: for who asks for it (`make test-cloud`).

Everything that the suites make lies in a project that is there for nothing else, and is removed
when the test that has made it ends.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

# What is emptied has to say so by its name.
_DISPOSABLE = re.compile(r"headrace-test[a-z0-9-]*")
_RUN = re.compile(r"[a-z0-9]{1,20}")


@dataclass(frozen=True)
class RealCloud:
    """Where the suites run: the URLs are those of the settings of a deployment.

    `run` keeps what a run of the suites makes apart from what an earlier one has left.
    """

    project: str
    run: str
    database: str = "headrace-test"
    bucket: str = ""
    location: str = "EU"

    @classmethod
    def asked(cls, environment: Mapping[str, str] = os.environ) -> Self | None:
        """None unless somebody asks for it. Raises ValueError for what is not said, or unsafe."""
        project = environment.get("HEADRACE_TEST_PROJECT", "")
        if not project:
            return None
        cloud = cls(
            project,
            environment.get("HEADRACE_TEST_RUN", ""),
            environment.get("HEADRACE_TEST_DATABASE", "headrace-test"),
            environment.get("HEADRACE_TEST_BUCKET", "") or f"{project}-headrace-test",
            environment.get("HEADRACE_TEST_LOCATION", "EU"),
        )
        if not _RUN.fullmatch(cloud.run):
            raise ValueError("HEADRACE_TEST_RUN has to be lower-case letters and digits")
        if not _DISPOSABLE.fullmatch(cloud.database):
            raise ValueError("HEADRACE_TEST_DATABASE is emptied: call it headrace-test")
        return cloud

    @property
    def documents(self) -> str:
        return f"firestore://{self.project}/{self.database}"

    @property
    def vault(self) -> str:
        return f"secretmanager://{self.project}"

    @property
    def secret_name(self) -> str:
        return f"model-test{self.run}-source-s-credentials"

    def destination(self, name: str) -> str:
        """Headrace's own dataset and its staging have that name, which is a test's own."""
        staging = f"gs://{self.bucket}/{self.run}/{name}"
        options = f"staging={staging}&location={self.location}"
        return f"bigquery://{self.project}/{self.dataset(name)}?{options}"

    def dataset(self, name: str) -> str:
        return f"headrace_test_{self.run}_{name}"

    def empty_database(self) -> None:
        from google.cloud import firestore

        client = firestore.Client(project=self.project, database=self.database)
        for collection in client.collections():
            client.recursive_delete(collection)
