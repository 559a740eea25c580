# SPDX-License-Identifier: Apache-2.0
"""A bar chart of counts: one bar each hour or day, with its number above it."""

from collections.abc import Iterator

import msgspec
from markupsafe import Markup, escape

_WIDTH, _HEIGHT = 720, 210
_LEFT, _RIGHT, _TOP, _BOTTOM = 36, 8, 30, 24
_MOST_WORDS = 26
"""Bars that say their number; more would lie over each other."""
_GAP = 0.22
_LABELS = 13
"""Words below that do not lie over each other."""


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One count."""

    label: str
    """Below it."""
    value: int
    words: str
    """What a pointer that rests on it is told."""


class BarChart(msgspec.Struct, frozen=True, kw_only=True):
    """What to draw."""

    title: str
    """For those who do not see it."""
    unit: str
    bars: tuple[Bar, ...]


def draw_bars(chart: BarChart) -> Markup:
    """The chart as SVG; empty without a bar."""
    if not chart.bars:
        return Markup("")
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
        f' role="img" aria-label="{escape(chart.title)}">'
    )
    floor = _HEIGHT - _BOTTOM
    ends = f'x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{floor}" y2="{floor}"'
    parts = (
        opening,
        _text(_LEFT, 14, chart.unit, "c-head", "start"),
        f'<line class="c-grid" {ends}/>',
        *_bars(chart),
        "</svg>",
    )
    return Markup("".join(parts))  # noqa: S704 - every text was escaped


def _bars(chart: BarChart) -> Iterator[str]:
    most = max(one.value for one in chart.bars) or 1
    step = (_WIDTH - _LEFT - _RIGHT) / len(chart.bars)
    every = -(-len(chart.bars) // _LABELS)
    floor = _HEIGHT - _BOTTOM
    for place, one in enumerate(chart.bars):
        x = _LEFT + place * step
        middle = round(x + step / 2, 1)
        yield f"<g><title>{escape(one.words)}</title>"
        yield _bar(x, step, one.value / most)
        yield "</g>"
        if len(chart.bars) <= _MOST_WORDS and one.value:
            top = floor - one.value / most * (floor - _TOP)
            yield _text(middle, top - 4, str(one.value), "c-value", "middle")
        if place % every == 0:
            yield _text(middle, floor + 14, one.label, "c-axis", "middle")


def _bar(x: float, step: float, share: float) -> str:
    gap, floor = step * _GAP, _HEIGHT - _BOTTOM
    tall = round(share * (floor - _TOP), 1)
    return (
        f'<rect class="c-bar" x="{round(x + gap / 2, 1)}" y="{round(floor - tall, 1)}"'
        f' width="{round(step - gap, 1)}" height="{tall}"/>'
    )


def _text(x: float, y: float, words: str, kind: str, anchor: str) -> str:
    place = f'x="{round(x, 1)}" y="{round(y, 1)}" class="{kind}" text-anchor="{anchor}"'
    return f"<text {place}>{escape(words)}</text>"
