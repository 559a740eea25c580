# SPDX-License-Identifier: Apache-2.0
"""Every clinic of today on one board: how each goes, and nobody's name."""

import msgspec
from starlette.responses import Response

from wardkeep.apps.clinics.gates import CLINIC
from wardkeep.apps.clinics.showing import clock
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.who_i_am import AskWhoIAm, WhoIAm
from wardkeep.fhir.clinics.clinic import Clinic
from wardkeep.fhir.clinics.waits import Estimate
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit


class Meeting(msgspec.Struct, frozen=True, kw_only=True):
    """A clinic of today."""

    place: str
    name: str
    booked: int
    goes: Estimate
    is_mine: bool


@page("/clinics", gate=CLINIC)
async def show_board(visit: Visit) -> Response:
    return await _show(visit, "clinics/board.html")


@page("/clinics/now", gate=CLINIC, is_glance=True)
async def show_board_now(visit: Visit) -> Response:
    return await _show(visit, "clinics/board_part.html")


async def _show(visit: Visit, template: str) -> Response:
    clinic, opener = visit.services[Clinic], opener_of(visit)
    names = await clinic.places.names(opener=opener)
    if isinstance(names, Refusal):
        return visit.refuse(names)
    booked = await clinic.rows.places_on(opener.organisation, clinic.desk.today())
    goes = await clinic.desk.estimate(tuple(booked), opener=opener)
    work = await visit.warden.ask(AskWhoIAm(visit.token), WhoIAm)
    mine = work.places if isinstance(work, WhoIAm) else ()
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
    clinics.sort(key=lambda one: (not one.is_mine, one.name))
    return visit.render(template, clinics=clinics, at=clock(visit.clock.now()))
