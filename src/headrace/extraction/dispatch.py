"""Starts the runs that schedules want.

A source's document says by itself when it is due (`next_run_at`), and the store of documents has
an index for that. A list of due slots beside the sources would be found by any store, but it
would be a second truth: two documents are not written at once, and a dispatcher that dies between
them would lose a slot, or a source for good. As it is, every change of a source is one write.

A slot goes through three steps, and somebody may be killed at any point between them:

1. It is taken: `slot_taken_at` is written into the source's document by compare-and-swap. Of two
   dispatchers one has it.
2. The run is started, with the slot as idempotency key.
3. It is over: `next_run_at` moves to the first slot after now, in one write with `slot_taken_at`,
   and with the reason if the slot was skipped. Slots that were missed meanwhile are thereby one.

If step 3 does not come, the slot stays due, and is taken again when `TAKEN_FOR` has passed. The
key then finds the run that was started, or starts it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count

from pydantic import AwareDatetime, Field

from headrace.errors import (
    INTERNAL_ERROR,
    RUN_ALREADY_LIVE,
    RUN_LOST,
    SOURCE_NOT_FOUND,
    SOURCE_STATE_WRONG,
    HeadraceError,
)
from headrace.extraction import lease, watch
from headrace.extraction.settle import settle
from headrace.extraction.start import Slot, named, start
from headrace.extraction.watch import ResumedRun
from headrace.logs import log_context
from headrace.model import Run, SkippedSlot, Source, SourceState
from headrace.problems import Problem
from headrace.records import Sources
from headrace.services import Services
from headrace.values import ModelId, RunId, SourceId, Value

log = logging.getLogger(__name__)

# Longer than a run may be silent before it is launched: a slot that is taken again finds a run
# that was never launched to be lost.
TAKEN_FOR = lease.DURATION + timedelta(seconds=30)
# What start() may raise that lets the slot pass.
_SKIPPED = (RUN_ALREADY_LIVE, SOURCE_STATE_WRONG)
# The heartbeat comes once a minute, and what is left then is taken by the next one.
PASS_SECONDS = 50.0


class DispatchedSlot(Value):
    """What became of a slot: a run was started, or it was skipped, or it failed."""

    model_id: ModelId
    source_id: SourceId
    slot: AwareDatetime | None = Field(description="Null if the source could not even be read.")
    run_id: RunId | None = Field(default=None, description="The run that was started.")
    skipped: SkippedSlot | None = None
    problem: Problem | None = Field(
        default=None, description="Why it failed. What may succeed later is tried again."
    )


class Dispatched(Value):
    """What a pass over the due sources did. Sources that others have in hand are not told of."""

    started: tuple[DispatchedSlot, ...]
    skipped: tuple[DispatchedSlot, ...]
    failed: tuple[DispatchedSlot, ...]
    resumed: tuple[ResumedRun, ...] = Field(
        description="Runs of schedules that had been cut off, and go on."
    )
    complete: bool = Field(description="False if time ran out; the next pass takes the rest.")


def dispatch(services: Services, now: datetime) -> Dispatched:
    """Start the runs that are due at `now`, and let those go on that were cut off.

    Any number of dispatchers may do so at once. What fails for one source holds up no other. Raises
    only the documents' errors.
    """
    begun = time.monotonic()
    done: list[DispatchedSlot] = []
    resumed: list[ResumedRun] = []
    complete = True
    for outcome in outcomes(services, now):
        if isinstance(outcome, ResumedRun):
            resumed.append(outcome)
        else:
            done.append(outcome)
        if time.monotonic() - begun > PASS_SECONDS:
            complete = False
            break
    return Dispatched(
        started=tuple(outcome for outcome in done if outcome.run_id),
        skipped=tuple(outcome for outcome in done if outcome.skipped),
        failed=tuple(outcome for outcome in done if outcome.problem),
        resumed=tuple(resumed),
        complete=complete,
    )


def outcomes(services: Services, now: datetime) -> Iterator[DispatchedSlot | ResumedRun]:
    """Dispatch slot by slot, then run by run, for whoever may have to end in between."""
    yield from _slots(services, now)
    yield from watch.look(services)


def _slots(services: Services, now: datetime) -> Iterator[DispatchedSlot]:
    for model_id, source_id in Sources(services.documents).due(now):
        with log_context(model_id=model_id, source_id=source_id):
            outcome = _dispatch(services, model_id, source_id, now)
        if outcome:
            yield outcome


class _NotOursError(Exception):
    """The slot is not due any more, or somebody else has it in hand."""


def _dispatch(
    services: Services, model_id: str, source_id: str, now: datetime
) -> DispatchedSlot | None:
    outcome = DispatchedSlot(model_id=model_id, source_id=source_id, slot=None)
    try:
        source = Sources(services.documents).dispatched(
            model_id, source_id, lambda stored: _taken(stored, now)
        )
        outcome = outcome.model_copy(update={"slot": source.next_run_at})
        return _start(services, source, outcome, now)
    except _NotOursError:
        return None
    except HeadraceError as error:
        if error.kind is SOURCE_NOT_FOUND:
            return None
        log.error("%s: %s", error.code, error.detail)  # noqa: TRY400 - it says what failed
        problem = error
    except Exception:
        log.exception("a slot could not be dispatched, in a way that nobody foresaw")
        problem = HeadraceError(INTERNAL_ERROR, f"Source '{source_id}' could not be dispatched.")
    return outcome.model_copy(update={"problem": Problem.of(problem)})


def _taken(source: Source, now: datetime) -> Source:
    due = source.state is SourceState.ACTIVE and source.next_run_at and source.next_run_at <= now
    held = source.slot_taken_at
    # A clock that was set back must not keep a slot taken until it has come so far again.
    if not due or (held and abs(now - held) < TAKEN_FOR):
        raise _NotOursError
    return source.model_copy(update={"slot_taken_at": now})


def _start(
    services: Services, source: Source, outcome: DispatchedSlot, now: datetime
) -> DispatchedSlot:
    """Start the run of the slot that was taken, and let the slot be over."""
    slot = source.next_run_at
    if slot is None:
        raise _NotOursError
    try:
        run = _run_of(services, source, slot)
    except HeadraceError as error:
        if error.kind in _SKIPPED:
            log.warning("the slot %s is skipped: %s", slot.isoformat(), error.detail)
            skipped = SkippedSlot(slot=slot, at=now, code=error.code, reason=error.detail)
            _over(services, source, now, skipped)
            return outcome.model_copy(update={"skipped": skipped})
        if _has_failed(services, source, slot):  # the slot has its run, which says so
            _over(services, source, now)
        raise
    _over(services, source, now)
    log.info("run %s is started for the slot %s", run.run_id, slot.isoformat())
    return outcome.model_copy(update={"run_id": run.run_id})


def _has_failed(services: Services, source: Source, slot: datetime) -> bool:
    run = named(services, source, Slot(slot).name)
    return run is not None and not run.state.live


def _run_of(services: Services, source: Source, slot: datetime) -> Run:
    """The run of a slot: a new one, or the one that another dispatcher left.

    None is begun while an earlier one goes on, which start() then says.
    """
    watch.before_slot(services, source)
    for attempt in count(1):
        run = start(services, source.model_id, source.source_id, slot=Slot(slot, attempt))
        if run.execution:
            return run
        run = settle(services, run)
        if run.state.live:
            raise _NotOursError  # it is being launched, or will be found lost the next time
        never_launched = run.started_at is None and run.error and run.error.code == RUN_LOST.code
        if not never_launched:
            return run
    raise AssertionError("unreachable")


def _over(
    services: Services, source: Source, now: datetime, skipped: SkippedSlot | None = None
) -> None:
    """Move on to the next slot, unless the source moved on or was changed meanwhile."""
    slot = source.next_run_at

    def moved(stored: Source) -> Source:
        if slot is None or stored.next_run_at != slot:
            return stored
        moved_on = stored.rescheduled(max(now, slot))
        return moved_on.model_copy(update={"last_skipped": skipped or stored.last_skipped})

    Sources(services.documents).dispatched(source.model_id, source.source_id, moved)
