# SPDX-License-Identifier: Apache-2.0
"""One home visit: for the dispatcher, which car has it; for the crew, what is next.

Done means: on a phone the address, the number and the next button fill the screen; the
way in is one tap away and opens by the door's own rules; what was pressed by mistake is
taken back. Whoever may not open the record is asked why, as everywhere.
"""

from datetime import datetime, timedelta
from typing import Any

from starlette.responses import Response

from wardkeep.apps.home_visits.opening import (
    HOME,
    SAID,
    alarm_of,
    on_shift,
)
from wardkeep.base.clock import LONDON
from wardkeep.care.colleagues import mine_of
from wardkeep.care.crews import cars_of, is_crew_of
from wardkeep.care.of_patient import who_is_it
from wardkeep.care.queue_case import (
    STAFF,
    Here,
    find,
    leads,
    path_of,
)
from wardkeep.care.queue_times import can_undo
from wardkeep.care.queue_words import COLOURS, left_words, number_of
from wardkeep.care.stored import stored
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent.clocks import WORDS as PACES, pace_of
from wardkeep.fhir.urgent.moving import VISIT, Cannot, advance
from wardkeep.fhir.urgent.queueing import Did, Entry
from wardkeep.fhir.urgent.ringing import Ringing, ringing_in
from wardkeep.fhir.urgent.steps import DID, WORDS as STATES, State, Step
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

ACTS = (Step.SET_OFF, Step.ARRIVE, Step.SAFE, Step.LEAVE)
"""What a crew presses, in the order of a visit."""
WORDS = {
    Step.SET_OFF: "Set off",
    Step.ARRIVE: "I have arrived",
    Step.SAFE: "All is well with me",
    Step.LEAVE: "I have left",
}
LONGEST_NOTE = 2_000
_DRIVE = timedelta(minutes=30)
"""Until a car is expected, where nobody says another time."""


def visit_path(entry: str, said: str = "") -> str:
    path = f"{HOME}/visits/{entry}"
    return f"{path}?said={said}" if said else path


@page(f"{HOME}/visits/{{entry}}", gate=STAFF)
async def show_visit(visit: Visit) -> Response:
    here = await find(visit, visit.path("entry"))
    if isinstance(here, Response):
        return here
    entry = here.entry
    if entry.skill != VISIT:
        return visit.go_to(path_of(entry.id))
    who = await who_is_it(visit, entry.patient)
    if isinstance(who, Response):
        return who
    ringing = await _ringing(visit, entry)
    if isinstance(ringing, Response):
        return ringing
    known = await cars_of(visit)
    if isinstance(known, Refusal):
        return visit.refuse(known)
    me, now = (await mine_of(visit)).me, visit.clock.now()
    is_crew = await is_crew_of(visit, entry, me)
    pace = pace_of(given=entry.given, due=entry.due, now=now)
    return visit.render(
        "home_visits/visit.html",
        **_facts(here, now),
        banner=who[0],
        ringing=ringing,
        cars=on_shift(known, now),
        car=next((one for one, _ in known if _is_at(one.reference, entry)), None),
        expected=_expected(entry, now),
        acts=acts_of(entry, me, visit, is_crew=is_crew),
        words=WORDS,
        can_undo=can_undo(here, me, visit),
        leads=leads(visit),
        is_crew=is_crew,
        is_mine=entry.owner.reference == me.reference != "",
        most=LONGEST_NOTE,
        pace_words=PACES[pace],
        colour=COLOURS[pace],
        left=left_words(entry.due, now),
        said=SAID.get(visit.query("said")),
    )


def _is_at(reference: str, entry: Entry) -> bool:
    return reference == entry.booked.where.reference


def _facts(here: Here, now: datetime) -> dict[str, Any]:
    entry = here.entry
    next_at = here.row.next_at if entry.is_open else None
    is_sent = entry.booked.is_by_car
    return {
        "entry": entry,
        "version": here.version,
        "number": number_of(entry.id),
        "state": STATES[entry.state],
        "next_by": next_at,
        "alarm": alarm_of(entry.state, next_at, now) if next_at and is_sent else "",
        "is_sent": is_sent and entry.state is not State.DONE,
        "is_left": is_sent and entry.state is State.AWAITING_ACTION,
        "did": [(DID[one.step], one) for one in reversed(entry.did)],
    }


def _expected(entry: Entry, now: datetime) -> str:
    at = entry.booked.at or now + _DRIVE
    return f"{at.astimezone(LONDON):%H:%M}"


def acts_of(entry: Entry, me: Person, visit: Visit, *, is_crew: bool) -> frozenset[str]:
    """What the visitor may press now."""
    steps = (*ACTS, Step.NOTE, Step.SEND, Step.RECALL, Step.TURN)
    now = visit.clock.now()
    return frozenset(
        str(step)
        for step in steps
        if me.reference
        and not isinstance(
            advance(
                entry,
                Did(step=step, at=now, by=me),
                leads=leads(visit),
                is_crew=is_crew,
                booked=entry.booked,
            ),
            Cannot,
        )
    )


async def _ringing(visit: Visit, entry: Entry) -> Ringing | Response:
    """Whom to ring and what it is; nothing where there is no case."""
    if not entry.case:
        return Ringing()
    case = await stored(visit, "Encounter", entry.case, patient=entry.patient)
    if isinstance(case, Response):
        return Ringing() if case.status_code == 404 else case  # noqa: PLR2004 - HTTP
    return ringing_in(case.content)
