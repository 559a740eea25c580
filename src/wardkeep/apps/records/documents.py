# SPDX-License-Identifier: Apache-2.0
"""One document of a record, opened by itself: its own entry, its own page to print.

Done means: from the record, a letter's words under the patient's banner, or a plain
sentence why they cannot be shown. Rejected: every document's text inside the record
(long, and disclosed unread), and handing a file to the browser's own viewer (a PDF or
HTML from elsewhere would run in our origin).
"""

from starlette.responses import Response

from wardkeep.care.documents import sheet_of
from wardkeep.care.of_patient import banner_for, refused
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.reading import Reader
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit


@page("/patients/{id}/documents/{document}", gate=Gate.SIGNED_IN)
async def open_document(visit: Visit) -> Response:
    patient, opener = visit.path("id"), opener_of(visit)
    reader = visit.services[Reader]
    document = await reader.one(
        "DocumentReference", visit.path("document"), opener=opener
    )
    if isinstance(document, Refusal):
        return refused(visit, document)
    if isinstance(document, NotFound) or document.resources[0].patient != patient:
        return visit.tell(NOT_FOUND)
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    return visit.render(
        "records/document.html",
        id=patient,
        banner=banner,
        sheet=sheet_of(document.resources[0]),
        opened=document,
    )
