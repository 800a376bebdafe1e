"""Starts a run that takes a past range of one table again, without moving the checkpoint."""

from __future__ import annotations

from contextlib import closing

from headrace import credentials, naming, sources
from headrace.extraction.increments import planned_read
from headrace.extraction.past import narrowed, past_windows
from headrace.extraction.plan import tables_of
from headrace.extraction.start import begin, check_state, name_of
from headrace.model import Backfill, Run, Source, Window, now
from headrace.records import Sources
from headrace.services import Services


def backfill(
    services: Services,
    model_id: str,
    source_id: str,
    wanted: Backfill,
    idempotency_key: str | None = None,
) -> Run:
    """Queue the run and launch its job, as `start` does.

    The database is asked for what the bounds are, and the destination whether it can take such
    rows. Raises BACKFILL_NOT_POSSIBLE, the errors of `Database.past_window`, of connecting, of
    `Destination.check`, and those of `start`.
    """
    source = Sources(services.documents).get(model_id, source_id)
    check_state(source)
    source = narrowed(source, wanted)

    def make(run_id: str) -> Run:
        window = _checked(services, source, wanted)
        bounds = {"after": window.read_after, "upto": window.upto}
        return Run(
            model_id=model_id,
            source_id=source_id,
            run_id=run_id,
            backfill=wanted.model_copy(update=bounds),
            requested_at=now(),
            tables=tables_of(source, windows={wanted.ref: window}),
        )

    return begin(services, source, name_of(idempotency_key), make)


def _checked(services: Services, source: Source, wanted: Backfill) -> Window:
    destination = services.destination
    known = {c.target: c for c in destination.checkpoints(source.model_id, source.source_id)}
    password = credentials.load(services.vault, source)
    network = services.settings.network
    with closing(sources.connect(source.connection, password, network)) as database:
        window = past_windows(database, source, known, wanted)[wanted.ref]
        (selection,) = source.selection
        checkpoint = known.get(naming.target(source, selection))
        read = planned_read(database, source, selection, checkpoint, window)
    destination.check(source.model_id, source.source_id, [read.planned])
    return window
