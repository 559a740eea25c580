# SPDX-License-Identifier: Apache-2.0
"""What the pages of notes have in common: whose draft it is."""

from starlette.responses import Response

from wardkeep.care.opening import opener_of
from wardkeep.fhir.notes.draft_rows import DraftRow
from wardkeep.fhir.notes.drafts import NoteDrafts
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
