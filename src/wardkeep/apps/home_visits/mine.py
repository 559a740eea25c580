# SPDX-License-Identifier: Apache-2.0
"""The list of one's own car: the next visit first, and what was done without a signal.

Done means, to whoever drives: everything that is needed at the door of the next home
stands on one page, which stays readable when the signal goes; what I press then is kept
on the phone and comes in once, with its own time. Only the visits of the cars that the
visitor is in, and each of them is an entry in the ledger.
"""

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from wardkeep.apps.home_visits.carrying import STARTS_A_WORKER, taking_of
from wardkeep.apps.home_visits.one import WORDS
from wardkeep.apps.home_visits.opening import HOME, SAID, Line, own_lines
from wardkeep.care.colleagues import mine_of
from wardkeep.care.opening import opener_of
from wardkeep.care.people import banners_in
from wardkeep.care.queue_case import (
    STAFF,
    find,
)
from wardkeep.care.stored import stored
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.listing import Lister
from wardkeep.fhir.urgent.ringing import Ringing, ringing_in
from wardkeep.fhir.urgent.steps import State, Step
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

_TOLD = "home visits of one's own car: name, address, number to ring"
_NEXT = {
    State.BOOKED: (Step.SET_OFF, Step.ARRIVE),
    State.ON_THE_WAY: (Step.ARRIVE,),
    State.ARRIVED: (Step.SAFE, Step.LEAVE),
}
"""What can be pressed in each state, in the order of the buttons."""


@page(f"{HOME}/mine", gate=STAFF)
async def show_mine(visit: Visit) -> Response:
    me, now = (await mine_of(visit)).me, visit.clock.now()
    own = await own_lines(visit, me)
    if isinstance(own, Refusal):
        return visit.refuse(own)
    cars, lines = own.cars, own.lines
    opener = msgspec.structs.replace(opener_of(visit), request=_TOLD)
    given = await visit.services[Lister].people(
        [one.patient for one in lines], opener=opener
    )
    if isinstance(given, Refusal):
        return visit.refuse(given)
    answer = visit.render(
        "home_visits/mine.html",
        cars=cars,
        lines=lines,
        people=banners_in(given.patients, visit.today),
        ringing=await _ringing(visit, lines),
        next_steps=_NEXT,
        words=WORDS,
        me=me.reference,
        entry=given.entry,
        at=f"{now:%Y-%m-%dT%H:%M:%S}Z",
        said=SAID.get(visit.query("said")),
        taking=taking_of(visit, own),
    )
    answer.headers.update(STARTS_A_WORKER)
    return answer


async def _ringing(visit: Visit, lines: Sequence[Line]) -> dict[str, Ringing]:
    """Whom to ring for each, and what it is; nothing where the door says no."""
    found: dict[str, Ringing] = {}
    for one in lines:
        here = await find(visit, one.entry)
        if isinstance(here, Response) or not here.entry.case:
            continue
        case = await stored(visit, "Encounter", here.entry.case, patient=one.patient)
        if not isinstance(case, Response):
            found[one.entry] = ringing_in(case.content)
    return found
