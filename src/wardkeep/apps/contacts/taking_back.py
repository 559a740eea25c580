# SPDX-License-Identifier: Apache-2.0
"""Taking a contact back: entered in error, with everything that was stored with it.

Done means: one press and a reason, and the appointment waits again, the next one is
off, and contact and note are struck out and stay readable. What somebody changed
since is left as it is.
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.contacts.opening import find_contact
from wardkeep.apps.contacts.showing import note_of, show
from wardkeep.care.of_patient import CHANGED, WRITERS, refused, whole_number
from wardkeep.care.opening import me, opener_of
from wardkeep.care.writing import content_of, drafted, drafted_anew
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.contacts.appointments import (
    BOOKED,
    CANCELLED,
    OPEN,
    TYPE as APPOINTMENT,
    with_outcome,
)
from wardkeep.fhir.contacts.codes import APPOINTMENT_STATUS
from wardkeep.fhir.contacts.contact import Contact, encounter_of
from wardkeep.fhir.notes.note import WRONG, resource_of
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.draft import Draft, draft_of
from wardkeep.fhir.store.outcomes import NotFound, Written
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

_LONGEST_WHY = 300


@page("/patients/{id}/contacts/{contact}/wrong", gate=WRITERS, methods=("POST",))
async def take_back(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await find_contact(visit, visit.path("contact"))
    if isinstance(found, Response):
        return found
    why = form.text("why", called="why it is wrong", at_most=_LONGEST_WHY)
    if form.problems:
        return await show(visit, found, tuple(form.problems.values()))
    if found.is_wrong or whole_number(form.values.get("version", "")) != found.version:
        return visit.tell(CHANGED)
    return await _store(visit, found, why, form)


async def _store(visit: Visit, found: Contact, why: str, form: Form) -> Response:
    change = await _change(visit, found, why)
    written = await visit.services[Writer].write(change, opener=opener_of(visit))
    if isinstance(written, Refusal):
        return refused(visit, written, form)
    if not isinstance(written, Written):
        return visit.tell(CHANGED)
    return visit.go_to(f"/patients/{found.patient}/contacts/{found.id}")


async def _change(visit: Visit, found: Contact, why: str) -> Change:
    """Whatever stands as it was stored goes back; all of it, or nothing."""
    mine = await me(visit)
    marked = msgspec.structs.replace(found, is_wrong=True, wrong_why=why, wrong_by=mine)
    drafts: list[Draft] = [drafted(encounter_of(marked))]
    expected: list[int | None] = [found.version]
    note = await note_of(visit, found)
    if note is not None and not note.is_wrong:
        struck = msgspec.structs.replace(note, status=WRONG, by=mine, why=why)
        drafts.append(draft_of(resource_of(struck), note.id))
        expected.append(note.version)
    became = APPOINTMENT_STATUS[found.attended]
    for id_, is_as_stored, back in (
        (found.appointment, {became}, found.was or BOOKED),
        (found.next, OPEN, CANCELLED),
    ):
        undone = await _undone(visit, id_, is_as_stored, back, why)
        if undone is not None:
            drafts.append(undone[0])
            expected.append(undone[1])
    return Change(drafts=drafts, expected=expected)


async def _undone(
    visit: Visit,
    id_: str,
    is_as_stored: frozenset[str] | set[str],
    back: str,
    why: str,
) -> tuple[Draft, int] | None:
    """An appointment with its status put back; None where somebody went on with it."""
    if not id_:
        return None
    opened = await visit.services[Reader].one(APPOINTMENT, id_, opener=opener_of(visit))
    if isinstance(opened, Refusal | NotFound):
        return None
    [one] = opened.resources
    content = content_of(one.text)
    if content.get("status") not in is_as_stored:
        return None
    return drafted_anew(with_outcome(content, back, why=why)), one.version
