"""What the demonstration tells its spectators."""

from __future__ import annotations

from rich.console import Console

console = Console(highlight=False, soft_wrap=True)

_steps = 0


def step(title: str, call: str = "") -> None:
    global _steps  # noqa: PLW0603
    _steps += 1
    console.print(f"\n[bold]{_steps}  {title}[/]  [dim]{call}[/]")


def say(text: str) -> None:
    console.print(f"    {text}", markup=False)


def show_agreement(agree: bool, text: str) -> None:
    mark = "[green]✓[/]" if agree else "[red]✗[/]"
    console.print(f"  {mark} {text}")
