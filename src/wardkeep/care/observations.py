# SPDX-License-Identifier: Apache-2.0
"""Observations as charts: NEWS2 from sets of vital signs, trends from series."""

from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec
from markupsafe import Markup

from wardkeep.base.news2 import (
    Measured,
    Response,
    Score,
    Unfit,
    response_to,
    score_news2,
    unscored,
)
from wardkeep.care.chart import Chart, Series
from wardkeep.care.pregnancy import unfit_at
from wardkeep.care.vital_signs import VitalSet
from wardkeep.ui.charts.news2 import ChartCell, ChartRow, News2Chart
from wardkeep.ui.charts.trend import draw_trend
from wardkeep.ui.format import show_date, show_time

MOST_SERIES = 24
_ALERT = "alert"
ROWS: tuple[tuple[str, str, str], ...] = (
    ("respiration_rate", "Respiration rate", "/min"),
    ("oxygen_saturation", "Oxygen saturation", "%"),
    ("is_on_oxygen", "Air or oxygen", ""),
    ("systolic", "Systolic pressure", "mmHg"),
    ("pulse", "Pulse", "/min"),
    ("is_alert", "Consciousness", "ACVPU"),
    ("temperature", "Temperature", "°C"),
)


class Trend(msgspec.Struct, frozen=True):
    """A measurement with its line."""

    series: Series
    line: Markup


def score(one: VitalSet, *, is_scale_2: bool, unfit: Unfit | None = None) -> Score:
    """NEWS2 of one set; nothing of it for somebody whom it is not for."""
    if unfit is not None:
        return unscored(unfit)
    level = one.consciousness
    return score_news2(
        Measured(
            respiration_rate=one.respiration_rate,
            oxygen_saturation=one.oxygen_saturation,
            is_on_oxygen=one.is_on_oxygen,
            systolic=one.systolic,
            pulse=one.pulse,
            is_alert=None if level is None else level.casefold() == _ALERT,
            temperature=one.temperature,
        ),
        is_scale_2=is_scale_2,
    )


def scale_of(one: VitalSet, by_record: bool) -> bool:  # noqa: FBT001 - a fallback
    """Whether a set counts by scale 2: what was said with it, else by the record."""
    return by_record if one.is_scale_2 is None else one.is_scale_2


def scored(one: VitalSet, chart: Chart) -> Score:
    """NEWS2 of one set of a record."""
    return score(
        one,
        is_scale_2=scale_of(one, chart.is_spo2_scale_2),
        unfit=unfit_at(one.when, chart.patient.birth_date, chart.pregnancies),
    )


def news2_chart(chart: Chart) -> News2Chart | None:
    """The chart of every set; None where there is none."""
    sets = chart.vital_sets
    if not sets:
        return None
    scores = [scored(one, chart) for one in sets]
    return News2Chart(
        days=tuple(show_date(one.when)[:6] for one in sets),
        times=tuple(show_time(one.when) for one in sets),
        rows=tuple(_row(one, sets, scores) for one in ROWS),
        totals=tuple(ChartCell(_total_words(one), one.total) for one in scores),
    )


def _total_words(one: Score) -> str:
    if one.unfit is not None:
        return "None"
    return "" if one.total is None else str(one.total)


def _row(
    parameter: tuple[str, str, str], sets: Sequence[VitalSet], scores: Sequence[Score]
) -> ChartRow:
    name, words, unit = parameter
    show = _SHOWN.get(name, _number)
    return ChartRow(
        words=words,
        unit=unit,
        cells=tuple(
            ChartCell(show(name, one), scored.by_parameter.get(name))
            for one, scored in zip(sets, scores, strict=True)
        ),
    )


def _number(name: str, one: VitalSet) -> str:
    value: Decimal | None = getattr(one, name)
    return "" if value is None else str(value)


def _oxygen(_name: str, one: VitalSet) -> str:
    if one.is_on_oxygen is None:
        return ""
    return "Oxygen" if one.is_on_oxygen else "Air"


def _level(_name: str, one: VitalSet) -> str:
    """A, C, V, P or U."""
    words = (one.consciousness or "").casefold()
    return next((letter for part, letter in _LEVELS if part in words), "")


_LEVELS = (
    ("confusion", "C"),
    ("alert", "A"),
    ("voice", "V"),
    ("pain", "P"),
    ("unresponsive", "U"),
)
_SHOWN: dict[str, Callable[[str, VitalSet], str]] = {
    "is_on_oxygen": _oxygen,
    "is_alert": _level,
}


class Latest(msgspec.Struct, frozen=True, kw_only=True):
    """The newest set's result in words."""

    when: str
    total: int | None
    risk: str
    response: Response | None
    is_scale_2: bool
    missing: tuple[str, ...]
    unfit: str = ""
    """Why it is not scored, where the score is not for this person."""


def news2_latest(chart: Chart) -> Latest | None:
    """What the newest set says; None where there is none."""
    if not chart.vital_sets:
        return None
    newest = chart.vital_sets[-1]
    is_scale_2 = scale_of(newest, chart.is_spo2_scale_2)
    found = scored(newest, chart)
    names = {name: words for name, words, _ in ROWS}
    return Latest(
        when=newest.when,
        total=found.total,
        risk=found.risk.value if found.risk else "",
        response=response_to(found),
        is_scale_2=is_scale_2,
        missing=tuple(names[name] for name in found.missing),
        unfit=found.unfit.value if found.unfit else "",
    )


def trends(series: Sequence[Series]) -> list[Trend]:
    """The measurements most recently made, each with its line."""
    return [
        Trend(
            one,
            draw_trend(
                [point.value for point in one.points],
                words=one.words,
                low=one.low,
                high=one.high,
            ),
        )
        for one in series[:MOST_SERIES]
    ]
