# SPDX-License-Identifier: Apache-2.0
"""A document of a record as a page or a sheet shows it: its text, or why there is none.

A PDF or HTML from elsewhere is not handed to the browser: it would run in our origin.
"""

import base64
import binascii

import msgspec

from wardkeep.care import reading
from wardkeep.fhir.store.outcomes import OpenedResource

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
