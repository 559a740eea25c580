# SPDX-License-Identifier: Apache-2.0
"""The report of a day, a week or a month: every item with its numbers, and as CSV.

For whoever answers for the service, who opens no record. Numbers of one to four are
hidden as in published data, and so is what they could be reckoned from in one line.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.responses import Response

from wardkeep.apps.urgent_figures.opening import REPORT, REPORTERS
from wardkeep.apps.urgent_figures.showing import (
    FEW,
    Line,
    day_words,
    groups_of,
    hour_words,
    lines_of,
    number_words,
)
from wardkeep.base.spreadsheet import csv_text
from wardkeep.base.time_of_day import in_london, time_of_day
from wardkeep.care.opening import opener_of
from wardkeep.fhir.urgent.figures.days import (
    Day,
    DayFigures,
    Figures,
    Progress,
    total_of,
)
from wardkeep.fhir.urgent.figures.items import ITEMS
from wardkeep.fhir.urgent.figures.spans import Span, month_of, span_of_days, week_of
from wardkeep.ui.charts.bars import Bar, BarChart, draw_bars
from wardkeep.web.live import Signal
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

DAY, WEEK, MONTH = "day", "week", "month"
LENGTHS = ((DAY, "Day"), (WEEK, "Week"), (MONTH, "Month"))
_EARLIEST = date(2021, 4, 1)
"""Before it no item of the list is counted."""
_PATIENCE_SECONDS = 2.0
"""How long one stands before a page that says nothing; then it says how far it is."""
_LOOKED_AT_SECONDS = 1.0
"""How often one that is under way is asked how far it is: each time with a beat."""
ANSWERED = "calls-answered"
"""The item that the chart draws."""
NO_SUCH_DAY = Trouble(
    status=422,
    title="There is no report for that day",
    why="A report is made for a day, week or month from 1 April 2021 until today.",
    mend="Go back, and choose a day as in 2026-11-29.",
)
COLUMNS = (
    *("from", "to", "is_over", "item", "group", "words", "measure", "numerator"),
    *("denominator", "still_open", "value", "standard", "result", "notes"),
    "collection_item",
)


class Asked(NamedTuple):
    """What a report is about."""

    length: str
    first: date
    last: date

    @property
    def span(self) -> Span:
        return span_of_days(self.first, self.last)

    @property
    def words(self) -> str:
        if self.length == DAY:
            return day_words(self.first)
        if self.length == MONTH:
            return f"{self.first:%B %Y}"
        return f"{day_words(self.first)} to {day_words(self.last)}"

    @property
    def parts(self) -> dict[str, str]:
        return {"of": self.length, "on": self.first.isoformat()}

    @property
    def query(self) -> str:
        return urlencode(self.parts)

    def at(self, day: date) -> "Asked":
        return asked_for(self.length, day)


def asked_for(length: str, day: date) -> Asked:
    """The day, or the week or month in which it lies."""
    if length == WEEK:
        return Asked(WEEK, *week_of(day))
    return Asked(MONTH, *month_of(day)) if length == MONTH else Asked(DAY, day, day)


class UnderWay(NamedTuple):
    """A week or month that is being counted, whether anybody waits for it or not."""

    asked: Asked
    progress: Progress


class Report(NamedTuple):
    """What came of it."""

    asked: Asked
    lines: list[Line]
    chart: Markup
    now: datetime

    @property
    def is_over(self) -> bool:
        return self.now >= self.asked.span.until


def _hears(_visit: Visit) -> Signal:
    """Nobody is told how far it is: a part that asks, so that the page stays."""
    return Signal(every_seconds=_LOOKED_AT_SECONDS)


@page(f"{REPORT}/counting", gate=REPORTERS, hears=_hears)
async def show_counting(visit: Visit) -> Response:
    asked = asked_in(visit.query("of"), visit.query("on"), visit.today)
    if asked is None:
        return visit.tell(NO_SUCH_DAY)
    live = visit.live(show_counting, **asked.parts)
    found = _under_way(visit, asked)
    return visit.part(live, "urgent_figures/under_way_part.html", found=found)


@page(REPORT, gate=REPORTERS)
async def show_report(visit: Visit) -> Response:
    found = await _report(visit)
    if found is None:
        return visit.tell(NO_SUCH_DAY)
    if isinstance(found, UnderWay):
        return visit.render(
            "urgent_figures/under_way.html",
            found=found,
            live=visit.live(show_counting, **found.asked.parts),
            leads=visit.session.role == "shift_lead",
        )
    asked, today = found.asked, visit.today
    before, after = _beside(asked)
    return visit.render(
        "urgent_figures/report.html",
        asked=asked,
        is_over=found.is_over,
        made_at=f"{time_of_day(found.now)} on {in_london(found.now):%-d %B %Y}",
        groups=list(groups_of([one for one in found.lines if one.told])),
        cannot=[one.item for one in found.lines if not one.told],
        chart=found.chart,
        lengths=[(one, words, asked_for(one, asked.first)) for one, words in LENGTHS],
        before=before if before.last >= _EARLIEST else None,
        after=after if after.first <= today else None,
        today=today.isoformat(),
        source=ITEMS.source,
        read=ITEMS.read,
        version=ITEMS.version,
        leads=visit.session.role == "shift_lead",
        few=FEW,
    )


@page(f"{REPORT}.csv", gate=REPORTERS)
async def take_report(visit: Visit) -> Response:
    found = await _report(visit)
    if found is None:
        return visit.tell(NO_SUCH_DAY)
    asked = found.asked
    if isinstance(found, UnderWay):
        return visit.go_to(f"{REPORT}?{asked.query}")
    name = f"urgent-care-{asked.length}-{asked.first.isoformat()}.csv"
    return Response(
        csv_text(COLUMNS, rows_of(found)),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def rows_of(found: Report) -> Iterator[list[str]]:
    """A line each item; those that are not counted say why among the notes."""
    asked = found.asked
    head = [
        asked.first.isoformat(),
        asked.last.isoformat(),
        "yes" if found.is_over else "no",
    ]
    for line in found.lines:
        one = line.item
        what = [*head, one.id, one.group, one.words, str(one.measure)]
        if not line.told:
            why = one.cannot or one.silent
            yield [*what, "", "", "", "", one.standard, "not counted", why, one.adc]
            continue
        [told] = line.told
        yield [
            *(*what, told.met, told.of, told.pending, told.share),
            *(one.standard, told.result.words, one.notes, one.adc),
        ]


def asked_in(length: str, on: str, today: date) -> Asked | None:
    """What an address asks for, yesterday where it does not; None: there is no such."""
    try:
        day = date.fromisoformat(on) if on else today - timedelta(days=1)
    except ValueError:
        return None
    if length not in (DAY, WEEK, MONTH, "") or not _EARLIEST <= day <= today:
        return None
    return asked_for(length or DAY, day)


async def _report(visit: Visit) -> Report | UnderWay | None:
    asked = asked_in(visit.query("of"), visit.query("on"), visit.today)
    if asked is None:
        return None
    organisation, counts = opener_of(visit).organisation, visit.services[DayFigures]
    if asked.length == DAY:
        return made(await counts.of_day(organisation, asked.first), asked)
    days = await counts.of_days(
        organisation, asked.first, asked.last, seconds=_PATIENCE_SECONDS
    )
    whole = (asked.last - asked.first).days + 1
    if len(days) < whole:
        return _under_way(visit, asked)
    return made_of_days(days, asked)


def _under_way(visit: Visit, asked: Asked) -> UnderWay:
    organisation, counts = opener_of(visit).organisation, visit.services[DayFigures]
    return UnderWay(asked, counts.progress(organisation, asked.first, asked.last))


def made(day: Day, asked: Asked) -> Report:
    """A day's report, of everything that happened in it."""
    hours = day.hours
    answered = [(hour_words(one.since, hours), one.answered) for one in hours]
    return _report_of(asked, day.figures, answered, day.at)


def made_of_days(days: Sequence[tuple[date, Day]], asked: Asked) -> Report:
    """A week's or a month's, which its days add up to: as old as its oldest day."""
    answered = [
        (f"{day:%-d %b}", one.figures[ANSWERED].met if ANSWERED in one.figures else 0)
        for day, one in days
    ]
    oldest = min(one.at for _, one in days)
    return _report_of(asked, total_of(days), answered, oldest)


def _report_of(
    asked: Asked,
    figures: Figures,
    answered: Sequence[tuple[str, int]],
    now: datetime,
) -> Report:
    items = [one for one in ITEMS.item if one.holds_on(asked.first)]
    lines = lines_of(items, [figures], hides=True)
    return Report(asked, lines, _chart(answered), now)


def _beside(asked: Asked) -> tuple[Asked, Asked]:
    """The one before and the one after."""
    one = timedelta(days=1)
    return asked.at(asked.first - one), asked.at(asked.last + one)


def _chart(answered: Sequence[tuple[str, int]]) -> Markup:
    """Cases begun, hour by hour of a day and else day by day."""
    bars = []
    for label, number in answered:
        told = number_words(number, hides=True)
        shown = 0 if told == FEW else number
        bars.append(Bar(label=label, value=shown, words=f"{label}: {told}"))
    return draw_bars(
        BarChart(
            title="Cases begun; numbers of one to four are not drawn",
            unit="Cases begun",
            bars=tuple(bars),
        )
    )
