# SPDX-License-Identifier: Apache-2.0
"""Recording a contact: one page, one press, one change of the record.

Done means, to whoever visits people at home: on my phone I say what came of the
appointment, write my note, book the next one, and press once. It is all there, or none
of it. Rejected: a note now and the figures at the end of the week (typed twice, or from
memory), and a contact that another colleague's diary says nothing of.
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.contacts.opening import Ground, ground_of
from wardkeep.apps.contacts.typed import (
    ACTIVITY,
    LONGEST_FIELD_BYTES,
    LONGEST_NOTE,
    Typed,
    blank,
    read_typed,
)
from wardkeep.base.ids import is_uuid, new_uuid
from wardkeep.care.asked import options
from wardkeep.care.colleagues import colleagues
from wardkeep.care.keeping import Keeping, finish, go_on, resume
from wardkeep.care.kept_forms import CONTACT
from wardkeep.care.of_patient import WRITERS, refused
from wardkeep.care.opening import me, opener_of
from wardkeep.care.sent_twice import USED_BEFORE
from wardkeep.care.writing import content_of, drafted, drafted_anew
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.contacts.appointments import (
    TYPE as APPOINTMENT,
    Next,
    next_appointment,
    planned_in,
    with_outcome,
)
from wardkeep.fhir.contacts.codes import (
    ACTIVITIES,
    APPOINTMENT_STATUS,
    ATTENDED,
    MECHANISM,
    NEXT_WAYS,
    PLACES,
    SUBJECT,
)
from wardkeep.fhir.contacts.contact import (
    TYPE,
    Contact,
    encounter_of,
    next_id,
    note_id,
    read_contact,
)
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.notes.note import (
    TYPE as NOTE,
    Attester,
    Note,
    read_note,
    resource_of,
)
from wardkeep.fhir.notes.words import Section
from wardkeep.fhir.store.change import MUST_NOT_EXIST, Change
from wardkeep.fhir.store.draft import Draft, draft_of
from wardkeep.fhir.store.outcomes import Conflict, Invalid, NotFound, Written
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer
from wardkeep.ui.format import show_moment
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit


@page("/patients/{id}/contacts/new", gate=WRITERS)
async def show_recording(visit: Visit) -> Response:
    ground = await ground_of(visit)
    if isinstance(ground, Response):
        return ground
    keeping = await resume(visit, CONTACT)
    if isinstance(keeping, Response):
        return keeping
    asked = visit.query("appointment")
    planned = next((one for one in ground.appointments if one.id == asked), None)
    values = blank(planned, visit.clock.now()) | keeping.values
    return await _show(visit, ground, Form(values), keeping)


async def _again(visit: Visit, ground: Ground, form: Form) -> Response:
    which = form.values.get("contact", "")
    note = which if is_uuid(which) else new_uuid()
    keeping = await go_on(visit, CONTACT, form, note=note)
    if isinstance(keeping, Response):
        return keeping
    return await _show(visit, ground, form, keeping)


async def _show(visit: Visit, ground: Ground, form: Form, keeping: Keeping) -> Response:
    problems = tuple(form.problems.values())
    return visit.render(
        "contacts/record.html",
        status=422 if problems else 200,
        id=visit.path("id"),
        banner=ground.banner,
        keeping=keeping,
        typed=form.values,
        problems=problems,
        appointments=[
            (one.id, f"{one.words}, {show_moment(one.starts.isoformat())}")
            for one in ground.appointments
        ],
        attended=tuple(ATTENDED.items()),
        mechanisms=tuple(MECHANISM.items()),
        places=list(PLACES.items()),
        subjects=tuple(SUBJECT.items()),
        activities=[
            (f"{ACTIVITY}{one.code}", one.words) for one in ACTIVITIES.values()
        ],
        ways=list(NEXT_WAYS.items()),
        colleagues=options(await _others(visit)),
        longest=LONGEST_NOTE,
    )


async def _others(visit: Visit) -> list[Person]:
    """Colleagues who may have been there too."""
    mine = await me(visit)
    return [one for one in await colleagues(visit) if one.reference != mine.reference]


@page("/patients/{id}/contacts/new", gate=WRITERS, methods=("POST",))
async def record_contact(visit: Visit) -> Response:
    """All of it is stored at once; sent twice, it is stored once."""
    form = await visit.form(longest=LONGEST_FIELD_BYTES)
    if isinstance(form, Trouble):
        return visit.tell(form)
    which = form.values.get("contact", "")
    if not is_uuid(which):
        return visit.tell(NOT_FOUND)
    ground = await ground_of(visit)
    if isinstance(ground, Response):
        return ground
    before = await _before(visit, which)
    if isinstance(before, Response):
        return before
    others = {one.reference: one for one in await _others(visit)}
    if before is not None:
        return await _once_more(visit, form, before)
    typed = read_typed(form, ground.appointments, tuple(others), now=visit.clock.now())
    if typed is None:
        return await _again(visit, ground, form)
    colleague = others.get(typed.colleague, Person())
    contact = _contact(visit, which, typed, await me(visit), colleague)
    return await _store(visit, ground, form, typed, contact)


async def _before(visit: Visit, which: str) -> Contact | Response | None:
    """What is stored under that id already; None: nothing."""
    opened = await visit.services[Reader].one(TYPE, which, opener=opener_of(visit))
    if isinstance(opened, NotFound):
        return None
    if isinstance(opened, Refusal):
        return refused(visit, opened)
    found = read_contact(opened.resources[0])
    is_here = found is not None and found.patient == visit.path("id")
    return found if is_here and found is not None else visit.tell(USED_BEFORE)


async def _once_more(visit: Visit, form: Form, before: Contact) -> Response:
    """It was sent before. The same words are done; others are not lost, nor stored."""
    if not before.is_wrong and await _is_same(visit, form, before):
        await finish(visit, form)
        return visit.go_to(
            f"/patients/{visit.path('id')}/contacts/{before.id}?said=saved"
        )
    return visit.tell(USED_BEFORE)


async def _is_same(visit: Visit, form: Form, before: Contact) -> bool:
    """Whether the form says what is stored: it is built anew and compared."""
    said = Form(form.values | {"appointment": ""})
    typed = read_typed(said, (), (before.colleague.reference,), now=visit.clock.now())
    if typed is None:
        return False
    made = _contact(visit, before.id, typed, before.author, before.colleague)
    kept = msgspec.structs.replace(
        made,
        appointment=before.appointment,
        was=before.was,
        next=before.next,
        version=before.version,
    )
    is_planned = form.values.get("appointment", "") == before.appointment
    return (
        kept == before
        and is_planned
        and await _next_says(visit, before, typed.next)
        and await _note_says(visit, before, typed.note)
    )


async def _next_says(visit: Visit, before: Contact, said: Next | None) -> bool:
    if said is None or not before.next:
        return said is None and not before.next
    opened = await visit.services[Reader].one(
        APPOINTMENT, before.next, opener=opener_of(visit)
    )
    if isinstance(opened, Refusal | NotFound):
        return False
    stored = planned_in(opened.resources[0])
    return stored is not None and (stored.starts, stored.minutes, stored.words) == (
        said.starts,
        said.minutes,
        NEXT_WAYS[said.way],
    )


async def _note_says(visit: Visit, before: Contact, text: str) -> bool:
    if not before.note:
        return not text
    opened = await visit.services[Reader].one(
        NOTE, before.note, opener=opener_of(visit)
    )
    if isinstance(opened, Refusal | NotFound):
        return False
    note = read_note(opened.resources[0])
    return note is not None and [one.text for one in note.sections] == [text]


def _contact(
    visit: Visit, which: str, typed: Typed, author: Person, colleague: Person
) -> Contact:
    return Contact(
        id=which,
        patient=visit.path("id"),
        attended=typed.attended,
        mechanism=typed.mechanism,
        begins=typed.begins,
        minutes=typed.minutes,
        place=typed.place,
        subject=typed.subject,
        others=typed.others,
        activities=typed.activities,
        done=typed.done,
        why=typed.why,
        author=author,
        colleague=colleague,
        appointment=typed.planned.id if typed.planned else "",
        was=typed.planned.status if typed.planned else "",
        note=note_id(which) if typed.note else "",
        next=next_id(which) if typed.next else "",
    )


async def _store(
    visit: Visit, ground: Ground, form: Form, typed: Typed, contact: Contact
) -> Response:
    change = await _change(visit, typed, contact)
    if isinstance(change, Response):
        return change
    written = await visit.services[Writer].write(change, opener=opener_of(visit))
    if isinstance(written, Refusal):
        return refused(visit, written, form)
    if isinstance(written, Conflict):
        return await _met(visit, ground, form, contact)
    if isinstance(written, Invalid):
        for one in written.problems:
            form.reject("note", wrong=one.wrong, mend=one.mend)
        return await _again(visit, ground, form)
    if not isinstance(written, Written):
        return visit.tell(NOT_FOUND)
    await finish(visit, form)
    return visit.go_to(f"/patients/{contact.patient}/contacts/{contact.id}?said=saved")


async def _met(visit: Visit, ground: Ground, form: Form, contact: Contact) -> Response:
    """Somebody was faster: oneself, with the same form; or another, at the desk."""
    before = await _before(visit, contact.id)
    if isinstance(before, Response):
        return before
    if before is not None:
        return await _once_more(visit, form, before)
    form.reject(
        "appointment",
        wrong="Somebody changed that appointment just now",
        mend="Nothing was saved. Look at it as it is, and save again.",
    )
    return await _again(visit, ground, form)


async def _change(visit: Visit, typed: Typed, contact: Contact) -> Change | Response:
    """Contact, note, what became of the appointment, and the next: all or nothing."""
    drafts: list[Draft] = [drafted(encounter_of(contact))]
    if contact.note:
        drafts.append(_note(visit, typed, contact))
    if typed.next is not None:
        following = next_appointment(
            typed.next,
            id_=contact.next,
            patient=contact.patient,
            author=contact.author,
            made=visit.clock.now(),
        )
        drafts.append(drafted(following))
    expected: list[int | None] = [MUST_NOT_EXIST] * len(drafts)
    if typed.planned is not None:
        opened = await visit.services[Reader].one(
            APPOINTMENT, typed.planned.id, opener=opener_of(visit)
        )
        if isinstance(opened, Refusal):
            return refused(visit, opened)
        if isinstance(opened, NotFound):
            return visit.tell(NOT_FOUND)
        ended = with_outcome(
            content_of(opened.resources[0].text),
            APPOINTMENT_STATUS[contact.attended],
            why=contact.why or ATTENDED[contact.attended],
        )
        drafts.append(drafted_anew(ended))
        expected.append(typed.planned.version)
    return Change(drafts=drafts, expected=expected)


def _note(visit: Visit, typed: Typed, contact: Contact) -> Draft:
    now = visit.clock.now()
    signature = Attester(now.isoformat(timespec="seconds"), contact.author)
    note = Note(
        id=contact.note,
        patient=contact.patient,
        title=contact.title,
        sections=(Section("", typed.note),),
        written=now,
        about=contact.begins,
        authors=(contact.author,),
        attesters=(signature,),
        by=contact.author,
    )
    return draft_of(resource_of(note), note.id)
