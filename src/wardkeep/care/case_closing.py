# SPDX-License-Identifier: Apache-2.0
"""Closing a case together with what came of it: one change, or nothing of it.

Its place in a queue ends, what the call came to is completed, the case is closed. The
page that did something about it adds what it made, and writes all of it at once.
"""

from datetime import datetime

import msgspec
from starlette.responses import Response

from wardkeep.base.ids import is_fhir_id
from wardkeep.care.journeys import journey_that_ends
from wardkeep.care.of_patient import refused
from wardkeep.care.queue_setting import setting_now
from wardkeep.care.stored import Json, stored
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.moments import moment_in
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent import outcome
from wardkeep.fhir.urgent.moving import NOT_NOW, Cannot, advance
from wardkeep.fhir.urgent.queueing import TYPE, Did, Entry, entry_content, entry_in
from wardkeep.fhir.urgent.ringing import closed
from wardkeep.fhir.urgent.saying import instant
from wardkeep.fhir.urgent.steps import Step
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

Written = list[tuple[Json, int]]
"""Content, with the version in whose place it is written."""
_MISSING = 404


async def place_in_queue(
    visit: Visit, entry: str, patient: str
) -> tuple[Entry, Json, int] | Response:
    """A place in a queue, of this patient, with its content and version."""
    if not is_fhir_id(entry):
        return visit.tell(NOT_FOUND)
    found = await stored(visit, TYPE, entry, patient=patient)
    if isinstance(found, Response):
        return found
    one = entry_in(found.content)
    if one is None:
        return visit.tell(NOT_FOUND)
    now = msgspec.structs.replace(one, times=(await setting_now(visit)).times)
    return now, found.content, found.version


async def closing(  # noqa: PLR0913 - an end is this much
    visit: Visit,
    entry: str,
    patient: str,
    *,
    by: Person,
    words: str,
    now: datetime,
    takes: bool = False,
) -> Written | Cannot | Response:
    """All that is written to close it; why not, where somebody else has the case.

    `takes`: nobody has it yet, and whoever ends it takes it in the same change.
    """
    found = await place_in_queue(visit, entry, patient)
    if isinstance(found, Response):
        return found
    one, content, version = found
    if not by.reference:
        return NOT_NOW
    held = advance(one, Did(step=Step.TAKE, at=now, by=by)) if takes else one
    if isinstance(held, Cannot):
        return held
    after = advance(held, Did(step=Step.END, at=now, by=by, words=words))
    if isinstance(after, Cannot):
        return after
    changed: Written = [(entry_content(after, content), version)]
    if one.outcome:
        was = await stored(visit, outcome.TYPE, one.outcome, patient=patient)
        if isinstance(was, Response):
            return was
        done = {**was.content, "status": outcome.COMPLETED}
        changed.append((done, was.version))
    over = await case_closed(visit, one, instant(now))
    return over if isinstance(over, Response) else [*changed, *over]


async def awaiting(
    visit: Visit, entry: str, patient: str, *, by: Person, words: str, now: datetime
) -> Written | Response:
    """That the case waits for something, so that lists of what is overdue have it.

    Nothing where it cannot be said now: somebody else has it, or nobody was reached.
    """
    found = await place_in_queue(visit, entry, patient)
    if isinstance(found, Response):
        return found
    one, content, version = found
    did = Did(step=Step.AWAIT, at=now, by=by, words=words)
    after = advance(one, did)
    if isinstance(after, Cannot):
        return []
    return [(entry_content(after, content), version)]


async def case_closed(visit: Visit, entry: Entry, at: str) -> Written | Response:
    """The case itself, closed, and its journey; nothing where there is none."""
    if not entry.case:
        return []
    case = await stored(visit, "Encounter", entry.case, patient=entry.patient)
    if isinstance(case, Response):
        return [] if case.status_code == _MISSING else case
    # One moment for both: an end that is taken back knows by it what it closed.
    over = await journey_that_ends(
        visit,
        case.content,
        patient=entry.patient,
        at=moment_in(at) or visit.clock.now(),
    )
    if isinstance(over, Refusal):
        return refused(visit, over, patient=entry.patient)
    return [*over, (closed(case.content, at=at), case.version)]
