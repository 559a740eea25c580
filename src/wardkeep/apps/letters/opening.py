# SPDX-License-Identifier: Apache-2.0
"""Finding one letter, and saving it."""

import msgspec
from starlette.responses import Response

from wardkeep.care.asked import topics_for
from wardkeep.care.of_patient import CHANGED, refused
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.letters.letter import TYPE, Letter, letter_resource, read_letter
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.draft import draft_of
from wardkeep.fhir.store.outcomes import Conflict, NotFound, Opened, Written
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer
from wardkeep.fhir.tasks.to_do import ToDo, task_resource
from wardkeep.web.gates import Gate
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

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


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A letter as it is stored."""

    id: str
    version: int
    letter: Letter


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
    visit: Visit,
    letter: Letter,
    *,
    id_: str,
    version: int,
    asked: ToDo | None = None,
) -> Written | Conflict | Response:
    """Write it in the place of that version; 0: of nothing.

    With it goes what becomes of the question who approves it, if there is one.
    """
    made = letter_resource(letter, patient=visit.path("id"), id_=id_)
    change = Change(drafts=[draft_of(made, id_)], expected=[version])
    if asked is not None:
        task = draft_of(task_resource(asked), asked.id)
        change = Change(
            drafts=[*change.drafts, task],
            expected=[version, None],
            tells=topics_for(
                "letters", (asked.owner.reference, asked.requester.reference)
            ),
        )
    written = await visit.services[Writer].write(change, opener=opener_of(visit))
    if isinstance(written, Refusal):
        return refused(visit, written)
    if isinstance(written, Written | Conflict):
        return written
    return visit.tell(CHANGED)


def address_of(visit: Visit, id_: str) -> str:
    return f"/patients/{visit.path('id')}/letters/{id_}"
