# SPDX-License-Identifier: Apache-2.0
"""One resource of the organisation's own, or the page that says why there is none."""

from starlette.responses import Response

from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.outcomes import NotFound, OpenedResource, Opener
from wardkeep.fhir.store.reading import Reader
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit


async def read_one(
    visit: Visit, type_: str, id_: str, *, opener: Opener, version: int | None = None
) -> OpenedResource | Response:
    """The newest version where none is named."""
    found = await visit.services[Reader].one(type_, id_, opener=opener, version=version)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    if isinstance(found, NotFound):
        return visit.tell(NOT_FOUND)
    return found.resources[0]
