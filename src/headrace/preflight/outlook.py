"""What would become of one column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from headrace.checks import CheckStatus
from headrace.model import DecimalType, UnfitPolicy
from headrace.preflight import advice
from headrace.preflight.report import Advice, ColumnPreflight, Digits
from headrace.sources.survey import Found, Subject, UnfitCase

MAX_DIGITS = 38
LARGE_BYTES = 16_000_000

FAILED, WARNED, PASSED = CheckStatus.FAILED, CheckStatus.WARNED, CheckStatus.PASSED
WORST_FIRST = (FAILED, WARNED, PASSED)


@dataclass(frozen=True)
class Around:
    """What has to be known beside the column: the sample, and the destination.

    `refused` says that the destination has no type for the column.
    """

    rows: int
    whole: bool
    destination_name: str
    destination_type: str | None = None
    refused: bool = False


@dataclass(frozen=True)
class _Remark:
    """One thing that can be said of the column. A failure's text is a part of a sentence."""

    status: CheckStatus
    text: str
    advice: tuple[Advice, ...] = ()


def outlook(subject: Subject, found: Found, around: Around) -> ColumnPreflight:
    remarks = list(_remarks(subject, found, around))
    return ColumnPreflight(
        name=subject.name,
        source_type=subject.source_type,
        arrow_type=str(subject.arrow),
        destination_name=around.destination_name,
        destination_type=around.destination_type,
        note=subject.note,
        unfit=subject.unfit,
        unfit_rows=_unfit_rows(subject, found, around),
        unfit_values=dict(found.by_label) if subject.unfit else {},
        unfit_in_statistics=found.listed if subject.unfit else (),
        null_fraction=found.null_fraction,
        largest_bytes=found.size,
        digits=found.digits and Digits(before=found.digits[0], after=found.digits[1]),
        status=min((remark.status for remark in remarks), key=WORST_FIRST.index, default=PASSED),
        outcome=_outcome(subject, remarks),
        advice=tuple(each for remark in remarks for each in remark.advice),
    )


def _unfit_rows(subject: Subject, found: Found, around: Around) -> int | None:
    if not subject.readable or not (around.rows or around.whole):
        return None
    return found.unfit_rows if subject.unfit else 0


def _outcome(subject: Subject, remarks: list[_Remark]) -> str:
    if failures := [remark.text for remark in remarks if remark.status is FAILED]:
        return f"The run fails: {'; '.join(failures)}."
    arrives = f"Is {subject.note}." if subject.note else "Arrives as it is."
    return " ".join([arrives, *(remark.text for remark in remarks)])


def _remarks(subject: Subject, found: Found, around: Around) -> Iterator[_Remark]:
    if not subject.readable:
        reason = "Or have the right granted: 'headrace grants' writes the SQL."
        left_out = advice.leave_out(subject.name, reason)
        yield _Remark(FAILED, "the user may not read the column", (left_out,))
        return
    if around.refused:
        left_out = advice.leave_out(subject.name, "Or choose another destination.")
        yield _Remark(FAILED, f"the destination has no type for {subject.arrow}", (left_out,))
    if around.destination_name != subject.name:
        text = (
            f"Is called '{around.destination_name}' in the destination: another column has the "
            "same name but for upper and lower case."
        )
        yield _Remark(PASSED, text)
    if subject.unfit is not None:
        yield from _unfit(subject, found, around)
    # If a decimal was chosen it is no text here.
    if subject.takes_decimal and pa.types.is_string(subject.arrow) and found.digits:
        yield _numbers(subject, found, around)
    if found.size is not None and found.size > LARGE_BYTES:
        text = (
            f"The largest value that was seen has {found.size / 1e6:,.1f} MB; reading a row takes "
            "several times its size in memory."
        )
        yield _Remark(WARNED, text)


def _unfit(subject: Subject, found: Found, around: Around) -> Iterator[_Remark]:
    """Of values that do not fit."""
    nulled = subject.policy is UnfitPolicy.NULL
    if not found.unfit_rows and not found.listed:
        if not around.whole:
            fate = "become NULL" if nulled else "fail the run"
            text = f"No value was seen of those that would {fate}: {subject.unfit}."
            yield _Remark(PASSED, text)
        return
    what = _found(found, around)
    if nulled:
        yield _Remark(WARNED, f"NULL takes the place of values that do not fit: {what}.")
    else:
        yield _Remark(FAILED, what, _mended(subject, found, around))


def _found(found: Found, around: Around) -> str:
    if not found.unfit_rows:
        return f"the statistics list {', '.join(found.listed)}"
    by_label = ", ".join(found.by_label)
    if len(found.by_label) > 1:
        by_label = ", ".join(f"{label} ({count:,})" for label, count in found.by_label.items())
    more = [label for label in found.listed if label not in found.by_label]
    listed = f"; the statistics list {', '.join(more)} too" if more else ""
    hold = "holds" if found.unfit_rows == 1 else "hold"
    return f"{found.unfit_rows:,} of {around.rows:,} rows {hold} {by_label}{listed}"


def _mended(subject: Subject, found: Found, around: Around) -> tuple[Advice, ...]:
    """What loses least: a wider decimal in place of one that was chosen too narrow, or a policy."""
    too_narrow = any(case.advised is UnfitPolicy.TEXT for case in _shown(subject, found))
    if subject.takes_decimal and too_narrow and _fits_a_decimal(found):
        return _as_decimal(subject, found, around)
    return (_policy(subject, found),)


def _policy(subject: Subject, found: Found) -> Advice:
    """The policy that loses least of what was found."""
    shown = _shown(subject, found)
    if pa.types.is_string(subject.arrow):  # which is text already
        reason = "Puts NULL in their place and counts them."
        return advice.unfit(subject.name, UnfitPolicy.NULL, reason)
    if any(case.advised is UnfitPolicy.TEXT for case in shown):
        reason = "Carries the whole column as text; 'null' would put NULL in their place."
        return advice.unfit(subject.name, UnfitPolicy.TEXT, reason)
    reason = "Puts NULL in their place and counts them; 'text' would carry the column as text."
    return advice.unfit(subject.name, UnfitPolicy.NULL, reason)


def _numbers(subject: Subject, found: Found, around: Around) -> _Remark:
    """Of those that are carried as text, since nothing says that a decimal would hold them."""
    before, after = found.digits or (0, 0)
    labels = ", ".join(case.label for case in _shown(subject, found))
    digits = "1 digit" if before == 1 else f"{before} digits"
    text = f"The numbers seen have at most {digits} before the point and {after} after"
    text += f"; there is {labels} too." if labels else "."
    if subject.policy is UnfitPolicy.TEXT or not _fits_a_decimal(found):
        return _Remark(PASSED, text)
    return _Remark(PASSED, text, _as_decimal(subject, found, around))


def _as_decimal(subject: Subject, found: Found, around: Around) -> tuple[Advice, ...]:
    """The decimal that holds all numbers of the sample, and a policy for what is no number."""
    _, after = found.digits or (0, 0)
    reason = (
        f"Makes them numbers: those of the {around.rows:,} rows of the sample fit. One with more "
        f"than {MAX_DIGITS - after} digits before the point or {after} after it would fail the "
        "run; none is rounded."
    )
    advised = [advice.decimal(subject.name, DecimalType(precision=MAX_DIGITS, scale=after), reason)]
    shown = _shown(subject, found)
    labels = ", ".join(case.label for case in shown if case.advised is UnfitPolicy.NULL)
    if labels:
        reason = f"Puts NULL in the place of {labels}, which no decimal holds, and counts them."
        advised.append(advice.unfit(subject.name, UnfitPolicy.NULL, reason))
    return tuple(advised)


def _fits_a_decimal(found: Found) -> bool:
    return found.digits is not None and sum(found.digits) <= MAX_DIGITS


def _shown(subject: Subject, found: Found) -> list[UnfitCase]:
    """The cases of which there is one in the sample or in the statistics."""
    return [case for case in subject.cases if case.label in {*found.by_label, *found.listed}]
