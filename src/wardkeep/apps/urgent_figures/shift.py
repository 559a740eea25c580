# SPDX-License-Identifier: Apache-2.0
"""The shift as it goes: this shift's and today's figures, live, beside their standards.

Done means: whoever leads the shift sees at a glance what is below its standard and what
missed its time, and why; and that the page stands still, where it does. No name is
shown.
"""

from datetime import datetime
from typing import Any

from markupsafe import Markup
from starlette.responses import Response

from wardkeep.apps.urgent_figures.opening import FIGURES, LEADS, reckoned, spanning
from wardkeep.apps.urgent_figures.showing import (
    below_in,
    columns_of,
    groups_of,
    lines_of,
    misses_of,
)
from wardkeep.apps.urgent_figures.telephone import telephone_shown
from wardkeep.base.ids import OrganisationId
from wardkeep.base.time_of_day import time_of_day
from wardkeep.fhir.urgent.figures.counting import Units, figures_of, profile_of
from wardkeep.fhir.urgent.figures.items import ITEMS
from wardkeep.fhir.urgent.figures.rows import FigureRows
from wardkeep.fhir.urgent.figures.spans import Span, day_of, shift_at, span_of_days
from wardkeep.fhir.urgent.telephone.rows import TelephoneRows
from wardkeep.web.live import Ground, Shared
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

MOST_MISSES = 20
_EVERY_SECONDS = 10.0
"""Made anew so often and not with each change: of a large provider there are two a
second, and the figures of a day take a third of one."""


async def show_shift_part(ground: Ground) -> Markup:
    return ground.fill("urgent_figures/shift_part.html", **await _shift(ground))


def _hears(_visit: Visit) -> Shared:
    return Shared((), show_shift_part, every_seconds=_EVERY_SECONDS)


@page(f"{FIGURES}/now", gate=LEADS, hears=_hears)
async def show_shift_now(visit: Visit) -> Response:
    live = visit.live(show_shift_now)
    return visit.answer_part(live, await show_shift_part(visit.ground))


@page(FIGURES, gate=LEADS)
async def show_shift(visit: Visit) -> Response:
    live = visit.live(show_shift_now)
    part = await _shift(visit.ground)
    return visit.render("urgent_figures/shift.html", **part, live=live)


async def _shift(ground: Ground) -> dict[str, Any]:
    now = ground.clock.now()
    day = day_of(now)
    shift, today = shift_at(now, ITEMS.begins), span_of_days(day, day)
    organisation = OrganisationId(ground.organisation)
    ringing = await ground.services[TelephoneRows].now(organisation, now)
    part = await reckoned(
        ground.services[FigureRows],
        ground.organisation,
        spanning(shift, today),
        lambda units: shown(units, shift, today, now=now),
    )
    return {**part, "ringing": telephone_shown(ringing)}


def shown(units: Units, shift: Span, today: Span, *, now: datetime) -> dict[str, Any]:
    """What the page says, of everything that happened in both spans."""
    day = day_of(now)
    items = [one for one in ITEMS.item if one.holds_on(day)]
    figures = [figures_of(items, units, one, now=now) for one in (shift, today)]
    lines = lines_of(items, figures, hides=False)
    hours = profile_of(units, today, now=now)
    misses = misses_of(units, spanning(shift, today), now=now)
    return {
        "below": below_in(lines),
        "groups": list(groups_of([one for one in lines if one.told])),
        "cannot": [one.item for one in lines if not one.told],
        "since": time_of_day(shift.since),
        "until": time_of_day(shift.until),
        "hours": columns_of(hours),
        "answered": sum(one.answered for one in hours),
        "missed": sum(one.missed for one in hours),
        "misses": misses[:MOST_MISSES],
        "more": max(0, len(misses) - MOST_MISSES),
    }
