"""The lines of a run's log, for people and for programs."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from headrace.run_log import LogLine, Severity
from headrace.terminal import moment, visible

_STYLES = {
    Severity.DEFAULT: "",
    Severity.DEBUG: "dim",
    Severity.INFO: "",
    Severity.NOTICE: "cyan",
    Severity.WARNING: "yellow",
    Severity.ERROR: "red",
    Severity.CRITICAL: "bold red",
    Severity.ALERT: "bold red",
    Severity.EMERGENCY: "bold red",
}
_WIDTH = max(map(len, Severity))


def show_line(console: Console, line: LogLine) -> None:
    """On a terminal coloured by severity; for a program with tabs between the fields."""
    if console.is_terminal:
        console.print(_coloured(line), soft_wrap=True)
        return
    fields = (moment(line.time) or "", line.severity, line.table or "", line.chunk or "")
    written = ["\t".join(map(visible, (*fields, line.message))), *_below(line)]
    console.file.write("".join(f"{one}\n" for one in written))  # rich would expand the tabs
    console.file.flush()


def _coloured(line: LogLine) -> Text:
    style = _STYLES[line.severity]
    where = f"{line.table} chunk {line.chunk}" if line.chunk else line.table
    said = Text.assemble(
        (f"{moment(line.time) or '':<19} ", "dim"),
        (f"{line.severity:<{_WIDTH}} ", style),
        (f"{visible(where)}: " if where else "", "bold"),
        (visible(line.message), style),
    )
    for below in _below(line):
        said.append(f"\n{below}", "dim")
    return said


def _below(line: LogLine) -> list[str]:
    return [f"    {visible(one)}" for one in (line.exception or "").splitlines()]
