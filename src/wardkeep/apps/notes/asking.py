# SPDX-License-Identifier: Apache-2.0
"""What the pages of notes have in common: whose draft it is, and who the patient is."""

from starlette.responses import Response

from wardkeep.care.opening import opener_of
from wardkeep.care.people import who_is
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.who_i_am import AskWhoIAm, WhoIAm
from wardkeep.fhir.notes.draft_rows import DraftRow
from wardkeep.fhir.notes.drafts import NoteDrafts
from wardkeep.fhir.notes.note import Who
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.reading import Reader
from wardkeep.ui.banner import Banner
from wardkeep.web.forms import Form
from wardkeep.web.gates import Gate
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

WRITERS = Gate.SIGNED_IN.but(
    "administrator", "finance_clerk", "privacy_officer", "receptionist", "support"
)
"""Whose role opens clinical records; the door decides all the same."""
_PERSON = "Practitioner/"


async def own_draft(visit: Visit) -> DraftRow | Response:
    """The draft in the address, where it is the visitor's own and this patient's."""
    opener = opener_of(visit)
    draft = await visit.services[NoteDrafts].look(
        opener.organisation, visit.path("draft")
    )
    if draft is None or draft.account != visit.session.account:
        return visit.tell(NOT_FOUND)
    is_theirs = draft.patient.id == visit.path("id")
    return draft if is_theirs else visit.tell(NOT_FOUND)


async def banner_for(visit: Visit) -> Banner | Response:
    """The patient's banner, opened at the door."""
    patient = visit.path("id")
    reader = visit.services[Reader]
    found = await reader.one("Patient", patient, opener=opener_of(visit))
    if isinstance(found, Refusal):
        return turned_back(visit, found)
    if isinstance(found, NotFound):
        return visit.tell(NOT_FOUND)
    today = visit.clock.now().date()
    return who_is(patient, found.resources[0].text, today)


def turned_back(visit: Visit, refusal: Refusal, form: Form | None = None) -> Response:
    """A refusal; where a reason is due, the record is where to give it."""
    if refusal.needs_reason:
        return visit.go_to(f"/patients/{visit.path('id')}")
    return visit.refuse(refusal, form)


async def me(visit: Visit) -> Who:
    """The visitor as the record names them: a name, and a Practitioner if said."""
    work = await visit.warden.ask(AskWhoIAm(visit.token), WhoIAm)
    people = work.practitioners if isinstance(work, WhoIAm) else ()
    named = next((one for one in people if one.startswith(_PERSON)), "")
    return Who(named, visit.session.display_name)
