# SPDX-License-Identifier: Apache-2.0
"""Every clinic of today on one board: how each goes, and nobody's name."""

import msgspec
from starlette.responses import Response

from wardkeep.apps.clinics.gates import CLINIC
from wardkeep.care.opening import opener_of
from wardkeep.db.changes import Topic
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.clinics.clinic import Clinic
from wardkeep.fhir.clinics.waits import Estimate
from wardkeep.web.live import Signal
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit


class Meeting(msgspec.Struct, frozen=True, kw_only=True):
    """A clinic of today."""

    place: str
    name: str
    booked: int
    goes: Estimate
    is_mine: bool


def _hears(_: Visit) -> Signal:
    return Signal((Topic("clinics"),), every_seconds=60)


@page("/clinics/now", gate=CLINIC, hears=_hears)
async def show_board_now(visit: Visit) -> Response:
    live = visit.live(show_board_now)
    clinics = await _meetings(visit)
    if isinstance(clinics, Refusal):
        return visit.refuse(clinics)
    return visit.part(live, "clinics/board_part.html", clinics=clinics)


@page("/clinics", gate=CLINIC)
async def show_board(visit: Visit) -> Response:
    live = visit.live(show_board_now)
    clinics = await _meetings(visit)
    if isinstance(clinics, Refusal):
        return visit.refuse(clinics)
    return visit.render("clinics/board.html", live=live, clinics=clinics)


async def _meetings(visit: Visit) -> list[Meeting] | Refusal:
    clinic, opener = visit.services[Clinic], opener_of(visit)
    names = await clinic.places.names(opener=opener)
    if isinstance(names, Refusal):
        return names
    booked = await clinic.rows.places_on(opener.organisation, clinic.desk.today())
    goes = await clinic.desk.estimate(tuple(booked), opener=opener)
    work = await visit.work()
    mine = work.places if work is not None else ()
    clinics = [
        Meeting(
            place=place,
            name=names.get(place, "A place without a name"),
            booked=many,
            goes=goes[place],
            is_mine=f"Location/{place}" in mine,
        )
        for place, many in booked.items()
    ]
    return sorted(clinics, key=lambda one: (not one.is_mine, one.name))
