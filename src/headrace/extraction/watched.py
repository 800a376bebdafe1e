"""The list of the runs that schedules have started and that have not ended for good.

A document `watched/<run>` each, written before the run is. It is a second truth beside the run, and
never believed: what became of the run is asked of the run itself.
"""

from __future__ import annotations

from pydantic import AwareDatetime, Field, ValidationError

from headrace.documents import Document, Documents
from headrace.errors import DOCUMENT_EXISTS, DOCUMENTS_UNREADABLE, HeadraceError
from headrace.model import Run, now
from headrace.values import ModelId, RunId, SourceId, Value

COLLECTION = "watched"


class Watched(Value):
    """A run that is looked after, and how often it was let go on."""

    source: str
    model_id: ModelId
    source_id: SourceId
    run_id: RunId
    since: AwareDatetime
    resumed: int = Field(default=0, ge=0)


def add(documents: Documents, run: Run) -> None:
    """Put a run on the list. Again for the same run is no error."""
    watched = Watched(
        source=name_of_source(run.model_id, run.source_id),
        model_id=run.model_id,
        source_id=run.source_id,
        run_id=run.run_id,
        since=now(),
    )
    try:
        documents.create(f"{COLLECTION}/{run.run_id}", watched.model_dump(mode="json"))
    except HeadraceError as error:
        if error.kind is not DOCUMENT_EXISTS:
            raise


def read(document: Document) -> Watched:
    try:
        return Watched.model_validate(document.value)
    except ValidationError as error:
        raise HeadraceError(
            DOCUMENTS_UNREADABLE, f"The document '{document.path}' names no run to look after."
        ) from error


def name_of_source(model_id: str, source_id: str) -> str:
    return f"{model_id}/{source_id}"
