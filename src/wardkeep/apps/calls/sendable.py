# SPDX-License-Identifier: Apache-2.0
"""A call that ended and waits, with all that a message about it is made of."""

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from wardkeep.apps.calls.opening import Stored, case_here, here
from wardkeep.apps.calls.showing import Ground, ground_of
from wardkeep.apps.calls.taking_back import is_of_a_colleague, where_it_waits
from wardkeep.care.case_closing import place_in_queue
from wardkeep.care.case_messages import About
from wardkeep.care.opening import opener_of
from wardkeep.care.stored import Json, stored as stored_here
from wardkeep.fhir.bars.directory import Directory, Neighbour, others, taking
from wardkeep.fhir.bars.outgoing import Outbox, Standing
from wardkeep.fhir.urgent import outcome as outcomes
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, Disposition
from wardkeep.fhir.urgent.outcome import Outcome, outcome_in
from wardkeep.fhir.urgent.queueing import Entry
from wardkeep.fhir.urgent.steps import UNDO_WITHIN, State
from wardkeep.ui.format import years_old
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

NOT_YOURS = Trouble(
    status=409,
    title="It is too late to send this from the call",
    why="Whoever had the call sends it on while nobody else has the case, within a"
    " quarter of an hour. So nothing was sent.",
    mend="Ask whoever has the case, or the shift lead.",
)


class Sendable(msgspec.Struct, frozen=True, kw_only=True):
    """A call that ended, and waits, with all that a message is made of."""

    stored: Stored
    ground: Ground
    entry: Entry
    content: Json
    """Of the Task."""
    version: int
    outcome: Outcome
    disposition: Disposition
    neighbours: tuple[Neighbour, ...]
    age: int | None
    sent: tuple[Standing, ...]

    @property
    def fitting(self) -> tuple[Neighbour, ...]:
        return taking(self.neighbours, self.disposition, age=self.age)

    @property
    def about(self) -> About:
        return About(
            patient=self.ground.patient,
            case=self.stored.content,
            outcome=self.outcome,
        )

    def why_not(self) -> Sequence[tuple[Neighbour, str]]:
        """Who does not take it, and why."""
        return others(self.neighbours, self.disposition, age=self.age)


async def sendable(visit: Visit) -> Sendable | Response:
    """The call in the address, where whoever had it may send it on."""
    case = await case_here(visit)
    if isinstance(case, Response):
        return case
    row = await where_it_waits(visit, case.case)
    if row is None:
        return visit.go_to(here(visit))
    ended = case.case.outcome
    is_late = ended is None or visit.clock.now() - ended.at > UNDO_WITHIN
    if not case.is_mine or is_late or row.state != State.NEW or row.owner:
        return visit.tell(NOT_YOURS)
    ground = await ground_of(visit)
    if isinstance(ground, Response):
        return ground
    return await opened_for(visit, case, ground, row.entry)


async def opened_for(
    visit: Visit, case: Stored, ground: Ground, entry: str
) -> Sendable | Response:
    place = await place_in_queue(visit, entry, visit.path("id"))
    if isinstance(place, Response):
        return place
    one, content, version = place
    patient, organisation = visit.path("id"), opener_of(visit).organisation
    asked = await stored_here(visit, outcomes.TYPE, one.outcome, patient=patient)
    if isinstance(asked, Response):
        return asked
    if is_of_a_colleague(asked.content):
        return visit.tell(NOT_YOURS)
    outcome, disposition = outcome_in(asked.content), DISPOSITIONS.get(one.code)
    if outcome is None or disposition is None:
        return visit.tell(NOT_FOUND)
    return Sendable(
        stored=case,
        ground=ground,
        entry=one,
        content=content,
        version=version,
        outcome=outcome,
        disposition=disposition,
        neighbours=await visit.services[Directory].all(organisation),
        age=years_old(str(ground.patient.get("birthDate", "")), visit.today),
        sent=await visit.services[Outbox].standing(organisation, one.outcome),
    )
