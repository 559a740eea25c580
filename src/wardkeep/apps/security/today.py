# SPDX-License-Identifier: Apache-2.0
"""The day as it goes: openings by the hour, the breaker, and unusual days.

Done means: a privacy officer leaves this page open and sees at a look whether today is
like other days. Rejected: a feed of single openings (nobody reads 15,000 a day, and
the page itself would be a list of patients), and scores (nobody can answer for one).
"""

from collections.abc import Iterator
from typing import Any

from starlette.responses import Response

from wardkeep.apps.security.account import OFFICERS
from wardkeep.apps.security.overview import DECIDERS
from wardkeep.base.clock import LONDON, from_microseconds
from wardkeep.base.time_of_day import time_of_day
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.pulse import HourView, PulseRead, ReadPulse
from wardkeep.web.live import Signal
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

COLUMNS = (
    ("explained", "By the work"),
    ("reasoned", "With a reason"),
    ("glass", "Glass broken"),
    ("listed", "Shown in lists"),
    ("printed", "Printed"),
    ("copied", "Copied"),
    ("sent", "Sent by message"),
    ("refused", "Refused"),
)
MOST_REASONED, MOST_GLASS = 6.0, 1.0
"""Of all openings, in percent (PRODUCT, P9 and P10)."""


async def _shown(visit: Visit) -> dict[str, Any] | Refusal:
    found = await visit.warden.ask(ReadPulse(visit.token), PulseRead)
    if isinstance(found, Refusal):
        return found
    return {
        "found": found,
        "cells": cells_of(found),
        "columns": COLUMNS,
        "hours": range(len(found.hours)),
        "may_look": OFFICERS.admits(visit.session.role),
    }


def _hears(_visit: Visit) -> Signal:
    # The warden's own picture; nobody tells of each opening.
    return Signal(every_seconds=5)


@page("/security/today/live", gate=DECIDERS, hears=_hears)
async def show_now(visit: Visit) -> Response:
    live = visit.live(show_now)
    shown = await _shown(visit)
    if isinstance(shown, Refusal):
        return visit.refuse(shown)
    return visit.part(live, "security/today_part.html", **shown)


@page("/security/today", gate=DECIDERS)
async def show_today(visit: Visit) -> Response:
    live = visit.live(show_now)
    shown = await _shown(visit)
    if isinstance(shown, Refusal):
        return visit.refuse(shown)
    return visit.render("security/today.html", live=live, **shown)


def cells_of(found: PulseRead) -> dict[str, str]:
    """Every word of the page that changes, by the name of its place."""
    cells = {
        "others": f"{found.others} of {found.breaker}",
        "at-work": str(found.at_work),
    }
    opened = sum(one.explained + one.reasoned + one.glass for one in found.hours)
    cells["opened"] = f"{opened:,}"
    for name in ("reasoned", "glass"):
        cells[name] = _share(sum(getattr(one, name) for one in found.hours), opened)
    for n, hour in enumerate(found.hours):
        cells |= dict(_hour(n, hour))
    return cells


def _share(some: int, of: int) -> str:
    return f"{100 * some / of:.1f}%" if of else "–"


def _hour(n: int, hour: HourView) -> Iterator[tuple[str, str]]:
    begins = from_microseconds(hour.at).astimezone(LONDON)
    yield f"{n}-hour", time_of_day(begins)
    for name, _ in COLUMNS:
        yield f"{n}-{name}", f"{getattr(hour, name):,}"
