# SPDX-License-Identifier: Apache-2.0
"""One contact: what was recorded, its note, and how the data set names it."""

from collections.abc import Sequence

from starlette.responses import Response

from wardkeep.apps.contacts.opening import find_contact
from wardkeep.base.outcome import Problem
from wardkeep.care.of_patient import WRITERS, banner_for
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.contacts.appointments import TYPE as APPOINTMENT, planned_in
from wardkeep.fhir.contacts.codes import (
    ACTIVITIES,
    ATTENDED,
    MECHANISM,
    PLACES,
    SUBJECT,
)
from wardkeep.fhir.contacts.contact import Contact
from wardkeep.fhir.contacts.data_set import fields_of
from wardkeep.fhir.notes.note import TYPE as NOTE, Note, read_note
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.reading import Reader
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit


@page("/patients/{id}/contacts/{contact}", gate=WRITERS)
async def show_contact(visit: Visit) -> Response:
    found = await find_contact(visit, visit.path("contact"))
    return found if isinstance(found, Response) else await show(visit, found)


async def show(
    visit: Visit, contact: Contact, problems: Sequence[Problem] = ()
) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    following = ""
    if contact.next:
        opened = await visit.services[Reader].one(
            APPOINTMENT, contact.next, opener=opener_of(visit)
        )
        if not isinstance(opened, Refusal | NotFound):
            planned = planned_in(opened.resources[0])
            if planned is not None and planned.status != "cancelled":
                following = planned.starts.isoformat()
    return visit.render(
        "contacts/contact.html",
        status=422 if problems else 200,
        id=contact.patient,
        banner=banner,
        contact=contact,
        note=await note_of(visit, contact),
        following=following,
        attended=ATTENDED[contact.attended],
        mechanism=MECHANISM.get(contact.mechanism, contact.mechanism),
        place=PLACES.get(contact.place, contact.place),
        subject=SUBJECT.get(contact.subject, contact.subject),
        activities=[ACTIVITIES[one].words for one in contact.activities],
        fields=fields_of(contact),
        problems=problems,
        was_saved=visit.query("said") == "saved",
    )


async def note_of(visit: Visit, contact: Contact) -> Note | None:
    """Its note as it stands now; None where there is none, or it is not to be read."""
    if not contact.note:
        return None
    opened = await visit.services[Reader].one(
        NOTE, contact.note, opener=opener_of(visit)
    )
    if isinstance(opened, Refusal | NotFound):
        return None
    return read_note(opened.resources[0])
