# SPDX-License-Identifier: Apache-2.0
"""Content that an organisation took into use: by a named clinical lead, on a day.

A Library of the organisation's own (https://hl7.org/fhir/R4/library.html) holds both
resources whole, so what is in use stays what was approved when Wardkeep is upgraded,
and an old triage is replayed under the version of that time. Without one, or with one
that is retired, the content is off.
"""

from collections.abc import Mapping
from functools import lru_cache

import msgspec

from wardkeep.base.ids import derived_uuid
from wardkeep.fhir.model.person import Person, person_in, reference_to
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.triage.attached import Attachment, attached, raw_in
from wardkeep.fhir.triage.content import Content, content_of

TYPE = "Library"
ACTIVE, RETIRED = "active", "retired"
_PART = "urn:wardkeep:triage:"
BY, WORDS = f"{_PART}by", f"{_PART}words"
_KINDS = "http://terminology.hl7.org/CodeSystem/library-type"


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """Whose act it is."""

    lead: str
    """The clinical lead, with their registration, as they are written to be found."""
    day: str
    """On which they approved it, as in 2026-11-29."""
    words: str
    """What they reviewed and what was agreed, or why it ends."""
    by: Person
    """Whose session did it."""


class InUse(msgspec.Struct, frozen=True, kw_only=True):
    """What an organisation has of one content."""

    is_on: bool
    content: Content
    pair: tuple[Resource, Resource]
    """The PlanDefinition and the Questionnaire that it was compiled from."""
    approval: Approval
    version: int
    """Of the Library as it is stored."""


def library_id(name: str) -> str:
    """Of the content that is shipped under a name; one an organisation."""
    return derived_uuid("triage-content", name)


def library_of(
    name: str,
    pair: tuple[Resource, Resource],
    approval: Approval,
    *,
    is_on: bool,
) -> dict[str, object]:
    """The Library to be stored, as content."""
    plan = pair[0].content
    return {
        "resourceType": TYPE,
        "id": library_id(name),
        "extension": [
            {"url": BY, "valueReference": reference_to(approval.by)},
            {"url": WORDS, "valueString": approval.words},
        ],
        "version": plan["version"],
        "title": plan["title"],
        "status": ACTIVE if is_on else RETIRED,
        "experimental": True,
        "type": {"coding": [{"system": _KINDS, "code": "logic-library"}]},
        "approvalDate": approval.day,
        "endorser": [{"name": approval.lead}],
        "content": attached(pair),
    }


class _Contact(msgspec.Struct, frozen=True):
    name: str = ""


class _Extension(msgspec.Struct, frozen=True, rename="camel"):
    url: str = ""
    value_string: str = ""
    value_reference: Mapping[str, object] = {}


class _Library(msgspec.Struct, frozen=True, rename="camel"):
    status: str = ""
    approval_date: str = ""
    endorser: tuple[_Contact, ...] = ()
    content: tuple[Attachment, ...] = ()
    extension: tuple[_Extension, ...] = ()


_decode = msgspec.json.Decoder(_Library).decode


def in_use(text: bytes, version: int) -> InUse | None:
    """What a stored Library says; None where it holds no content that compiles."""
    try:
        read = _decode(text)
        raw = raw_in(read.content)
    except (msgspec.DecodeError, ValueError):
        return None
    compiled = _compiled(raw)
    if compiled is None:
        return None
    pair, content = compiled
    said = {one.url: one for one in read.extension}
    if BY not in said:
        return None  # whoever wrote it was no page, and nobody answers for it
    nothing = _Extension()
    return InUse(
        is_on=read.status == ACTIVE,
        content=content,
        pair=pair,
        version=version,
        approval=Approval(
            lead=read.endorser[0].name if read.endorser else "",
            day=read.approval_date,
            words=said.get(WORDS, nothing).value_string,
            by=person_in(said.get(BY, nothing).value_reference),
        ),
    )


@lru_cache(maxsize=16)
def _compiled(
    raw: tuple[bytes, ...],
) -> tuple[tuple[Resource, Resource], Content] | None:
    """By its bytes: the same content of two organisations is compiled once."""
    read = [parse(one) for one in raw]
    pair = [one for one in read if isinstance(one, Resource)]
    if len(pair) != len(("plan", "questionnaire")):
        return None
    found = content_of(pair[0], pair[1])
    return ((pair[0], pair[1]), found) if isinstance(found, Content) else None
