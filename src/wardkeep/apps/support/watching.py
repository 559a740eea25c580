# SPDX-License-Identifier: Apache-2.0
"""Watching what support opens, as it happens, and ending it by one button."""

from starlette.responses import Response

from wardkeep.apps.support.overview import KEEPERS
from wardkeep.disclosure.answers import Done, Refusal
from wardkeep.disclosure.support import EndSupport, SupportWatched, WatchSupport
from wardkeep.web.live import Signal
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit


async def _watched(visit: Visit) -> SupportWatched | Refusal:
    question = WatchSupport(visit.token, visit.path("grant"))
    return await visit.warden.ask(question, SupportWatched)


def _hears(_visit: Visit) -> Signal:
    # The warden keeps what support opens in its memory; nobody tells of it.
    return Signal(every_seconds=2)


@page("/support/{grant}/live", gate=KEEPERS, hears=_hears)
async def show_openings(visit: Visit) -> Response:
    live = visit.live(show_openings)
    found = await _watched(visit)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    return visit.part(
        live, "support/watch_part.html", grant=found.grant, openings=found.openings
    )


@page("/support/{grant}", gate=KEEPERS)
async def watch_support(visit: Visit) -> Response:
    live = visit.live(show_openings)
    found = await _watched(visit)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    return visit.render(
        "support/watch.html", live=live, grant=found.grant, openings=found.openings
    )


@page("/support/{grant}/end", gate=KEEPERS, methods=("POST",))
async def end_support(visit: Visit) -> Response:
    grant = visit.path("grant")
    given = await visit.warden.ask(EndSupport(visit.token, grant), Done)
    if isinstance(given, Refusal):
        return visit.refuse(given)
    return visit.go_to(f"/support/{grant}")
