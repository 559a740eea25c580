# SPDX-License-Identifier: Apache-2.0
"""Watching what support opens, as it happens, and ending it by one button."""

import msgspec
from starlette.responses import Response

from wardkeep.apps.support.overview import KEEPERS
from wardkeep.disclosure.answers import Done, Refusal
from wardkeep.disclosure.support import EndSupport, SupportWatched, WatchSupport
from wardkeep.ui.format import show_microseconds
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit


class ShownOpening(msgspec.Struct, frozen=True):
    """One opening, as the page shows it."""

    at: str
    what: str
    patient: str


class Shown(msgspec.Struct, frozen=True):
    """What the page's script asks for every other second; the newest first."""

    is_open: bool
    openings: tuple[ShownOpening, ...]


async def _watched(visit: Visit) -> SupportWatched | Refusal:
    question = WatchSupport(visit.token, visit.path("grant"))
    return await visit.warden.ask(question, SupportWatched)


@page("/support/{grant}", gate=KEEPERS)
async def watch_support(visit: Visit) -> Response:
    found = await _watched(visit)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    return visit.render(
        "support/watch.html", grant=found.grant, openings=found.openings
    )


@page("/support/{grant}/openings", gate=KEEPERS, is_glance=True)
async def show_openings(visit: Visit) -> Response:
    found = await _watched(visit)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    shown = [
        ShownOpening(show_microseconds(one.at), one.what, one.patient)
        for one in found.openings
    ]
    return visit.answer_json(Shown(bool(found.grant.seconds_left), tuple(shown)))


@page("/support/{grant}/end", gate=KEEPERS, methods=("POST",))
async def end_support(visit: Visit) -> Response:
    grant = visit.path("grant")
    given = await visit.warden.ask(EndSupport(visit.token, grant), Done)
    if isinstance(given, Refusal):
        return visit.refuse(given)
    return visit.go_to(f"/support/{grant}")
