"""What can be set for a column, and the selection in which all of it is."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence

from headrace.model import DecimalType, Selection, UnfitPolicy
from headrace.preflight.report import Action, Advice, ColumnPreflight


def unfit(column: str, policy: UnfitPolicy, reason: str) -> Advice:
    return Advice(
        action=Action.UNFIT,
        policy=policy,
        setting=_setting("unfit_columns", column, policy.value),
        option=f"--unfit-column {shlex.quote(f'{column}={policy}')}",
        reason=reason,
    )


def decimal(column: str, chosen: DecimalType, reason: str) -> Advice:
    written = f"{column}={chosen.precision},{chosen.scale}"
    return Advice(
        action=Action.DECIMAL,
        decimal=chosen,
        setting=_setting("decimal_columns", column, chosen.model_dump()),
        option=f"--decimal {shlex.quote(written)}",
        reason=reason,
    )


def leave_out(column: str, reason: str) -> Advice:
    return Advice(
        action=Action.LEAVE_OUT,
        setting=f"columns: all but {json.dumps(column, ensure_ascii=False)}",
        option="--column, for each of the others",
        reason=reason,
    )


def options(selection: Selection) -> str:
    """The options of `headrace extract` that choose the same of a table's columns."""
    written = [
        *(("--column", column) for column in selection.columns or ()),
        *(("--unfit-column", f"{name}={each}") for name, each in selection.unfit_columns.items()),
        *(
            ("--decimal", f"{name}={each.precision},{each.scale}")
            for name, each in selection.decimal_columns.items()
        ),
    ]
    return " ".join(f"{option} {shlex.quote(value)}" for option, value in written)


def followed(
    selection: Selection, columns: Sequence[ColumnPreflight], *, hidden: bool
) -> Selection | None:
    """The selection as advised; None if it would take no column.

    With `hidden` there are columns that can't be seen, so that those to take have to be named.
    """
    advised = [(column.name, advice) for column in columns for advice in column.advice]
    left_out = {name for name, advice in advised if advice.action is Action.LEAVE_OUT}
    kept = tuple(column.name for column in columns if column.name not in left_out)
    policies = {name: advice.policy for name, advice in advised if advice.policy}
    decimals = {name: advice.decimal for name, advice in advised if advice.decimal}
    if not kept:
        return None
    return selection.model_copy(
        update={
            "columns": kept if left_out or hidden else selection.columns,
            "unfit_columns": {**selection.unfit_columns, **policies},
            "decimal_columns": {**selection.decimal_columns, **decimals},
        }
    )


def _setting(field: str, column: str, value: object) -> str:
    return f"{field}: {json.dumps({column: value}, ensure_ascii=False)}"
