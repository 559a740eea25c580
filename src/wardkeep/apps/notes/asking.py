# SPDX-License-Identifier: Apache-2.0
"""What the pages of notes have in common: whose draft it is, and who the patient is."""

from starlette.responses import Response

from wardkeep.care.of_patient import who_is_it
from wardkeep.care.opening import author_of, opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.notes.draft_rows import DraftRow
from wardkeep.fhir.notes.drafts import NoteDrafts
from wardkeep.fhir.notes.note import Who
from wardkeep.ui.banner import Banner
from wardkeep.web.forms import Form
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit


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
    found = await who_is_it(visit)
    return found if isinstance(found, Response) else found[0]


def turned_back(visit: Visit, refusal: Refusal, form: Form | None = None) -> Response:
    """A refusal; where a reason is due, the record is where to give it."""
    if refusal.needs_reason:
        return visit.go_to(f"/patients/{visit.path('id')}")
    return visit.refuse(refusal, form)


async def me(visit: Visit) -> Who:
    """The visitor as the record names them: a name, and a Practitioner if said."""
    said = await author_of(visit)
    return Who(said.get("reference", ""), said.get("display", ""))
