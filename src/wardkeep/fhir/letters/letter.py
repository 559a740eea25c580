# SPDX-License-Identifier: Apache-2.0
"""A letter as a FHIR DocumentReference, from its first words to the PDF that left.

https://hl7.org/fhir/R4/documentreference.html: `docStatus` is preliminary while it is
written and final once somebody approved it; the words are a text/plain attachment, and
the approved letter has its PDF beside them. R4 has no element for whom a document is
addressed to, nor for how it left, so those are extensions of ours.
"""

import base64
import binascii
import enum

import msgspec

from wardkeep.fhir.model.coded import Concept
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.resource import Resource, parse

TYPE = "DocumentReference"
LOINC, LETTER = "http://loinc.org", "51852-2"
PLAIN, PDF = "text/plain", "application/pdf"
_PART = "urn:wardkeep:letter:"
_TO, _COPIES, _SENT, _HOW, _WHEN, _WHY = (
    f"{_PART}{name}" for name in ("to", "copies", "sent", "how", "when", "withdrawn")
)


class State(enum.StrEnum):
    """Where a letter is."""

    DRAFT = "Not approved"
    APPROVED = "Approved"
    SENT = "Sent"
    WITHDRAWN = "Withdrawn"


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One letter about one patient."""

    subject: str
    to: str
    """The address, a line each."""
    body: str
    copies: str = ""
    """Who has one too, a line each."""
    author: Person = Person()
    written: str = ""
    """An instant, as FHIR writes it."""
    approver: Person = Person()
    approved: str = ""
    """An instant; empty: nobody has approved it."""
    pdf: bytes = b""
    sent_how: str = ""
    sent: str = ""
    withdrawn_why: str = ""

    @property
    def state(self) -> State:
        if self.withdrawn_why:
            return State.WITHDRAWN
        if self.sent:
            return State.SENT
        return State.APPROVED if self.pdf else State.DRAFT


class LetterBrokenError(Exception):
    """What was made here is no resource; our own fault."""


def letter_resource(letter: Letter, *, patient: str, id_: str) -> Resource:
    """It as a resource, to be stored."""
    content: dict[str, object] = {
        "resourceType": TYPE,
        "id": id_,
        "extension": _extensions(letter),
        "status": "entered-in-error" if letter.withdrawn_why else "current",
        "docStatus": "final" if letter.pdf else "preliminary",
        "type": {
            "coding": [{"system": LOINC, "code": LETTER, "display": "Letter"}],
            "text": "Letter",
        },
        "subject": {"reference": f"Patient/{patient}"},
        "date": letter.written,
        "author": [letter.author],
        "description": letter.subject,
        "content": [{"attachment": one} for one in _attachments(letter)],
    }
    if letter.approved:
        content["authenticator"] = letter.approver
    made = parse(msgspec.json.encode(content))
    if not isinstance(made, Resource):
        raise LetterBrokenError
    return made


def _extensions(letter: Letter) -> list[dict[str, object]]:
    parts: list[dict[str, object]] = [{"url": _TO, "valueString": letter.to}]
    if letter.copies:
        parts.append({"url": _COPIES, "valueString": letter.copies})
    if letter.sent:
        how = {"url": _HOW, "valueString": letter.sent_how}
        when = {"url": _WHEN, "valueInstant": letter.sent}
        parts.append({"url": _SENT, "extension": [how, when]})
    if letter.withdrawn_why:
        parts.append({"url": _WHY, "valueString": letter.withdrawn_why})
    return parts


def _attachments(letter: Letter) -> list[dict[str, str]]:
    kept = [(PLAIN, letter.body.encode(), letter.written)]
    if letter.pdf:
        kept.append((PDF, letter.pdf, letter.approved))
    return [
        {
            "contentType": kind,
            "data": base64.b64encode(data).decode(),
            "title": letter.subject,
            "creation": when,
        }
        for kind, data, when in kept
    ]


class _Extension(msgspec.Struct, rename="camel"):
    url: str = ""
    value_string: str = ""
    value_instant: str = ""
    extension: list["_Extension"] = []


class _Attachment(msgspec.Struct, rename="camel"):
    content_type: str = ""
    data: str = ""
    creation: str = ""


class _Content(msgspec.Struct):
    attachment: _Attachment = msgspec.field(default_factory=_Attachment)


class _Document(msgspec.Struct, rename="camel"):
    extension: list[_Extension] = []
    status: str = ""
    type: Concept = msgspec.field(default_factory=Concept)
    date: str = ""
    author: list[Person] = []
    authenticator: Person = Person()
    description: str = ""
    content: list[_Content] = []


def read_letter(text: bytes) -> Letter | None:
    """Undo it; None where it is no letter, or one that was written elsewhere."""
    try:
        found = msgspec.json.decode(text, type=_Document)
        kept = {
            one.attachment.content_type: base64.b64decode(
                one.attachment.data, validate=True
            )
            for one in found.content
        }
        body = kept[PLAIN].decode()
    except (msgspec.DecodeError, binascii.Error, UnicodeDecodeError, KeyError):
        return None
    said = {one.url: one for one in found.extension}
    is_ours = _TO in said and any(
        (one.system, one.code) == (LOINC, LETTER) for one in found.type.coding
    )
    if not is_ours:
        return None
    return _letter(found, said, body, kept.get(PDF, b""))


def _letter(
    found: _Document, said: dict[str, _Extension], body: str, pdf: bytes
) -> Letter:
    nothing = _Extension()
    sent = {one.url: one for one in said.get(_SENT, nothing).extension}
    approved = [
        one.attachment.creation
        for one in found.content
        if one.attachment.content_type == PDF
    ]
    why = said.get(_WHY, nothing).value_string
    return Letter(
        subject=found.description,
        to=said[_TO].value_string,
        body=body,
        copies=said.get(_COPIES, nothing).value_string,
        author=found.author[0] if found.author else Person(),
        written=found.date,
        approver=found.authenticator,
        approved=approved[0] if approved else "",
        pdf=pdf,
        sent_how=sent.get(_HOW, nothing).value_string,
        sent=sent.get(_WHEN, nothing).value_instant,
        withdrawn_why=why or ("not said" if found.status != "current" else ""),
    )
