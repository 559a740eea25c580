# SPDX-License-Identifier: Apache-2.0
"""Series as line charts: results over time, growth over age."""

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal

import msgspec
from markupsafe import Markup

from wardkeep.base.clock import LONDON
from wardkeep.care.chart import Point, Series
from wardkeep.ui.charts.line import LineChart, LinePoint, draw_line
from wardkeep.ui.format import read_moment, show_date, show_moment

_TICKS = 5
_DAYS_A_YEAR, _MONTHS_A_YEAR = 365.25, 12
_BABY_YEARS = 2
GROWTH = (("29463-7", "Weight"), ("8302-2", "Height"), ("9843-4", "Head circumference"))
"""LOINC codes of what is charted over age."""


class Graph(msgspec.Struct, frozen=True, kw_only=True):
    """A series with its chart, and the newest first for its table."""

    series: Series
    chart: Markup
    rows: tuple[Point, ...]


def is_outside(series: Series, point: Point) -> bool:
    """Whether it was called abnormal, or lies outside the range of the newest."""
    low, high = series.low, series.high
    is_low = low is not None and point.value < low
    is_high = high is not None and point.value > high
    return bool(point.interpretation) or is_low or is_high


def over_time(series: Series) -> Graph:
    """One series by the calendar."""
    dated = [
        (at, one) for one in series.points if (at := _day_of(one.when)) is not None
    ]
    points = tuple(
        LinePoint(
            x=at,
            y=one.value,
            words=f"{show_moment(one.when)}: {one.value} {series.unit}",
            is_marked=is_outside(series, one),
        )
        for at, one in dated
    )
    chart = LineChart(
        title=_title(series, [one for _, one in dated]),
        unit=series.unit,
        points=points,
        ticks=_calendar([at for at, _ in dated]),
        low=series.low,
        high=series.high,
    )
    return Graph(
        series=series, chart=draw_line(chart), rows=tuple(reversed(series.points))
    )


def _title(series: Series, points: Sequence[Point]) -> str:
    if not points:
        return series.words
    return (
        f"{series.words}: {len(points)} values from {points[0].value} to"
        f" {points[-1].value} {series.unit}. The table below has them all."
    )


def _day_of(when: str) -> float | None:
    """Days since the year 1; None where no day is said."""
    moment = read_moment(when)
    if moment is None:
        try:
            moment = datetime.combine(date.fromisoformat(when), time(12), LONDON)
        except ValueError:
            return None
    share = (moment.hour * 60 + moment.minute) / (24 * 60)
    return moment.date().toordinal() + share


def _calendar(days: Sequence[float]) -> tuple[tuple[float, str], ...]:
    """Dates below the chart, evenly spread."""
    if not days:
        return ()
    first, last = min(days), max(days)
    steps = range(_TICKS) if last - first >= _TICKS else (0, _TICKS - 1)
    places = [first + (last - first) * step / (_TICKS - 1) for step in steps]
    shown = {show_date(date.fromordinal(int(one)).isoformat()): one for one in places}
    return tuple((at, words) for words, at in shown.items())


def over_age(series: Series, born: date) -> Graph:
    """One series by age: months for babies, years after."""
    dated = [
        ((at - born.toordinal()) / _DAYS_A_YEAR, one)
        for one in series.points
        if (at := _day_of(one.when)) is not None and at >= born.toordinal()
    ]
    oldest = max((age for age, _ in dated), default=0.0)
    by_month = oldest < _BABY_YEARS
    scale = _MONTHS_A_YEAR if by_month else 1
    unit = "months" if by_month else "years"
    points = tuple(
        LinePoint(
            x=age * scale,
            y=one.value,
            words=f"{age * scale:.1f} {unit}: {one.value} {series.unit}",
        )
        for age, one in dated
    )
    chart = LineChart(
        title=_title(series, [one for _, one in dated]),
        unit=series.unit,
        points=points,
        ticks=_ages([one.x for one in points], unit),
    )
    return Graph(
        series=series, chart=draw_line(chart), rows=tuple(reversed(series.points))
    )


def _ages(ages: Sequence[float], unit: str) -> tuple[tuple[float, str], ...]:
    if not ages:
        return ()
    first, last = min(ages), max(ages)
    places = [first + (last - first) * step / (_TICKS - 1) for step in range(_TICKS)]
    shown = {f"{one:.1f}".removesuffix(".0"): one for one in places}
    return tuple((at, f"{words} {unit}") for words, at in shown.items())


def number(value: Decimal | None) -> str:
    """A limit as it was written; empty without one."""
    return "" if value is None else str(value)
