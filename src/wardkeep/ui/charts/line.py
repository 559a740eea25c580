# SPDX-License-Identifier: Apache-2.0
"""A line chart of one measurement: values over time or age, with its normal range.

What lies outside the range is a square with its value beside it: not told by colour.
"""

from collections.abc import Iterator
from decimal import Decimal

import msgspec
from markupsafe import Markup, escape

_WIDTH, _HEIGHT = 720, 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 20, 18, 40
_LINES = 5
_MOST_WORDS = 12
"""Values that are written beside their points; more would lie over each other."""


class LinePoint(msgspec.Struct, frozen=True, kw_only=True):
    """A value, and where it stands from left to right."""

    x: float
    y: Decimal
    words: str
    """What a pointer that rests on it is told."""
    is_marked: bool = False


class LineChart(msgspec.Struct, frozen=True, kw_only=True):
    """What to draw."""

    title: str
    """For those who do not see it."""
    unit: str
    points: tuple[LinePoint, ...]
    ticks: tuple[tuple[float, str], ...]
    """Marks below, from left to right."""
    low: Decimal | None = None
    high: Decimal | None = None


class _Frame:
    """Turns values into places."""

    def __init__(self, chart: LineChart) -> None:
        xs = [one.x for one in chart.points]
        ys = [float(one.y) for one in chart.points]
        ys += [float(one) for one in (chart.low, chart.high) if one is not None]
        self.left, right = min(xs), max(xs)
        self.wide = (right - self.left) or 1.0
        spare = (max(ys) - min(ys)) * 0.08 or abs(max(ys)) * 0.1 or 1.0
        self.bottom, self.top = min(ys) - spare, max(ys) + spare

    def x(self, value: float) -> float:
        share = (value - self.left) / self.wide
        return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)

    def y(self, value: float) -> float:
        share = (value - self.bottom) / (self.top - self.bottom)
        return round(_HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM), 1)


def draw_line(chart: LineChart) -> Markup:
    """The chart as SVG; empty without a point."""
    if not chart.points:
        return Markup("")
    frame = _Frame(chart)
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
        f' role="img" aria-label="{escape(chart.title)}">'
    )
    parts = (
        opening,
        *_band(chart, frame),
        *_grid(chart, frame),
        *_line(chart, frame),
        *_dots(chart, frame),
        "</svg>",
    )
    return Markup("".join(parts))  # noqa: S704 - every text was escaped


def _band(chart: LineChart, frame: _Frame) -> Iterator[str]:
    if chart.low is None and chart.high is None:
        return
    top = frame.y(frame.top if chart.high is None else float(chart.high))
    bottom = frame.y(frame.bottom if chart.low is None else float(chart.low))
    wide = _WIDTH - _LEFT - _RIGHT
    yield (
        f'<rect class="c-band" x="{_LEFT}" y="{top}" width="{wide}"'
        f' height="{max(1.0, round(bottom - top, 1))}"/>'
    )


def _grid(chart: LineChart, frame: _Frame) -> Iterator[str]:
    span = frame.top - frame.bottom
    places = max(0, 1 - len(str(int(span))) + (span < _LINES))
    for number in range(_LINES):
        value = frame.bottom + span * number / (_LINES - 1)
        y = frame.y(value)
        ends = f'x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}"'
        yield f'<line class="c-grid" {ends}/>'
        yield _text(_LEFT - 8, y + 4, f"{value:.{places}f}", "c-axis", "end")
    yield _text(8, 12, chart.unit, "c-head", "start")
    last = len(chart.ticks) - 1
    for place, (at, words) in enumerate(chart.ticks):
        anchor = "end" if place == last and place else "middle"
        yield _text(frame.x(at), _HEIGHT - 14, words, "c-axis", anchor)


def _text(x: float, y: float, words: str, kind: str, anchor: str) -> str:
    place = f'x="{round(x, 1)}" y="{round(y, 1)}" class="{kind}" text-anchor="{anchor}"'
    return f"<text {place}>{escape(words)}</text>"


def _line(chart: LineChart, frame: _Frame) -> Iterator[str]:
    if len(chart.points) > 1:
        places = " ".join(
            f"{frame.x(one.x)},{frame.y(float(one.y))}" for one in chart.points
        )
        yield f'<polyline class="c-line" points="{places}"/>'


def _dots(chart: LineChart, frame: _Frame) -> Iterator[str]:
    has_words = len(chart.points) <= _MOST_WORDS
    for one in chart.points:
        x, y = frame.x(one.x), frame.y(float(one.y))
        title = f"<title>{escape(one.words)}</title>"
        if one.is_marked:
            yield (
                f'<rect class="c-mark" x="{x - 5}" y="{y - 5}" width="10" height="10">'
                f"{title}</rect>"
            )
        else:
            yield f'<circle class="c-dot" cx="{x}" cy="{y}" r="4">{title}</circle>'
        if has_words or one.is_marked:
            anchor = "end" if x > _WIDTH - _RIGHT - 30 else "middle"
            yield _text(x, y - 9, str(one.y), "c-value", anchor)
