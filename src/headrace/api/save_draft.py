"""Create a source as a draft, or change one; the password goes into the vault alone."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pydantic import Field

from headrace import credentials as stored
from headrace import ids, naming
from headrace.api.destination_names import wrong_dataset, wrong_targets
from headrace.connections import Connection, Credentials, identity
from headrace.errors import INVALID_INPUT, PASSWORD_REQUIRED, SOURCE_STALE, HeadraceError
from headrace.errors import Field as WrongField
from headrace.model import (
    MOST_PARALLEL,
    DriftPolicy,
    Selection,
    SetupStep,
    Source,
    SourceState,
    UnfitPolicy,
    Verification,
    credentials_secret_name,
    now,
)
from headrace.records import Sources
from headrace.schedules import Manual, Schedule
from headrace.services import Services
from headrace.values import DestinationName, ModelId, SourceId, Text, Value
from headrace.vaults import Vault

log = logging.getLogger(__name__)

# What stays as it is in a change that does not name it, and has a default in a new source.
_SETTINGS = ("selection", "unfit", "drift", "verify", "parallel", "chunk_rows", "setup_step")


class SaveDraft(Value):
    """A new source (without source_id), or a change to one; what is left out stays as it is."""

    model_id: ModelId
    source_id: SourceId | None = Field(
        default=None, description="The source to change; leave it out to create one."
    )
    etag: str | None = Field(
        default=None, description="The etag of the source that the change was made on."
    )
    name: Text | None = None
    connection: Connection | None = None
    credentials: Credentials | None = Field(
        default=None,
        description="Needed again when host, port, instance, user or database change; never with "
        "a login by IAM.",
    )
    dataset: DestinationName | None = Field(
        default=None,
        description="The schema or dataset in the destination; derived from the name at first.",
    )
    selection: tuple[Selection, ...] | None = None
    unfit: UnfitPolicy | None = Field(
        default=None, description="What becomes of values that their column can't hold."
    )
    drift: DriftPolicy | None = Field(
        default=None, description="What becomes of columns that are other ones than before."
    )
    verify: Verification | None = Field(
        default=None, description="What is held against the source before a run is published."
    )
    parallel: int | None = Field(
        default=None, ge=1, le=MOST_PARALLEL, description="How many chunks are read at once."
    )
    chunk_rows: int | None = Field(
        default=None, ge=1, description="About how many rows a chunk has."
    )
    schedule: Schedule | None = Field(
        default=None, description="When an active source runs by itself; by hand at first."
    )
    setup_step: SetupStep | None = Field(
        default=None, description="Where somebody goes on who comes back to the set-up."
    )


def save_draft(services: Services, request: SaveDraft) -> Source:
    """Write the source; either all of it is saved, or nothing is.

    Raises INVALID_INPUT with every wrong field, SOURCE_NOT_FOUND, SOURCE_STALE if someone else
    saved in the meantime, PASSWORD_REQUIRED, and the errors of the documents and the vault.
    """
    sources = Sources(services.documents)
    if request.source_id is None:
        source = _new(services, request)
        write = sources.create
    else:
        source = _changed(services, sources.get(request.model_id, request.source_id), request)
        write = sources.replace
    if request.credentials is None or not source.connection.needs_password:
        return write(source)
    name = source.credentials_secret_name
    version = stored.store(services.vault, name, source.connection, request.credentials)
    with _destroyed_on_failure(services.vault, name, version):
        saved = write(source.model_copy(update={"credentials_version": version}))
    try:
        stored.settle(services.vault, name, version)
    except HeadraceError as error:
        # The source is saved; the next save destroys what was left.
        log.warning("Old versions of %s could not be destroyed: %s", name, error)
    return saved


def _new(services: Services, request: SaveDraft) -> Source:
    wrong = [
        WrongField(name, "is required for a new source")
        for name in ("name", "connection", "credentials")
        if getattr(request, name) is None and not (name == "credentials" and _no_password(request))
    ]
    if request.etag is not None:
        wrong.append(WrongField("source_id", "is required beside an etag"))
    wrong += wrong_dataset(services, request.dataset)
    if request.connection:
        wrong += wrong_targets(request.connection, request.selection or ())
    if wrong or request.name is None or request.connection is None:
        raise _invalid("The new source can't be saved", wrong)
    source_id = ids.new_id()
    created_at = now()
    return Source(
        model_id=request.model_id,
        source_id=source_id,
        name=request.name,
        connection=request.connection,
        credentials_secret_name=credentials_secret_name(request.model_id, source_id),
        dataset=request.dataset or naming.dataset_name(request.name),
        schedule=(request.schedule or Manual()).anchored(created_at),
        created_at=created_at,
        updated_at=created_at,
        **_given(request, _SETTINGS),
    )


def _no_password(request: SaveDraft) -> bool:
    return request.connection is not None and not request.connection.needs_password


def _changed(services: Services, source: Source, request: SaveDraft) -> Source:
    wrong = [
        *wrong_dataset(services, request.dataset),
        *wrong_targets(request.connection or source.connection, request.selection or ()),
    ]
    if request.etag is None:
        wrong.append(WrongField("etag", "is required to change a source"))
    if request.selection == () and source.state is not SourceState.DRAFT:
        wrong.append(WrongField("selection", "needs at least one table once a source is active"))
    if wrong:
        raise _invalid(f"The change to source '{source.source_id}' can't be saved", wrong)
    if request.etag != source.etag:
        raise HeadraceError(
            SOURCE_STALE,
            f"Source '{source.source_id}' was changed after it was loaded; nothing was saved.",
        )
    if request.connection and request.connection.needs_password and request.credentials is None:
        _check_password_may_stay(source, request.connection)
    given = _given(request, ("name", "connection", "dataset", *_SETTINGS))
    return _scheduled(source.model_copy(update={**given, "updated_at": now()}), request)


def _given(request: SaveDraft, names: Sequence[str]) -> Mapping[str, Any]:
    return {name: value for name in names if (value := getattr(request, name)) is not None}


def _scheduled(source: Source, request: SaveDraft) -> Source:
    """With the schedule that is asked for; one that stays as it is keeps its next slot."""
    moment = source.updated_at
    if request.schedule is None or request.schedule.same_as(source.schedule):
        return source
    schedule = request.schedule.anchored(moment)
    return source.model_copy(update={"schedule": schedule}).rescheduled(moment)


def _check_password_may_stay(source: Source, connection: Connection) -> None:
    """A stored password is sent neither to another server, nor over a less guarded channel."""
    old, new = identity(source.connection), identity(connection)
    changed = [
        WrongField(f"connection.{key}", "was changed")
        for key in {**old, **new}
        if new.get(key) != old.get(key)
    ]
    if connection.protection < source.connection.protection:
        changed.append(WrongField("connection.tls", "protects the password less than before"))
    if changed:
        names = ", ".join(field.path for field in changed)
        raise HeadraceError(
            PASSWORD_REQUIRED,
            f"The stored password of source '{source.source_id}' is not used with a changed "
            f"{names}; nothing was saved.",
            hint="Send the password together with this change.",
            fields=[WrongField("credentials", "is required with this change"), *changed],
        )


def _invalid(what: str, wrong: list[WrongField]) -> HeadraceError:
    names = ", ".join(field.path for field in wrong)
    return HeadraceError(INVALID_INPUT, f"{what}: wrong in {names}.", fields=wrong)


@contextmanager
def _destroyed_on_failure(vault: Vault, name: str, version: int) -> Iterator[None]:
    """If the document can't be written, take the version back that it would have needed."""
    try:
        yield
    except Exception:
        try:
            vault.destroy(name, version)
        except HeadraceError as error:
            log.error("Version %d of %s stays without a source: %s", version, name, error)  # noqa: TRY400
        raise
