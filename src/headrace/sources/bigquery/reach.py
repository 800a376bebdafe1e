"""The outer layers of the connection test, for an API at Google's fixed address."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import requests

from headrace.checks import Fact, Layer
from headrace.diagnosis.deadline import Deadline
from headrace.diagnosis.network import Network
from headrace.errors import HOST_UNREACHABLE, TLS_FAILED, HeadraceError
from headrace.sources import Finding

HOST = "bigquery.googleapis.com"
_ATTEMPT_SECONDS = 8.0


class GoogleReach:
    """Stands in the place of `Reach`. The client connects by itself, perhaps through a proxy."""

    def __init__(self, network: Network, deadline: Deadline) -> None:
        self.emulator = network.bigquery
        self.deadline = deadline
        self._status = 0
        self._not_encrypted: Exception | None = None

    @property
    def steps(self) -> Mapping[Layer, Callable[[], Finding]]:
        return {
            Layer.ADDRESS: lambda: Finding(f"BigQuery is at {HOST}, which is Google's and fixed."),
            Layer.DNS: lambda: Finding("The name is looked up by Google's client, or by a proxy."),
            Layer.TCP: self._connect,
            Layer.PROTOCOL: self._recognise,
            Layer.TLS: self._encrypt,
        }

    def close(self) -> None:
        """Nothing is left open."""

    def _connect(self) -> Finding:
        rest = self.emulator.partition(",")[0]
        url = f"http://{rest}" if rest else f"https://{HOST}"
        try:
            # Whoever has not signed in is refused, which is an answer.
            answer = requests.get(
                f"{url}/bigquery/v2/projects/headrace/datasets",
                timeout=min(_ATTEMPT_SECONDS, self.deadline.remaining),
                allow_redirects=False,
            )
            self._status = answer.status_code
        except requests.exceptions.SSLError as error:
            self._not_encrypted = error
        except requests.exceptions.Timeout as error:
            raise self.deadline.missed(f"Connecting to {HOST}") from error
        except requests.exceptions.RequestException as error:
            raise HeadraceError(
                HOST_UNREACHABLE,
                f"Connecting to {HOST} failed.",
                hint="Whoever runs this service has to let it connect to port 443 of "
                f"{HOST}, bigquerystorage.googleapis.com and oauth2.googleapis.com, or set "
                "HTTPS_PROXY.",
            ) from error
        return Finding(f"{HOST} accepts connections.")

    def _recognise(self) -> Finding:
        if self._not_encrypted:
            return Finding("Something answers that has not shown a certificate of Google's.")
        told = Fact(name="status without signing in", value=str(self._status))
        return Finding("Google's API answers.", facts=(told,))

    def _encrypt(self) -> Finding:
        if self._not_encrypted:
            raise HeadraceError(
                TLS_FAILED,
                f"The certificate shown for {HOST} is not valid for it.",
                hint="A proxy or firewall that looks into connections stands between: whoever "
                "runs this service has to have it let Google's through, or trust its authority.",
            ) from self._not_encrypted
        if self.emulator:
            return Finding("What stands for BigQuery on this machine is not encrypted.")
        return Finding("Encrypted; the certificate is valid for this host.")
