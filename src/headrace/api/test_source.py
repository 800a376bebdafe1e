"""Test the connection of a stored source, and the right to read what it selects."""

from __future__ import annotations

from collections.abc import Iterator

from headrace import credentials
from headrace.checks import Check
from headrace.diagnosis.diagnose import diagnose
from headrace.records import Sources
from headrace.services import Services
from headrace.values import ModelId, SourceId, Value


class SourceTest(Value):
    model_id: ModelId
    source_id: SourceId


def test_source(services: Services, request: SourceTest) -> Iterator[Check]:
    """One check a layer, each as soon as it is done, with the password of the vault."""
    source = Sources(services.documents).get(request.model_id, request.source_id)
    password = credentials.load(services.vault, source)
    return diagnose(
        source.connection,
        password,
        services.settings.network,
        selection=source.selection,
    )
