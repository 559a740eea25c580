# SPDX-License-Identifier: Apache-2.0
"""A post-event message as a FHIR document, and its sections out of it again.

https://hl7.org/fhir/R4/documents.html (docs/formats/post-event-message.md). What goes
out is named here, part by part: nothing leaves because it lay beside. The same journey
makes the same document, and its identifier follows from the case alone, so that a
surgery that has it takes no second one.
"""

import base64
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from wardkeep.base import nhs_number
from wardkeep.base.ids import derived_uuid
from wardkeep.fhir.bars.building import ODS
from wardkeep.fhir.bars.outgoing import DOCUMENT, SYSTEMS, identity_of
from wardkeep.fhir.clinics.resources import instant
from wardkeep.fhir.post.journey import Journey, Surgery
from wardkeep.fhir.post.sections import (
    DISPOSITION,
    REPORTED,
    Section,
    lines_in,
    narrative,
    sections_of,
)
from wardkeep.fhir.urgent.outcome import Outcome
from wardkeep.fhir.work.expects import Content, listed

Json = dict[str, Any]
IDENTIFIER = SYSTEMS[DOCUMENT]
KIND = {"system": "urn:wardkeep:document", "code": "post-event"}
SECTION = "urn:wardkeep:post-event-section"
TITLE = "What came of a call to urgent care"
_EMPTY = {
    "system": "http://terminology.hl7.org/CodeSystem/list-empty-reason",
    "code": "nilknown",
}


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """Whose document it is."""

    name: str
    ods: str = ""


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """A document as a page shows it."""

    title: str
    made: str
    """An instant."""
    author: str
    surgery: str
    sections: tuple[Section, ...]


def document_id(case: str) -> str:
    """By which every copy of a journey's one message is known."""
    return identity_of(DOCUMENT, case)


def post_event_document(
    journey: Journey,
    *,
    sender: Sender,
    surgery: Surgery,
    services: Sequence[str] = (),
    now: datetime,
) -> Json:
    """It as a Bundle; `now` is when it was made."""
    made = _Made(journey, sender, surgery, now)
    resources = list(made.resources(sections_of(journey, services=services)))
    return {
        "resourceType": "Bundle",
        "id": document_id(journey.case.id),
        "identifier": {"system": IDENTIFIER, "value": document_id(journey.case.id)},
        "type": "document",
        "timestamp": instant(now),
        "entry": [
            {"fullUrl": made.url(name), "resource": one} for name, one in resources
        ],
    }


def read_document(bundle: Json) -> Read | None:
    """What it says; None where it is no such document."""
    entries = listed(bundle, "entry")
    inner = [one.get("resource") for one in entries]
    found = [one for one in inner if isinstance(one, dict)]
    if not found or found[0].get("resourceType") != "Composition":
        return None
    composition = found[0]
    organisations = [one for one in found if one.get("resourceType") == "Organization"]
    authors = [str(one.get("display", "")) for one in listed(composition, "author")]
    return Read(
        title=str(composition.get("title", "")),
        made=str(composition.get("date", "")),
        author=next(iter(authors), ""),
        surgery=str(organisations[-1].get("name", "")) if organisations else "",
        sections=tuple(_section_in(one) for one in listed(composition, "section")),
    )


def in_communication(communication: Content) -> Read | None:
    """The same, of the Communication in which it lies."""
    for one in listed(communication, "payload"):
        attached = one.get("contentAttachment")
        raw = attached.get("data") if isinstance(attached, dict) else None
        if isinstance(raw, str):
            try:
                return read_document(msgspec.json.decode(base64.b64decode(raw)))
            except (ValueError, msgspec.DecodeError, AttributeError):
                return None
    return None


def _section_in(content: Content) -> Section:
    coded = content.get("code")
    codes = listed(coded, "coding") if isinstance(coded, dict) else []
    text = content.get("text")
    div = text.get("div") if isinstance(text, dict) else ""
    return Section(
        code=str(codes[0].get("code", "")) if codes else "",
        title=str(content.get("title", "")),
        lines=lines_in(str(div)),
    )


class _Made:
    """The resources of one document, each with a URL of its own."""

    def __init__(
        self, journey: Journey, sender: Sender, surgery: Surgery, now: datetime
    ) -> None:
        self._journey = journey
        self._sender = sender
        self._surgery = surgery
        self._now = now

    def id(self, name: str) -> str:
        return derived_uuid("post-event", self._journey.case.id, name)

    def url(self, name: str) -> str:
        return f"urn:uuid:{self.id(name)}"

    def resources(self, sections: Sequence[Section]) -> Iterator[tuple[str, Json]]:
        last, concern = self._journey.last, self._concern()
        inside = {
            REPORTED: ["concern"] if concern else [],
            DISPOSITION: ["request"] if last else [],
        }
        yield "composition", self._composition(sections, inside)
        yield "patient", self._patient()
        yield "encounter", self._encounter()
        yield "author", self._author()
        yield (
            "sender",
            self._organisation("sender", self._sender.name, self._sender.ods),
        )
        if concern:
            yield "concern", concern
        if last is not None:
            yield "request", self._request(last.said)
        surgery = self._surgery
        yield "surgery", self._organisation("surgery", surgery.name, surgery.code)

    def _about(self) -> Json:
        return {"reference": self.url("patient")}

    def _composition(
        self, sections: Sequence[Section], inside: dict[str, list[str]]
    ) -> Json:
        author = self._by()
        return {
            "resourceType": "Composition",
            "id": self.id("composition"),
            "identifier": {
                "system": IDENTIFIER,
                "value": document_id(self._journey.case.id),
            },
            "status": "final",
            "type": {"coding": [KIND], "text": "Post-event message"},
            "subject": self._about(),
            "encounter": {"reference": self.url("encounter")},
            "date": instant(self._now),
            "author": [{"reference": self.url("author"), "display": author}],
            "title": TITLE,
            "confidentiality": "N",
            "custodian": {"reference": self.url("sender")},
            "section": [
                self._section(one, inside.get(one.code, ())) for one in sections
            ],
        }

    def _section(self, section: Section, inside: Sequence[str]) -> Json:
        made: Json = {
            "title": section.title,
            "code": {"coding": [{"system": SECTION, "code": section.code}]},
            "text": {"status": "generated", "div": narrative(section)},
        }
        if inside:
            made["entry"] = [{"reference": self.url(one)} for one in inside]
        if not section.lines:
            made["emptyReason"] = {"coding": [_EMPTY]}
        return made

    def _patient(self) -> Json:
        """By what a surgery knows them: no address and no telephone number."""
        patient = self._journey.patient
        numbers = [
            {"use": "official", "system": nhs_number.SYSTEM, "value": one["value"]}
            for one in listed(patient, "identifier")
            if one.get("system") == nhs_number.SYSTEM and one.get("value")
        ]
        names = [
            {name: one[name] for name in ("family", "given") if name in one}
            for one in listed(patient, "name")[:1]
        ]
        made: Json = {"resourceType": "Patient", "id": self.id("patient")}
        for name, value in (("identifier", numbers), ("name", names)):
            if value:
                made[name] = value
        for name in ("gender", "birthDate"):
            if isinstance(patient.get(name), str):
                made[name] = patient[name]
        return made | {"generalPractitioner": [{"reference": self.url("surgery")}]}

    def _encounter(self) -> Json:
        case = self._journey.case
        period = {"start": instant(case.began)}
        if case.ended is not None:
            period["end"] = instant(case.ended)
        made: Json = {
            "resourceType": "Encounter",
            "id": self.id("encounter"),
            "status": "finished",
            "class": self._journey.encounter.get("class"),
            "subject": self._about(),
            "period": period,
        }
        if case.complaint:
            made["reasonCode"] = [{"text": case.complaint}]
        return made

    def _concern(self) -> Json | None:
        """The chief concern, where somebody coded it.

        Nothing stands beside the code that would change what it means ("suspected"):
        surgeries' systems drop that. What is not coded is told in words alone.
        """
        coded = [
            {
                name: coding[name]
                for name in ("system", "code", "display")
                if name in coding
            }
            for reason in listed(self._journey.encounter, "reasonCode")
            for coding in listed(reason, "coding")
        ]
        if not coded:
            return None
        return {
            "resourceType": "Condition",
            "id": self.id("concern"),
            "code": {"coding": coded},
            "subject": self._about(),
            "encounter": {"reference": self.url("encounter")},
        }

    def _request(self, said: Outcome) -> Json:
        period = {"start": instant(said.given)}
        if said.due is not None:
            period["end"] = instant(said.due)
        content = self._journey.came_to[-1].content
        return {
            "resourceType": "ServiceRequest",
            "id": self.id("request"),
            "status": said.status,
            "intent": "order",
            "priority": content.get("priority", "routine"),
            "code": content.get("code", {"text": said.words}),
            "subject": self._about(),
            "encounter": {"reference": self.url("encounter")},
            "occurrencePeriod": period,
        }

    def _by(self) -> str:
        """Whoever ended it."""
        last = self._journey.last
        return (
            last.said.by.words if last is not None else self._journey.case.taker.words
        )

    def _author(self) -> Json:
        return {
            "resourceType": "Practitioner",
            "id": self.id("author"),
            "name": [{"text": self._by()}],
        }

    def _organisation(self, name: str, words: str, code: str) -> Json:
        made: Json = {"resourceType": "Organization", "id": self.id(name)}
        if code:
            made["identifier"] = [{"system": ODS, "value": code}]
        return made | {"name": words or code or "Not named"}
