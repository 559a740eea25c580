# SPDX-License-Identifier: Apache-2.0
"""An end that is taken back while nobody has acted on it: the call is open again.

An ambulance is stopped so until it has gone, which is five seconds after it was asked
for. What was written stays in the record, as an order that was revoked and a place in a
queue that ended.
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.calls.opening import (
    ANSWERERS,
    Stored,
    case_draft,
    case_here,
    here,
    triage_id,
)
from wardkeep.care.case_messages import About, taking_back
from wardkeep.care.of_patient import refused
from wardkeep.care.opening import me, opener_of
from wardkeep.care.stored import stored as stored_here
from wardkeep.care.writing import drafted_anew
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.bars.outgoing import Outbox, Queued
from wardkeep.fhir.questionnaires.response import TYPE as RESPONSE
from wardkeep.fhir.store.change import MUST_NOT_EXIST, Beside, Change
from wardkeep.fhir.store.outcomes import Written
from wardkeep.fhir.store.writing import Writer
from wardkeep.fhir.urgent import outcome
from wardkeep.fhir.urgent.case import OPEN, Case, Content
from wardkeep.fhir.urgent.dispatching import NOT_SENT
from wardkeep.fhir.urgent.moving import ended_unseen
from wardkeep.fhir.urgent.queue_rows import EntryRow, QueueRows
from wardkeep.fhir.urgent.queueing import TYPE, Entry, entry_content, entry_in
from wardkeep.fhir.urgent.steps import UNDO_WITHIN, State
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

CANCELLED = "cancelled"
"""The Task's status: it was in that queue by mistake, and is counted nowhere."""
WORDS = "Taken back by whoever had the call"
_GONE = Trouble(
    status=409,
    title="It is too late to take this back",
    why="A colleague has the case already, or the ambulance service has the request. So"
    " nothing was changed.",
    mend="Ring them. The call says who has it, and how the request stands.",
)


async def where_it_waits(visit: Visit, case: Case) -> EntryRow | None:
    """A case's place in a queue, while it has one."""
    if case.outcome is None:
        return None
    return await visit.services[QueueRows].of_case(
        opener_of(visit).organisation, case.id
    )


def can_take_back(visit: Visit, stored: Stored, row: EntryRow | None) -> bool:
    """Whether whoever ended the call may still take that back."""
    end, now = stored.case.outcome, visit.clock.now()
    if not stored.is_mine or end is None or row is None:
        return False
    if row.disposition != end.code:  # a colleague came to something else since
        return False
    if row.state != State.NEW or row.owner or now - end.at > UNDO_WITHIN:
        return False
    return row.send_at is None or (row.sent_at is None and now < row.send_at)


def is_of_a_colleague(request: Content) -> bool:
    """Whether somebody looked again since the call: what it comes to is theirs."""
    return (said := outcome.outcome_in(request)) is not None and bool(said.replaces)


@page("/patients/{id}/calls/{case}/take-back", gate=ANSWERERS, methods=("POST",))
async def take_back(visit: Visit) -> Response:
    await visit.leave_nothing_unread()
    stored = await case_here(visit)
    if isinstance(stored, Response):
        return stored
    if stored.case.is_open:
        return visit.go_to(_again(visit))  # sent twice
    row = await where_it_waits(visit, stored.case)
    if row is None or not can_take_back(visit, stored, row):
        return visit.tell(_GONE)
    return await _take_back(visit, stored, row)


def _again(visit: Visit) -> str:
    return f"{here(visit, 'end')}?again=yes"


async def _take_back(visit: Visit, stored: Stored, row: EntryRow) -> Response:
    task = await stored_here(visit, TYPE, row.entry, patient=visit.path("id"))
    if isinstance(task, Response):
        return task
    entry = entry_in(task.content)
    request = await stored_here(
        visit, outcome.TYPE, entry.outcome if entry else "", patient=visit.path("id")
    )
    if isinstance(request, Response):
        return request
    mine, at = await me(visit), visit.clock.now()
    own = None if is_of_a_colleague(request.content) else entry
    after = own and ended_unseen(own, by=mine, at=at, words=WORDS)
    if not isinstance(after, Entry):
        return visit.tell(_GONE)
    reopened = msgspec.structs.replace(
        stored.case, outcome=None, status=OPEN, ended=None
    )
    opener, now = opener_of(visit), visit.clock.now()
    found = await _with_it(visit, stored, request.content)
    if isinstance(found, Response):
        return found
    asked, messages = found
    change = Change(
        drafts=[
            *(drafted_anew(content) for content, _ in asked),
            case_draft(reopened, stored),
            drafted_anew({**entry_content(after, task.content), "status": CANCELLED}),
            drafted_anew({**request.content, "status": outcome.REVOKED}),
            *(one.draft for one in messages),
        ],
        expected=[
            *(version for _, version in asked),
            *(stored.version, task.version, request.version),
            *(MUST_NOT_EXIST for _ in messages),
        ],
        beside=[
            *(
                [Beside(sql=NOT_SENT, values=(opener.organisation, row.entry, now))]
                if row.send_at is not None
                else []
            ),
            *(beside for one in messages for beside in one.beside),
        ],
    )
    written = await visit.services[Writer].write(change, opener=opener)
    match written:
        case Written():
            return visit.go_to(_again(visit))
        case Refusal():
            return refused(visit, written)
        case _:
            return visit.tell(_GONE)


async def _with_it(
    visit: Visit, stored: Stored, request: Content
) -> tuple[list[tuple[Content, int]], list[Queued]] | Response:
    """What was asked in the call, and what it sent: both are taken back with it."""
    asked = await _asked(visit, stored)
    if isinstance(asked, Response):
        return asked
    messages = await _sent_back(visit, stored, request)
    return messages if isinstance(messages, Response) else (asked, messages)


async def _sent_back(
    visit: Visit, stored: Stored, request: Content
) -> list[Queued] | Response:
    """What takes back all that the call sent to another service."""
    organisation, asked = opener_of(visit).organisation, outcome.outcome_in(request)
    if asked is None:
        return []
    sent = await visit.services[Outbox].standing(organisation, asked.id)
    if not sent:
        return []
    patient = await stored_here(
        visit, "Patient", visit.path("id"), patient=visit.path("id")
    )
    if isinstance(patient, Response):
        return patient
    about = About(patient=patient.content, case=stored.content, outcome=asked)
    return await taking_back(visit, about, sent, author=await me(visit), why=WORDS)


async def _asked(visit: Visit, stored: Stored) -> list[tuple[Content, int]] | Response:
    """What was asked and decided with that end: it is decided no more."""
    found = await stored_here(
        visit,
        RESPONSE,
        triage_id(stored.case.id, stored.version - 1),
        patient=visit.path("id"),
    )
    if isinstance(found, Response):
        return [] if found.status_code == NOT_FOUND.status else found
    return [({**found.content, "status": "entered-in-error"}, found.version)]
