# SPDX-License-Identifier: Apache-2.0
"""What every page of letters begins with: who it is about, and the letter."""

import msgspec
from starlette.responses import Response

from wardkeep.care.opening import opener_of
from wardkeep.care.people import who_is
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.letters.letter import TYPE, Letter, letter_resource, read_letter
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.draft import draft_of
from wardkeep.fhir.store.outcomes import Conflict, NotFound, Opened, Written
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer
from wardkeep.ui.banner import Banner
from wardkeep.web.gates import Gate
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

READERS = Gate.SIGNED_IN.but(
    "administrator", "finance_clerk", "privacy_officer", "receptionist"
)
"""Whose role opens records; the door decides all the same."""
WRITERS = READERS.but("support")
APPROVERS = Gate.SIGNED_IN.only(
    "community_coordinator",
    "crisis_worker",
    "doctor",
    "hospice_nurse",
    "shift_lead",
    "urgent_care_clinician",
    "ward_nurse",
)
"""Clinicians: their name stands under the letter."""
CHANGED = Trouble(
    status=409,
    title="Somebody else changed the letter just now",
    why="It was changed after this page was drawn, so nothing was done.",
    mend="Go back to the letter, read it as it is now, and decide again.",
)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A letter as it is stored."""

    id: str
    version: int
    letter: Letter


async def who_is_it(visit: Visit) -> tuple[Banner, bytes] | Response:
    """The patient's banner and Patient resource; else the page that says why not."""
    patient = visit.path("id")
    person = await visit.services[Reader].one(
        "Patient", patient, opener=opener_of(visit)
    )
    if isinstance(person, NotFound):
        return visit.tell(NOT_FOUND)
    if isinstance(person, Refusal):
        return refused(visit, person)
    text = person.resources[0].text
    return who_is(patient, text, visit.clock.now().date()), text


async def find_letter(visit: Visit, id_: str) -> Found | Response:
    """One of this patient's letters."""
    opened = await visit.services[Reader].one(TYPE, id_, opener=opener_of(visit))
    if isinstance(opened, Refusal):
        return refused(visit, opened)
    if isinstance(opened, NotFound):
        return visit.tell(NOT_FOUND)
    found = letters_in(opened)
    if not found or opened.resources[0].patient != visit.path("id"):
        return visit.tell(NOT_FOUND)
    return found[0]


def letters_in(opened: Opened) -> list[Found]:
    """Those that were written here; documents from elsewhere are no letters of ours."""
    found = []
    for one in opened.resources:
        letter = read_letter(one.text)
        if letter is not None:
            found.append(Found(id=one.id, version=one.version, letter=letter))
    return found


async def save(
    visit: Visit, letter: Letter, *, id_: str, version: int
) -> Written | Conflict | Response:
    """Write it in the place of that version; 0: of nothing."""
    made = letter_resource(letter, patient=visit.path("id"), id_=id_)
    change = Change(drafts=[draft_of(made, id_)], expected=[version])
    written = await visit.services[Writer].write(change, opener=opener_of(visit))
    if isinstance(written, Refusal):
        return refused(visit, written)
    if isinstance(written, Written | Conflict):
        return written
    return visit.tell(CHANGED)


def refused(visit: Visit, refusal: Refusal) -> Response:
    """Where only a reason is missing, the record is where to give it."""
    if refusal.needs_reason:
        return visit.go_to(f"/patients/{visit.path('id')}")
    return visit.refuse(refusal)


def address_of(visit: Visit, id_: str) -> str:
    return f"/patients/{visit.path('id')}/letters/{id_}"
