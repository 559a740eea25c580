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

from wardkeep.apps.home_visits.acting import car_of_visit, changes_of
from wardkeep.apps.home_visits.one import ACTS, WORDS
from wardkeep.apps.home_visits.opening import (
    HOME,
    SAID,
    Line,
    in_turn,
    line_of,
    visits_now,
)
from wardkeep.base.ids import is_fhir_id
from wardkeep.care.cars import cars_of
from wardkeep.care.colleagues import mine_of
from wardkeep.care.opening import opener_of
from wardkeep.care.people import banners_in
from wardkeep.care.queue_case import (
    CHANGED,
    DONE,
    STAFF,
    find,
    write,
)
from wardkeep.care.stored import stored
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.store.listing import Lister
from wardkeep.fhir.urgent.queueing import Entry
from wardkeep.fhir.urgent.ringing import Ringing, ringing_in
from wardkeep.fhir.urgent.steps import State, Step
from wardkeep.fhir.visits.without_signal import Act, InBefore, brought_in
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

MOST_ACTS = 40
_TRIES = 5
_TOLD = "home visits of one's own car: name, address, number to ring"
_NEXT = {
    State.BOOKED: (Step.SET_OFF, Step.ARRIVE),
    State.ON_THE_WAY: (Step.ARRIVE,),
    State.ARRIVED: (Step.SAFE, Step.LEAVE),
}
"""What can be pressed in each state, in the order of the buttons."""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What a device brings."""

    acts: tuple[Act, ...]


@page(f"{HOME}/mine", gate=STAFF)
async def show_mine(visit: Visit) -> Response:
    me, now = (await mine_of(visit)).me, visit.clock.now()
    known = await cars_of(visit)
    if isinstance(known, Refusal):
        return visit.refuse(known)
    own = [car for car, _ in known if car.has(me)]
    lines = in_turn(
        line_of(one, now)
        for one in await visits_now(visit)
        if car_of_visit(one, me, [car.reference for car in own])
    )
    opener = msgspec.structs.replace(opener_of(visit), request=_TOLD)
    given = await visit.services[Lister].people(
        [one.patient for one in lines], opener=opener
    )
    if isinstance(given, Refusal):
        return visit.refuse(given)
    return visit.render(
        "home_visits/mine.html",
        cars=[car for car in own if car.is_on_shift(now)],
        lines=lines,
        people=banners_in(given.patients, visit.today),
        ringing=await _ringing(visit, lines),
        next_steps=_NEXT,
        words=WORDS,
        me=me.reference,
        entry=given.entry,
        at=f"{now:%Y-%m-%dT%H:%M:%S}Z",
        said=SAID.get(visit.query("said")),
    )


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


@page(f"{HOME}/mine/acts", gate=STAFF, methods=("POST",))
async def bring_in(visit: Visit) -> Response:
    """What a device kept, in its order; the answer says what became of each.

    What is not in the answer comes again.
    """
    sent = await visit.json(Sent)
    if isinstance(sent, Trouble):
        return visit.tell(sent)
    me = (await mine_of(visit)).me
    became: dict[str, str] = {}
    for act in sent.acts[:MOST_ACTS]:
        said = await _bring(visit, act, me)
        if said:
            became[act.id] = said
        else:
            break  # what follows builds on it
    return visit.answer_json({"became": became})


async def _bring(visit: Visit, act: Act, me: Person) -> str:
    """What became of it; empty: it could not be written just now, and comes again."""
    if act.step not in ACTS or not is_fhir_id(act.entry) or not me.reference:
        return "refused"
    for _ in range(_TRIES):
        here = await find(visit, act.entry)
        if isinstance(here, Response):
            return _answer(here)
        after = brought_in(here.entry, act, by=me, now=visit.clock.now())
        if not isinstance(after, Entry):
            return "in-before" if isinstance(after, InBefore) else "not-so"
        changed = await changes_of(visit, here, after, act.step)
        if isinstance(changed, Response):
            return ""
        done = await write(visit, changed, patient=after.patient)
        if done != CHANGED:
            return "in" if done == DONE else ""
    return ""


def _answer(told: Response) -> str:
    """What is not there takes nothing; where the door says no, it comes again."""
    return "refused" if told.status_code == 404 else ""  # noqa: PLR2004 - HTTP
