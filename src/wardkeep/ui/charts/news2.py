# SPDX-License-Identifier: Apache-2.0
"""The NEWS2 chart: seven rows of values with their scores, and the total."""

from collections.abc import Iterator

import msgspec
from markupsafe import Markup, escape

_LEFT, _TOP, _COLUMN, _ROW = 170, 46, 74, 34
_MOST_COLUMNS = 24


class ChartCell(msgspec.Struct, frozen=True):
    """A value as shown and its score; both empty where it was not measured."""

    value: str
    score: int | None


class ChartRow(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter over time."""

    words: str
    unit: str
    cells: tuple[ChartCell, ...]


class News2Chart(msgspec.Struct, frozen=True, kw_only=True):
    """The chart's columns, the oldest first."""

    days: tuple[str, ...]
    times: tuple[str, ...]
    rows: tuple[ChartRow, ...]
    totals: tuple[ChartCell, ...]
    """The total of each set; empty where something was not measured."""

    def newest(self) -> "News2Chart":
        """The last columns that fit on a page."""
        keep = slice(-_MOST_COLUMNS, None)
        return News2Chart(
            days=self.days[keep],
            times=self.times[keep],
            rows=tuple(
                msgspec.structs.replace(row, cells=row.cells[keep]) for row in self.rows
            ),
            totals=self.totals[keep],
        )


def draw_news2(chart: News2Chart) -> Markup:
    """The chart as SVG; its title says what it shows to those who do not see it."""
    shown = chart.newest()
    width = _LEFT + _COLUMN * len(shown.times) + 10
    height = _TOP + _ROW * (len(shown.rows) + 1) + 12
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
            ' role="img" aria-labelledby="news2-title">'
        ),
        (
            '<title id="news2-title">NEWS2 observations chart, newest on the right.'
            " The table below has the same numbers.</title>"
        ),
        *_heads(shown),
        *_rows(shown),
        *_totals(shown),
        "</svg>",
    ]
    return Markup("".join(parts))  # noqa: S704 - every text was escaped


def _x(column: int) -> int:
    return _LEFT + column * _COLUMN


def _text(x: int, y: int, words: str, kind: str, anchor: str = "middle") -> str:
    place = f'x="{x}" y="{y}" class="{kind}" text-anchor="{anchor}"'
    return f"<text {place}>{escape(words)}</text>"


def _heads(chart: News2Chart) -> Iterator[str]:
    before = ""
    for column, (day, time) in enumerate(zip(chart.days, chart.times, strict=True)):
        middle = _x(column) + _COLUMN // 2
        if day != before:
            yield _text(middle, 16, day, "c-head")
        yield _text(middle, 34, time, "c-axis")
        before = day


def _rows(chart: News2Chart) -> Iterator[str]:
    for number, row in enumerate(chart.rows):
        top = _TOP + number * _ROW
        yield _text(8, top + 22, f"{row.words} {row.unit}".strip(), "c-head", "start")
        for column, cell in enumerate(row.cells):
            yield from _cell(_x(column), top, cell)


def _cell(x: int, top: int, cell: ChartCell) -> Iterator[str]:
    kind = "c-none" if cell.score is None else f"c-s{cell.score}"
    yield (
        f'<rect x="{x}" y="{top}" width="{_COLUMN}" height="{_ROW}"'
        f' class="{kind}" stroke="#c8d2d6"/>'
    )
    yield _text(x + _COLUMN // 2 - 6, top + 22, cell.value or "–", "c-value")
    if cell.score is not None:
        yield _text(x + _COLUMN - 6, top + 13, str(cell.score), "c-score", "end")


def _totals(chart: News2Chart) -> Iterator[str]:
    top = _TOP + len(chart.rows) * _ROW
    yield _text(8, top + 24, "NEWS2 total", "c-head", "start")
    for column, cell in enumerate(chart.totals):
        yield (
            f'<rect x="{_x(column)}" y="{top}" width="{_COLUMN}" height="{_ROW + 4}"'
            f' class="{_total_kind(cell.score)}" stroke="#1d2b36"/>'
        )
        middle = _x(column) + _COLUMN // 2
        yield _text(middle, top + 25, cell.value or "gap", "c-total")


_MEDIUM_FROM, _HIGH_FROM = 5, 7


def _total_kind(total: int | None) -> str:
    if total is None:
        return "c-none"
    if total >= _HIGH_FROM:
        return "c-s3"
    if total >= _MEDIUM_FROM:
        return "c-s2"
    return "c-s1" if total else "c-s0"
