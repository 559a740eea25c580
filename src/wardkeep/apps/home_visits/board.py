# SPDX-License-Identifier: Apache-2.0
"""The dispatcher's board: visits that no car has, and each car's list in its order.

Done means: who breaches next stands first with where they live; who is in which car,
where it is and when it is expected is one look; whoever is in a home and has not said
for 45 minutes that all is well is red, with whom to ring. What is sent to the open
board has no name.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from markupsafe import Markup
from starlette.responses import Response

from wardkeep.apps.home_visits.opening import (
    HOME,
    MOST_VISITS,
    SAID,
    Line,
    in_turn,
    line_of,
    on_shift,
)
from wardkeep.base.ids import OrganisationId
from wardkeep.care.crews import cars_of
from wardkeep.care.opening import opener_of
from wardkeep.care.people import banners_in
from wardkeep.care.queue_case import LEADS
from wardkeep.db.changes import Topic
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.listing import Lister
from wardkeep.fhir.urgent.dispatching import TOPIC
from wardkeep.fhir.urgent.moving import VISIT
from wardkeep.fhir.urgent.queue_rows import QueueRows
from wardkeep.ui.banner import Banner
from wardkeep.web.live import Ground, Shared
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

MOST_NAMED = 60
"""Those that press most; each name is an entry in the ledger."""
_TOLD = "home visits: name, address, disposition, time left, which car"
_EVERY_SECONDS = 15.0
_NOBODY: Mapping[str, Banner] = {}
_POSTCODE = re.compile(r"\b([A-Z]{1,2}[0-9][A-Z0-9]?) ?[0-9][A-Z]{2}\b", re.IGNORECASE)


class CarList(msgspec.Struct, frozen=True, kw_only=True):
    """One car's visits, in the order in which it drives."""

    car: str
    lines: tuple[Line, ...]


def area_of(address: str) -> str:
    """The postcode district of an address; empty where it has none."""
    found = _POSTCODE.search(address)
    return found[1].upper() if found else ""


def lists_of(lines: Sequence[Line]) -> list[CarList]:
    """By car; what no car has is not among them."""
    cars = sorted({one.car for one in lines if one.car})
    return [
        CarList(car=car, lines=tuple(in_turn(it for it in lines if it.car == car)))
        for car in cars
    ]


async def show_board_part(ground: Ground) -> Markup:
    """The board as it stands, without a name of anybody or any car."""
    part = await _part(ground)
    return ground.fill(
        "home_visits/board_part.html",
        **part,
        people=_NOBODY,
        areas={},
        cars={},
    )


def _hears(_visit: Visit) -> Shared:
    return Shared((Topic(TOPIC),), show_board_part, every_seconds=_EVERY_SECONDS)


@page(f"{HOME}/now", gate=LEADS, hears=_hears)
async def show_board_now(visit: Visit) -> Response:
    live = visit.live(show_board_now)
    return visit.answer_part(live, await show_board_part(visit.ground))


@page(HOME, gate=LEADS)
async def show_board(visit: Visit) -> Response:
    live = visit.live(show_board_now)
    known = await cars_of(visit)
    if isinstance(known, Refusal):
        return visit.refuse(known)
    part = await _part(visit.ground)
    shown = [*part["waiting"], *(it for one in part["lists"] for it in one.lines)]
    opener = msgspec.structs.replace(opener_of(visit), request=_TOLD)
    given = await visit.services[Lister].people(
        [one.patient for one in shown[:MOST_NAMED]], opener=opener
    )
    people: Mapping[str, Banner] = {}
    entry, not_named = -1, ""
    if isinstance(given, Refusal):
        not_named = given.why
    else:
        people, entry = banners_in(given.patients, visit.today), given.entry
    return visit.render(
        "home_visits/board.html",
        **part,
        live=live,
        people=people,
        areas={id_: area_of(one.address) for id_, one in people.items()},
        cars={one.reference: one for one, _ in known},
        on_shift=on_shift(known, visit.clock.now()),
        entry=entry,
        not_named=not_named,
        said=SAID.get(visit.query("said")),
    )


async def _part(ground: Ground) -> dict[str, Any]:
    organisation, now = OrganisationId(ground.organisation), ground.clock.now()
    found = await ground.services[QueueRows].listed(
        organisation, [VISIT], at_most=MOST_VISITS
    )
    lines = [line_of(one, now) for one in found]
    return {
        "waiting": [one for one in lines if not one.car],
        "lists": lists_of(lines),
        "alarms": [one for one in lines if one.car and one.alarm],
        "is_more": len(found) >= MOST_VISITS,
    }
