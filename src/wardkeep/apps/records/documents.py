# SPDX-License-Identifier: Apache-2.0
"""One document of a record, opened by itself: its own entry, its own page to print.

Done means: from the record, a letter's words under the patient's banner, or a plain
sentence why they cannot be shown. Rejected: every document's text inside the record
(long, and disclosed unread), and handing a file to the browser's own viewer (a PDF or
HTML from elsewhere would run in our origin).
"""

import base64
import binascii

import msgspec
from starlette.responses import Response

from wardkeep.care import reading
from wardkeep.care.opening import opener_of
from wardkeep.care.people import who_is
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.outcomes import NotFound, OpenedResource
from wardkeep.fhir.store.reading import Reader
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

_PLAIN = "text/plain"
_ELSEWHERE = "Its text is kept elsewhere; this page shows what lies in the record."
_OTHER_KIND = "This kind of document ({}) cannot be shown here yet."
_DAMAGED = "Its text is damaged. Tell whoever runs Wardkeep."


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A document as its page shows it: its text, or why there is none."""

    words: str
    when: str
    text: str = ""
    why_not: str = ""


@page("/patients/{id}/documents/{document}", gate=Gate.SIGNED_IN)
async def open_document(visit: Visit) -> Response:
    patient, opener = visit.path("id"), opener_of(visit)
    reader = visit.services[Reader]
    document = await reader.one(
        "DocumentReference", visit.path("document"), opener=opener
    )
    if isinstance(document, Refusal):
        # Without a reason given for this patient, the record is where to give it.
        at_record = visit.go_to(f"/patients/{patient}")
        return at_record if document.needs_reason else visit.refuse(document)
    if isinstance(document, NotFound) or document.resources[0].patient != patient:
        return visit.tell(NOT_FOUND)
    person = await reader.one("Patient", patient, opener=opener)
    if isinstance(person, Refusal):
        return visit.refuse(person)
    if isinstance(person, NotFound):
        return visit.tell(NOT_FOUND)
    today = visit.clock.now().date()
    return visit.render(
        "records/document.html",
        id=patient,
        banner=who_is(patient, person.resources[0].text, today),
        sheet=sheet_of(document.resources[0]),
        opened=document,
    )


def sheet_of(opened: OpenedResource) -> Sheet:
    """What the page shows of a DocumentReference."""
    found = reading.read(opened.type, opened.id, opened.text)
    if not isinstance(found, reading.DocumentReference):
        return Sheet(words="Document", when="", why_not=_DAMAGED)
    content = found.content[0] if found.content else reading.Content()
    attachment = content.attachment
    sheet = Sheet(
        words=attachment.title or found.description or found.type.words or "Document",
        when=found.date,
    )
    text, why_not = _text_of(attachment)
    return msgspec.structs.replace(sheet, text=text, why_not=why_not)


def _text_of(attachment: reading.Attachment) -> tuple[str, str]:
    """The text, or why there is none to show."""
    kind = attachment.content_type.partition(";")[0].strip().lower()
    if not attachment.data:
        return "", _ELSEWHERE
    if kind != _PLAIN:
        return "", _OTHER_KIND.format(kind or "not named")
    try:
        return base64.b64decode(attachment.data, validate=True).decode(), ""
    except (binascii.Error, UnicodeDecodeError):
        return "", _DAMAGED
