# SPDX-License-Identifier: Apache-2.0
"""What the pages of notes have in common: whose draft it is."""

from starlette.responses import Response

from wardkeep.care import drafts
from wardkeep.fhir.notes.draft_rows import NOTE, DraftRow
from wardkeep.web.visit import Visit


async def own_draft(visit: Visit) -> DraftRow | Response:
    """The draft in the address, where it is the visitor's own and this patient's."""
    return await drafts.own_draft(visit, NOTE)
