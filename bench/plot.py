"""The results as a picture: a panel a table, a bar a reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Protocol

WIDTH = 920
_PANEL = WIDTH // 2
_TOP, _BAR, _STEP, _HEAD = 62, 16, 24, 44
_LEFT, _ROOM = 104, 220  # where bars begin in a panel, and how long the longest is
_LONGEST = 6.0  # times the limit; a longer bar is cut, and says so

_STYLE = """\
text { font: 12px system-ui, sans-serif; fill: #1b2733 }
.s { fill: #51606f } .r { text-anchor: end } .o { font-weight: 600 }
.h { font-size: 15px; font-weight: 600 } .t { font-size: 17px; font-weight: 600 }
.bg { fill: #ffffff; stroke: #d5dbe1 }
.n { fill: #b4bec8 } .b { fill: #2f6fb5 } .l { fill: #51606f }
.one { stroke: #51606f; stroke-dasharray: 3 3 } .cut { stroke: #ffffff; stroke-width: 3 }
"""


class Bar(Protocol):
    """What is drawn of a reader."""

    @property
    def title(self) -> str: ...
    @property
    def wall(self) -> float: ...
    @property
    def ratio(self) -> float: ...
    @property
    def failed(self) -> bool: ...


def plot(panels: Mapping[str, Sequence[Bar]]) -> str:
    """An SVG document with its own background, so that it can be read on any."""
    drawn, y = [], _TOP
    titles = list(panels)
    for row in range(0, len(titles), 2):
        pair = titles[row : row + 2]
        for column, title in enumerate(pair):
            drawn.append(
                f'<g transform="translate({column * _PANEL} {y})">'
                f"{_panel(title, panels[title])}</g>"
            )
        y += _HEAD + _STEP * max(len(panels[title]) for title in pair)
    height = y + 6
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        'aria-label="Time to read each table by reader, as a multiple of the limit">\n'
        f"<style>\n{_STYLE}</style>\n"
        f'<rect class="bg" x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1}" rx="12"/>\n'
        '<text class="t" x="24" y="34">Reading a table into Parquet</text>'
        f'<text class="s r" x="{WIDTH - 24}" y="34">seconds, and × the time that the server takes '
        "to send it; shorter is better</text>\n" + "\n".join(drawn) + "\n</svg>\n"
    )


def _panel(title: str, bars: Sequence[Bar]) -> str:
    unit = _ROOM / _LONGEST
    one = _LEFT + unit
    parts = [
        f'<text class="h" x="24" y="20">{escape(title)}</text>',
        f'<line class="one" x1="{one:.1f}" x2="{one:.1f}" y1="30"'
        f' y2="{_HEAD + _STEP * len(bars) - 14}"/>',
    ]
    for index, bar in enumerate(bars):
        parts.append(_bar(bar, _HEAD + _STEP * index - 8, unit))
    return "".join(parts)


def _bar(bar: Bar, y: int, unit: float) -> str:
    ours = bar.title == "Headrace"
    middle = y + 12.5
    name = f'<text class="r{" o" if ours else ""}" x="{_LEFT - 8}" y="{middle}">{bar.title}</text>'
    if bar.failed:
        return f'{name}<text class="s" x="{_LEFT + 4}" y="{middle}">fails</text>'
    length = unit * min(bar.ratio, _LONGEST)
    colour = "b" if ours else "l" if bar.title == "limit" else "n"
    shape = (
        f'<rect class="{colour}" x="{_LEFT}" y="{y}" width="{length:.1f}" height="{_BAR}" rx="2"/>'
    )
    if bar.ratio > _LONGEST:
        at = _LEFT + length - 16
        shape += f'<line class="cut" x1="{at}" y1="{y + _BAR + 2}" x2="{at + 6}" y2="{y - 2}"/>'
    figures = f"{bar.wall:,.1f} s" + ("" if bar.title == "limit" else f" · {bar.ratio:.2f} ×")
    return (
        f'{name}{shape}<text class="s{" o" if ours else ""}" x="{_LEFT + length + 6:.1f}"'
        f' y="{middle}">{figures}</text>'
    )
