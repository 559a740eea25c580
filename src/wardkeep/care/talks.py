# SPDX-License-Identifier: Apache-2.0
"""What was gone through together with a patient, as the pages about them read it."""

from starlette.responses import Response

from wardkeep.care.of_patient import refused
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.assessments.talks import TYPE, Talk, read_talk
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.parts import Part, PartReader
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

MOST = 100


async def talks_with(visit: Visit) -> list[Talk] | Response:
    """Of the patient in the address, the newest first; errors are among them."""
    given = await visit.services[PartReader].of_patient(
        visit.path("id"), (Part(types=(TYPE,), at_most=MOST),), opener=opener_of(visit)
    )
    if isinstance(given, NotFound):
        return visit.tell(NOT_FOUND)
    if isinstance(given, Refusal):
        return refused(visit, given)
    read = [read_talk(one) for one in given.opened.resources]
    found = [one for one in read if one is not None]
    return sorted(found, key=lambda one: one.when, reverse=True)
