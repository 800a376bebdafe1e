"""What the command line shows: tables and live lists for people, JSON and plain lines for programs.

Results go to standard output, everything else (progress, errors, prompts) to standard error, so
that a pipe carries results alone.
"""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Self

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from headrace.checks import Check, CheckStatus, Layer
from headrace.errors import HeadraceError
from headrace.model import TableRun, TableState
from headrace.problems import Problem, WrongField
from headrace.values import Value

OK, FAILED, INTERRUPTED = 0, 1, 130
# EX_TEMPFAIL of sysexits.h: the same command may succeed later.
TRY_AGAIN = 75

_MARKS = {
    CheckStatus.PASSED: "[green]✓[/]",
    CheckStatus.FAILED: "[red]✗[/]",
    CheckStatus.WARNED: "[yellow]![/]",
    CheckStatus.SKIPPED: "[dim]–[/]",
}

_BELOW = " " * 12


def visible(text: object) -> str:
    """Text from elsewhere, with what would steer a terminal or break a line written out."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(text))


def out() -> Console:
    return Console(highlight=False, soft_wrap=True, emoji=False)


def err() -> Console:
    return Console(stderr=True, highlight=False, emoji=False)


@contextmanager
def reporting(as_json: bool) -> Iterator[None]:
    """Show an error as a problem (JSON) or as three lines, and exit with the code that fits."""
    try:
        yield
    except HeadraceError as error:
        show_error(error, as_json=as_json)
        raise typer.Exit(exit_code(retryable=error.transient)) from error
    except (KeyboardInterrupt, typer.Abort):
        raise typer.Exit(INTERRUPTED) from None


def exit_code(*, retryable: bool) -> int:
    return TRY_AGAIN if retryable else FAILED


def show_error(error: HeadraceError, *, as_json: bool) -> None:
    if as_json:
        print(Problem.of(error).model_dump_json(), file=sys.stderr)
        return
    console = err()
    console.print(f"[red]✗[/] [bold]{escape(error.kind.title)}[/] [dim]({error.code})[/]")
    console.print(f"  {escape(visible(error.detail))}", soft_wrap=True)
    for field in error.fields:
        console.print(
            f"  • {escape(visible(field.path))}: {escape(visible(field.message))}", soft_wrap=True
        )
    console.print(f"  [cyan]→[/] {escape(visible(error.hint))}", soft_wrap=True)


def print_json(value: Value | dict[str, Any]) -> None:
    print(
        value.model_dump_json() if isinstance(value, Value) else json.dumps(value, default=str),
        flush=True,
    )


class Checklist:
    """The checks as they are done; on a terminal also the layer that is being tested."""

    def __init__(self, console: Console, *, facts: bool) -> None:
        self._console = console
        self._facts = facts
        self._layers = iter(Layer)
        self._status = console.status("") if console.is_terminal else None

    def __enter__(self) -> Self:
        self._announce()
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def show(self, check: Check) -> None:
        show_check(self._console, check, facts=self._facts)
        self._announce()

    def _announce(self) -> None:
        layer = next(self._layers, None)
        if self._status is not None and layer is not None:
            self._status.update(f"[dim]{layer} …[/]")


def show_check(console: Console, check: Check, *, facts: bool) -> None:
    """What was found, the next step and what to copy for it; `facts` of passed layers too."""
    took = f" [dim]{check.milliseconds} ms[/]" if check.milliseconds else ""
    _tell(console, f"{_MARKS[check.status]} {check.layer:<9} ", check.found, after=took)
    if check.hint:
        _tell(console, f"{_BELOW}[cyan]→[/] ", check.hint)
    for copied in (check.copy_text or "").splitlines():
        console.print(f"{_BELOW}  [bold]{escape(visible(copied))}[/]")
    for option in filter(None, map(_in_url, check.fields)):
        console.print(f"{_BELOW}[dim]In the URL's options: {escape(visible(option))}[/]")
    for fact in check.facts if facts or check.status is not CheckStatus.PASSED else ():
        _tell(console, _BELOW, f"{fact.name}: {fact.value}", style="dim")
        if fact.advice and fact.advice != check.hint:
            _tell(console, f"{_BELOW}  [cyan]→[/] ", fact.advice)


def _tell(console: Console, front: str, text: str, *, style: str = "none", after: str = "") -> None:
    """A text behind its front: for a person in lines beside it, for a program in a single one."""
    plain, indent = visible(text), Text.from_markup(front).cell_len
    width = max(console.width - indent, 20) if console.is_terminal else len(plain) + 1
    lines = textwrap.wrap(plain, width, break_long_words=False, break_on_hyphens=False)
    told = f"\n{' ' * indent}".join(f"[{style}]{escape(line)}[/]" for line in lines)
    console.print(f"{front}{told}{after}")


# What the fields of a connection are called that are options of a URL, and what stands for a value.
_OPTIONS = {
    "connection.tls": ("sslmode", None),
    "connection.ca_certificate": ("sslrootcert", "FILE"),
}


def _in_url(field: WrongField) -> str | None:
    """The option that mends the field; None if there is none, or nobody knows its value."""
    option, stand_in = _OPTIONS.get(field.path, (None, None))
    value = field.suggestion or stand_in
    return f"{option}={value}" if option and value else None


def show_statements(console: Console, title: str, sql: str) -> None:
    """SQL below its title, to be copied as it stands."""
    console.print(f"[bold]{escape(title)}[/]")
    for line in sql.splitlines():
        console.print(escape(visible(line)))
    console.print()


def show_rows(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table for a person; lines with tabs between the fields for a program."""
    console = out()
    if not console.is_terminal:
        for row in rows:
            print("\t".join("" if cell is None else visible(cell) for cell in row))
        return
    table = Table(*titles, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(Text("" if cell is None else visible(cell)) for cell in row))
    console.print(table)


def show_tables(tables: Sequence[TableRun]) -> None:
    """How far a run came with each of its tables, which rows it took, and what is to be said."""
    show_rows(
        ("TABLE", "STATE", "ROWS", "ROWS/S", "CHUNKS", "DESTINATION", "WINDOW", "REMARKS"),
        (
            (
                str(table),
                table.state.value,
                f"{table.rows:,}",
                f"{table.rows_per_second:,.0f}",
                f"{table.chunks_done:,} of {table.chunks:,}" if table.chunks else None,
                f"{table.dataset}.{table.destination_table}",
                _window(table),
                " ".join(_remarks(table)),
            )
            for table in tables
        ),
    )


def _window(table: TableRun) -> str | None:
    window = table.window
    if window is None:
        return None
    by = ", ".join(window.cursor)
    if window.past:
        return f"{by}: taken again after {window.read_after}, up to {window.upto}"
    if window.upto is None:
        return f"{by}: nothing new" + (f" after {window.after}" if window.after else "")
    again = "" if window.read_after == window.after else f", read again from {window.read_after}"
    return f"{by}: after {window.after or 'the start'}, up to {window.upto}{again}"


def _remarks(table: TableRun) -> Iterator[str]:
    for column, count in table.unfit.items():
        yield f"{_number(count, 'value')} of {column} replaced by NULL."
    if table.window is not None and table.window.null_rows:
        by = ", ".join(table.window.cursor)
        yield f"{_number(table.window.null_rows, 'row')} without {by} not taken."
    if table.deleted:
        yield f"{_number(table.deleted, 'row')} found deleted."
    if table.sweep_bytes:
        yield f"{size(table.sweep_bytes)} received to look for deleted rows."
    if table.window is not None:
        yield from table.window.remarks


def _number(count: int, of: str) -> str:
    return f"{count:,} {of}{'' if count == 1 else 's'}"


def size(count: int | None) -> str | None:
    """Bytes in units that a person reads, as powers of 1,000."""
    if count is None:
        return None
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def moment(when: datetime | None) -> str | None:
    return when.astimezone().strftime("%Y-%m-%d %H:%M:%S") if when else None


class _Speed(ProgressColumn):
    """Rows per second, as measured by the run itself."""

    def render(self, task: Task) -> Text:
        speed = task.fields.get("speed") or 0
        return Text(f"{speed:,.0f} rows/s" if speed else "", style="dim")


class ExtractionBars:
    """A progress bar for each table that is being read. Silent if nobody watches."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            _Speed(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> ExtractionBars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, tables: Iterable[TableRun]) -> None:
        """Draw the tables as they stand; the estimate gives way to the truth when it is known."""
        for table in tables:
            name = str(table)
            done = table.state in (TableState.STAGED, TableState.PUBLISHED)
            if name not in self._tasks:
                self._tasks[name] = self._progress.add_task(escape(visible(name)), total=None)
            total = table.rows if done else max(table.estimated_rows or 0, table.rows) or None
            self._progress.update(
                self._tasks[name],
                completed=table.rows,
                total=total if total else (1 if done else None),
                speed=table.rows_per_second,
            )
