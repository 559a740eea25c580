# SPDX-License-Identifier: Apache-2.0
"""Taking back what was done with a case and its Appointment: both, or neither."""

from collections.abc import Callable, Sequence

from starlette.responses import Response

from wardkeep.care.queue_case import DONE, Here, at_version, write
from wardkeep.care.stored import Json, stored
from wardkeep.fhir.model.moments import moment_in
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent.moving import can_take_back, take_back
from wardkeep.fhir.urgent.queueing import TYPE, Did, Entry, entry_content, entry_in
from wardkeep.fhir.urgent.steps import TIMED, UNDONE, Step
from wardkeep.fhir.visits import appointments
from wardkeep.web.visit import Visit

TAKEN_BACK = UNDONE | TIMED
_LEFT_BY = {
    Step.BOOK: appointments.BOOKED,
    Step.SEND: appointments.BOOKED,
    Step.UNBOOK: appointments.CANCELLED,
    Step.RECALL: appointments.CANCELLED,
    Step.LEAVE: appointments.FULFILLED,
}
"""What each step leaves the Appointment as: where it says something else meanwhile, a
desk has had it, and nothing is taken back."""
Changes = list[tuple[Json, int]]
To = Callable[[str, str], str]
"""The address of a case's page, by its entry and what the page is to say."""


def can_undo(here: Here, me: Person, visit: Visit) -> bool:
    return can_take_back(here.entry, me, visit.clock.now(), among=TAKEN_BACK)


async def taken_back(visit: Visit, here: Here, me: Person) -> Changes | Response | None:
    """What to write so that it is as before the last step; None: it is too late."""
    entry = here.entry
    # A note is a version of its own.
    earlier = here.version - 1 - entry.noted_since
    was = await stored(visit, TYPE, entry.id, patient=entry.patient, version=earlier)
    if isinstance(was, Response):
        return was
    before = entry_in(was.content)
    did = Did(step=Step.UNDO, at=visit.clock.now(), by=me)
    after = before and take_back(entry, before, did, among=TAKEN_BACK)
    last = entry.last_done
    if not isinstance(after, Entry) or before is None or last is None:
        return None
    changed: Changes = [(entry_content(after, here.content), here.version)]
    if last.step not in TIMED:
        return changed
    appointment = await _appointment(visit, entry, before, last.step)
    if appointment is None or isinstance(appointment, Response):
        return appointment
    return [appointment, *changed]


async def _appointment(
    visit: Visit, entry: Entry, before: Entry, step: Step
) -> tuple[Json, int] | Response | None:
    id_ = entry.booked.appointment or before.booked.appointment
    now = await stored(visit, appointments.TYPE, id_, patient=entry.patient)
    if isinstance(now, Response):
        return now
    if now.content.get("status") != _LEFT_BY[step]:
        return None
    if before.booked.appointment != id_:
        return {**now.content, "status": appointments.CANCELLED}, now.version
    was = await stored(
        visit,
        appointments.TYPE,
        id_,
        patient=entry.patient,
        version=now.version - 1,
    )
    if isinstance(was, Response):
        return was
    if moment_in(was.content.get("start")) != before.booked.at:
        return None
    return was.content, now.version


async def undo_last(visit: Visit, *, to: To) -> Response:
    """Take back the last step of the case in the address, and show it as it is then."""
    found = await at_version(visit, Step.UNDO, back=to(visit.path("entry"), ""))
    if isinstance(found, Response):
        return found
    entry = found.here.entry
    changed = await taken_back(visit, found.here, found.me)
    if isinstance(changed, Response):
        return changed
    if changed is None:
        return visit.go_to(to(entry.id, "too-late"))
    return await write_step(visit, entry, changed, Step.UNDO, to=to)


async def write_step(
    visit: Visit,
    entry: Entry,
    changed: Sequence[tuple[Json, int]],
    step: Step,
    *,
    to: To,
) -> Response:
    """Write what a step changed, and lead to the case, which says what was done."""
    done = await write(visit, changed, patient=entry.patient)
    if isinstance(done, Response):
        return done
    return visit.go_to(to(entry.id, str(step) if done == DONE else done))
