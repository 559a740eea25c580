# SPDX-License-Identifier: Apache-2.0
"""One scale over time: its graph, a table, and two dates held against each other.

Done means: I see where somebody was a year ago, and which question it was that changed.
Rejected: colouring by better and worse (of some scales more is better, of others less,
and no extension says which).
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import msgspec
from starlette.responses import Response

from wardkeep.apps.assessments.opening import Whole
from wardkeep.apps.assessments.overview import answered_by
from wardkeep.base.clock import LONDON
from wardkeep.base.ids import is_fhir_id
from wardkeep.care.of_patient import READERS, banner_for
from wardkeep.ui.charts.line import LineChart, LinePoint, draw_line
from wardkeep.ui.format import read_moment, show_date, show_moment
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

_MINUTES_A_DAY = 24 * 60
_TICKS = 4


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A question, and what was answered at two times."""

    words: str
    earlier: str
    later: str
    points: str
    """By how much it counts more or less, signed; empty: alike, or nothing."""

    @property
    def is_same(self) -> bool:
        return self.earlier == self.later


@page("/patients/{id}/assessments/of/{questionnaire}", gate=READERS)
async def show_scale(visit: Visit) -> Response:
    wanted = visit.path("questionnaire")
    if not is_fhir_id(wanted):
        return visit.tell(NOT_FOUND)
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    found = await answered_by(visit)
    if isinstance(found, Response):
        return found
    group = [
        one
        for one in found[1]
        if one.one.asked and one.one.asked.id == wanted and not one.one.is_wrong
    ]
    if not group:
        return visit.tell(NOT_FOUND)
    later = _chosen(visit, "later", group) or group[0]
    earlier = _chosen(visit, "earlier", group) or _before(later, group)
    return visit.render(
        "assessments/scale.html",
        id=visit.path("id"),
        banner=banner,
        questionnaire=wanted,
        group=group,
        chart=draw_line(chart_of(group)),
        later=later,
        earlier=earlier,
        differences=differences_of(earlier, later) if earlier else (),
    )


def _chosen(visit: Visit, name: str, group: Sequence[Whole]) -> Whole | None:
    return next((one for one in group if one.one.id == visit.query(name)), None)


def _before(later: Whole, group: Sequence[Whole]) -> Whole | None:
    """The one before it; None where it is the first."""
    rest = list(group)[list(group).index(later) + 1 :]
    return rest[0] if rest else None


def differences_of(earlier: Whole, later: Whole) -> tuple[Difference, ...]:
    """Every question that either answers, in the order of the later one.

    By linkId: a question that was written anew in a later version is the same one.
    """
    before = {one.link: one for one in earlier.parts if not one.is_heading}
    after = {one.link: one for one in later.parts if not one.is_heading}
    weights = weights_in(earlier), weights_in(later)
    return tuple(
        Difference(
            words=(after.get(link) or before[link]).words,
            earlier=before[link].answer if link in before else "",
            later=after[link].answer if link in after else "",
            points=change_in(weights, link),
        )
        for link in {**after, **before}
    )


def weights_in(whole: Whole) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for link, given in whole.answers.items():
        chosen = [one.option.weight for one in given if one.option is not None]
        counted = [one for one in chosen if one is not None]
        if counted:
            found[link] = sum(counted, Decimal(0))
    return found


def change_in(weights: tuple[dict[str, Decimal], dict[str, Decimal]], link: str) -> str:
    earlier, later = weights
    if link not in earlier or link not in later or earlier[link] == later[link]:
        return ""
    return f"{later[link] - earlier[link]:+}".replace("-", "\u2212")


def chart_of(group: Sequence[Whole]) -> LineChart:
    """Totals by the calendar; marked are those outside the usual band."""
    points = []
    for whole in reversed(group):
        moment, result = read_moment(whole.one.answered), whole.result
        if moment is None or result is None or result.total is None:
            continue
        here = moment.astimezone(LONDON)
        day = here.toordinal() + (here.hour * 60 + here.minute) / _MINUTES_A_DAY
        band = result.band
        called = f", {band.words}" if band else ""
        points.append(
            LinePoint(
                x=day,
                y=result.total,
                words=f"{show_moment(whole.one.answered)}: {result.total}{called}",
                is_marked=band is not None and not band.is_usual,
            )
        )
    days = [one.x for one in points]
    return LineChart(
        title=f"{group[0].title}: {len(points)} totals. The table below has them all.",
        unit="total",
        points=tuple(points),
        ticks=_ticks(days),
    )


def _ticks(days: Sequence[float]) -> tuple[tuple[float, str], ...]:
    if not days:
        return ()
    first, last = min(days), max(days)
    places = [first + (last - first) * step / (_TICKS - 1) for step in range(_TICKS)]
    shown = {_day(one): one for one in places}
    return tuple((at, words) for words, at in shown.items())


def _day(ordinal: float) -> str:
    return show_date(date.fromordinal(int(ordinal)).isoformat())
