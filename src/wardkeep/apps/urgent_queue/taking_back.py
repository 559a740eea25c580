# SPDX-License-Identifier: Apache-2.0
"""The end of a case, taken back: it is where it was, and whoever ended it has it again.

Done means: for a quarter of an hour, and while nobody has acted on what it came to, one
press puts right what was chosen by a slip of the finger; both stay in the record. The
surgery is told nothing of an end that did not hold. All of it is one change. Rejected:
an undo without a time (a colleague has rung by then); ending without a time to undo it
(the wrong line of a list of forty is a patient on nobody's list).
"""

from typing import NamedTuple

import msgspec
from starlette.responses import Response

from wardkeep.apps.urgent_queue.case import may_end_be_taken_back
from wardkeep.apps.urgent_queue.opening import (
    BOARD,
    DONE,
    STAFF,
    Here,
    organisation_of,
    path_of,
    rows,
    write,
)
from wardkeep.apps.urgent_queue.stepping import pressed
from wardkeep.care.of_patient import refused
from wardkeep.care.opening import opener_of
from wardkeep.care.stored import Json, Stored, stored
from wardkeep.care.writing import content_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.bars.outgoing import Outbox, standing_booking, standing_referral
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.post.rows import PostRows, drop
from wardkeep.fhir.store.change import Beside
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.parts import Part, PartReader
from wardkeep.fhir.urgent import outcome
from wardkeep.fhir.urgent.case import TYPE as CASE
from wardkeep.fhir.urgent.dispatching import NOT_SENT
from wardkeep.fhir.urgent.journey import journey_of
from wardkeep.fhir.urgent.moving import ended_unseen, take_back
from wardkeep.fhir.urgent.outcome import outcome_in
from wardkeep.fhir.urgent.queue_rows import EntryRow
from wardkeep.fhir.urgent.queueing import TYPE, Did, Entry, entry_content, entry_in
from wardkeep.fhir.urgent.ringing import closed
from wardkeep.fhir.urgent.saying import instant
from wardkeep.fhir.urgent.steps import State, Step
from wardkeep.fhir.work.caseload import TYPE as JOURNEY
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

CANCELLED = "cancelled"
"""The Task's status: it was in that queue by mistake, and is counted nowhere."""
WORDS = "Taken back by whoever ended it"
_ENDED = frozenset({Step.END})
_MOST = 400
Changes = list[tuple[Json, int]]


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """What an end made and changed, as it still stands."""

    was: Stored
    """What the call had come to before."""
    came_to: Stored | None
    """What it came to by that end; None: nobody could be reached."""
    place: EntryRow | None
    """Where it waits since."""


@page(f"{BOARD}/cases/{{entry}}/take-back", gate=STAFF, methods=("POST",))
async def take_end_back(visit: Visit) -> Response:
    found = await pressed(visit, Step.UNDO)
    if isinstance(found, Response):
        return found
    here, me = found.here, found.mine.me
    too_late = visit.go_to(path_of(here.entry.id, "acted-on"))
    if not may_end_be_taken_back(here, me, visit):
        return visit.go_to(path_of(here.entry.id, "too-late"))
    ended = await _ended(visit, here)
    if ended is None or isinstance(ended, Response):
        return ended or too_late
    changed = await _changes(visit, here, ended, me)
    if changed is None or isinstance(changed, Response):
        return changed or too_late
    beside = await _beside(visit, here, ended)
    if beside is None:
        return too_late
    done = await write(visit, changed, beside=beside, patient=here.entry.patient)
    if isinstance(done, Response):
        return done
    return visit.go_to(path_of(here.entry.id, "end-undone" if done == DONE else done))


async def _ended(visit: Visit, here: Here) -> Ended | Response | None:
    """None where another page ended it, which made more than can be taken back."""
    entry = here.entry
    given = await visit.services[PartReader].of_patient(
        entry.patient,
        (Part(types=(outcome.TYPE,), at_most=_MOST),),
        opener=opener_of(visit),
    )
    if isinstance(given, Refusal):
        return refused(visit, given, patient=entry.patient)
    if isinstance(given, NotFound):
        return None
    every = {
        one.id: Stored(version=one.version, content=content_of(one.text))
        for one in given.parts[0]
    }
    was = every.pop(entry.outcome, None)
    if was is None:
        return None
    at = entry.did[-1].at
    after = [
        one
        for one in every.values()
        if (said := outcome_in(one.content)) is not None
        and (said.replaces, said.given) == (entry.outcome, at)
    ]
    if not after and was.content.get("status") != outcome.REVOKED:
        return None
    waits = await rows(visit).of_case(organisation_of(visit), entry.case)
    return Ended(was=was, came_to=after[0] if after else None, place=waits)


async def _changes(
    visit: Visit, here: Here, ended: Ended, me: Person
) -> Changes | Response | None:
    """All that is written; None: somebody has acted on it."""
    entry, now = here.entry, visit.clock.now()
    before = await stored(
        visit, TYPE, entry.id, patient=entry.patient, version=here.version - 1
    )
    if isinstance(before, Response):
        return before
    was = entry_in(before.content)
    did = Did(step=Step.UNDO, at=now, by=me)
    again = was and take_back(entry, was, did, among=_ENDED)
    if not isinstance(again, Entry):
        return None
    changed: Changes = [(entry_content(again, here.content), here.version)]
    active = {**ended.was.content, "status": outcome.ACTIVE}
    changed.append((active, ended.was.version))
    if ended.came_to is not None:
        revoked = {**ended.came_to.content, "status": outcome.REVOKED}
        changed.append((revoked, ended.came_to.version))
    if ended.place is not None:
        place = await _no_place(visit, ended.place, me)
        if place is None or isinstance(place, Response):
            return place
        changed.append(place)
    reopened = await _reopened(visit, here, is_closed=ended.place is None)
    if reopened is None or isinstance(reopened, Response):
        return reopened
    return [*changed, *reopened]


async def _no_place(
    visit: Visit, row: EntryRow, me: Person
) -> tuple[Json, int] | Response | None:
    """The place that the end gave it, ended while nobody has it, here or elsewhere."""
    if row.state != State.NEW or row.owner:
        return None
    task = await stored(visit, TYPE, row.entry, patient=row.patient)
    if isinstance(task, Response):
        return task
    entry = entry_in(task.content)
    over = entry and ended_unseen(entry, by=me, at=visit.clock.now(), words=WORDS)
    if not isinstance(over, Entry) or await _is_sent(visit, over.outcome):
        return None
    return {**entry_content(over, task.content), "status": CANCELLED}, task.version


async def _is_sent(visit: Visit, about: str) -> bool:
    """Whether another service has it: that is taken back where it was sent."""
    sent = await visit.services[Outbox].standing(organisation_of(visit), about)
    return standing_referral(sent) is not None or standing_booking(sent) is not None


async def _reopened(
    visit: Visit, here: Here, *, is_closed: bool
) -> Changes | Response | None:
    """Case and journey as they were before they were closed with it."""
    entry = here.entry
    if not is_closed or not entry.case:
        return []
    at = instant(entry.did[-1].at)
    case = await _before(visit, CASE, entry.case, entry.patient)
    if isinstance(case, Response):
        return case
    if closed(case.was, at=at) != case.now.content:
        return None  # somebody changed it since
    named = journey_of(case.now.content)
    journey = await _before(visit, JOURNEY, named, entry.patient) if named else None
    if isinstance(journey, Response):
        return journey
    changed = [(case.was, case.now.version)]
    # Where another call goes on with the journey, it was not closed by this end.
    if journey is not None and _ends_at(journey.now.content, at):
        changed.append((journey.was, journey.now.version))
    return changed


class _Twice(NamedTuple):
    """A resource as it is, and as it was in the version before."""

    now: Stored
    was: Json


async def _before(
    visit: Visit, type_: str, id_: str, patient: str
) -> _Twice | Response:
    now = await stored(visit, type_, id_, patient=patient)
    if isinstance(now, Response):
        return now
    older = max(1, now.version - 1)
    was = await stored(visit, type_, id_, patient=patient, version=older)
    return was if isinstance(was, Response) else _Twice(now, was.content)


def _ends_at(content: Json, at: str) -> bool:
    span = content.get("period")
    return isinstance(span, dict) and span.get("end") == at


async def _beside(visit: Visit, here: Here, ended: Ended) -> list[Beside] | None:
    """What has not gone does not go; None: it has."""
    organisation, now = organisation_of(visit), visit.clock.now()
    beside = []
    if ended.place is not None and ended.place.send_at is not None:
        if now >= ended.place.send_at:
            return None
        values = (organisation, ended.place.entry, now)
        beside.append(Beside(sql=NOT_SENT, values=values))
    post = await visit.services[PostRows].of_case(organisation, here.entry.case)
    if post is not None and post.is_standing:
        if not post.can_be_dropped:
            return None
        beside.append(drop(organisation, post.message, now=now))
    return beside
