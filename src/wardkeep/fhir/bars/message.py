# SPDX-License-Identifier: Apache-2.0
"""A message as it came: read from its Bundle, and everything that is wrong with it.

https://hl7.org/fhir/R4/messaging.html. What it refers to lies in it; a reference to a
Patient of ours, or to anybody of ours who works here, is nobody's to make from outside.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from wardkeep.base.nhs_number import SYSTEM as NHS_NUMBER
from wardkeep.fhir.bars.brought_along import faults_along
from wardkeep.fhir.bars.cardinalities import Shape, shape_of, wrong_counts
from wardkeep.fhir.bars.codes import (
    CATEGORIES,
    EVENT_SYSTEMS,
    REASON_SYSTEMS,
    VALIDATION,
    Error,
    Event,
    Reason,
)
from wardkeep.fhir.bars.errors import Fault, invalid, missing, unprocessable
from wardkeep.fhir.search.references import target_of
from wardkeep.fhir.store.draft import CONFIDENTIALITY, SEALED_CODES
from wardkeep.fhir.work.expects import listed

Json = dict[str, Any]
MESSAGE = "urn:wardkeep:bars:message"
"""System of the id of the message that a resource came with."""
MOST_ENTRIES = 300
LONGEST_ID = 64
OVER = frozenset({"revoked", "entered-in-error", "cancelled"})
"""Statuses of what is withdrawn."""
_HEADER = "Bundle.entry[0].resource"
_TEN_DIGITS = re.compile(r"[0-9]{10}", re.ASCII)
"""One with a wrong check digit is taken, and matches nobody: whoever is on the way to
an emergency department is not sent back for a digit."""


class Entry(msgspec.Struct, frozen=True):
    """One resource of a message, by the URL that others in it refer to it by."""

    url: str
    content: Json

    @property
    def type(self) -> str:
        return str(self.content.get("resourceType", ""))


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One that can be worked with."""

    id: str
    """Of the Bundle: what an answer names, and by which it is known again."""
    event: Event
    reason: Reason
    header: Json
    entries: tuple[Entry, ...]
    """Behind the header, in their order."""
    focus: str
    """The URL of what it is about."""
    answers: str = ""
    """The id of the message that it answers."""

    def one(self, type_: str) -> Entry | None:
        """The first of a type."""
        return next((one for one in self.entries if one.type == type_), None)

    def all(self, type_: str) -> tuple[Entry, ...]:
        return tuple(one for one in self.entries if one.type == type_)

    def at(self, url: str) -> Entry | None:
        return next((one for one in self.entries if one.url == url), None)

    @property
    def about(self) -> Entry | None:
        """What its header points to."""
        return self.at(self.focus)

    @property
    def is_over(self) -> bool:
        """Whether it withdraws what was asked for, or says that it was a mistake."""
        if self.reason is Reason.DELETE:
            return True
        type_ = "Appointment" if self.event is Event.BOOKING else "ServiceRequest"
        found = self.one(type_)
        return found is not None and found.content.get("status") in OVER

    @property
    def is_validation(self) -> bool:
        """Whether a triage's outcome is to be looked at again, against a clock."""
        return any(
            coding.get("system") == CATEGORIES and coding.get("code") == VALIDATION
            for one in self.all("ServiceRequest")
            for category in listed(one.content, "category")
            for coding in listed(category, "coding")
        )

    @property
    def shape(self) -> Shape:
        return shape_of(
            self.event, is_over=self.is_over, is_validation=self.is_validation
        )


def bundle_of(message: Message, *, moment: str) -> Json:
    """The Bundle that says it; `moment` is an instant."""
    entries = [Entry("", message.header), *message.entries]
    return {
        "resourceType": "Bundle",
        "id": message.id,
        "type": "message",
        "timestamp": moment,
        "entry": [
            {**({"fullUrl": one.url} if one.url else {}), "resource": one.content}
            for one in entries
        ],
    }


def read_message(bundle: Mapping[str, Any]) -> Message | tuple[Fault, ...]:
    """What a Bundle of type message says; all that keeps it from being read."""
    entries = listed(bundle, "entry")
    first = entries[0].get("resource") if entries else None
    is_message = bundle.get("type") == "message"
    is_header = isinstance(first, dict) and first.get("resourceType") == "MessageHeader"
    if not is_message or not isinstance(first, dict) or not is_header:
        words = "A message is a Bundle of type message, a MessageHeader first."
        return (invalid(words, _HEADER),)
    if len(entries) > MOST_ENTRIES:
        words = f"A message has at most {MOST_ENTRIES} entries."
        return (unprocessable(words, "Bundle.entry", "too-costly"),)
    return _read(bundle, first, entries[1:])


def _read(
    bundle: Mapping[str, Any], header: Json, entries: list[Json]
) -> Message | tuple[Fault, ...]:
    faults: list[Fault] = []
    id_ = _id_of(bundle)
    if not 0 < len(id_) <= LONGEST_ID:
        words = "A message is known by its Bundle's id, of 64 characters at most."
        faults.append(missing(words, "Bundle.id"))
    event = _event(header)
    if event is None:
        words = "Its event is none that is handled here."
        place = f"{_HEADER}.eventCoding"
        faults.append(
            Fault(error=Error.UNPROCESSABLE, code="invalid", words=words, place=place)
        )
    reason = _reason(header)
    if reason is None:
        words = "Its reason is new, update or delete."
        faults.append(missing(words, f"{_HEADER}.reason"))
    focus = _focus(header)
    if not focus:
        words = "It points to what it is about."
        faults.append(missing(words, f"{_HEADER}.focus"))
    if event is None or reason is None or faults:
        return tuple(faults)
    return Message(
        id=id_,
        event=event,
        reason=reason,
        header=header,
        entries=tuple(
            Entry(str(one.get("fullUrl", "")), one["resource"])
            for one in entries
            if isinstance(one.get("resource"), dict)
        ),
        focus=focus,
        answers=_answers(header),
    )


def faults_in(message: Message) -> tuple[Fault, ...]:
    """All that keeps a message that was read from being taken."""
    counted = Counter(one.type for one in message.entries)
    found = [*wrong_counts(message.shape, counted), *_workflow(message)]
    found.extend(_identity(message))
    found.extend(_references(message))
    found.extend(_restricted(message))
    entries = {one.url: one.content for one in message.entries}
    found.extend(faults_along(entries, _number(message)))
    return tuple(found)


def _workflow(message: Message) -> Iterator[Fault]:
    about = message.about
    wanted = message.shape.focus
    if about is None:
        words = "It points to what is not among its entries."
        yield invalid(words, f"{_HEADER}.focus")
    elif wanted and about.type != wanted:
        words = f"A message of this kind is about one {wanted}."
        yield invalid(words, f"{_HEADER}.focus")
    if message.reason is Reason.NEW and message.is_over:
        words = "What is new cannot be withdrawn: send an update."
        yield Fault(
            error=Error.BAD_REQUEST,
            code="invariant",
            words=words,
            place=f"{_HEADER}.reason",
        )
    is_answer = message.event in (Event.REFERRAL_ANSWER, Event.BOOKING_ANSWER)
    if message.reason is Reason.DELETE and is_answer:
        words = "What was answered stays in the record: send another answer."
        yield Fault(
            error=Error.NOT_IMPLEMENTED,
            code="not-supported",
            words=words,
            place=f"{_HEADER}.reason",
        )
    if is_answer and not message.answers:
        words = "An answer names the message that it answers."
        yield missing(words, f"{_HEADER}.response.identifier")


def _identity(message: Message) -> Iterator[Fault]:
    for patient in message.all("Patient"):
        for one in listed(patient.content, "identifier"):
            said = str(one.get("value", ""))
            if one.get("system") == NHS_NUMBER and not _TEN_DIGITS.fullmatch(said):
                place = "Bundle.entry.resource.ofType(Patient).identifier"
                words = "An NHS number is ten digits."
                yield Fault(
                    error=Error.BAD_REQUEST, code="value", words=words, place=place
                )


def _number(message: Message) -> str:
    """The patient's NHS number, as it was written; empty where there is none."""
    patient = message.one("Patient")
    content = patient.content if patient is not None else {}
    found = [
        one for one in listed(content, "identifier") if one.get("system") == NHS_NUMBER
    ]
    return str(found[0].get("value", "")) if found else ""


def _references(message: Message) -> Iterator[Fault]:
    urls = [one.url for one in message.entries]
    known = set(urls)
    if "" in known or len(known) != len(urls):
        words = "Each entry has a fullUrl of its own."
        yield invalid(words, "Bundle.entry.fullUrl")
    for entry in message.entries:
        place = f"Bundle.entry.resource.ofType({entry.type})"
        for node in references_in(entry.content):
            said = node["reference"]
            if said.startswith("urn:") and said not in known:
                words = "It refers to an entry that is not there."
                yield invalid(words, place)
            target = target_of(said.partition("?")[0])
            is_patient = target is not None and target[0] == "Patient"
            if is_patient or "Patient?" in said or "/Patient/" in said:
                words = "A message is about the one Patient that lies in it."
                yield Fault(
                    error=Error.BAD_REQUEST, code="value", words=words, place=place
                )


def _restricted(message: Message) -> Iterator[Fault]:
    for entry in message.entries:
        meta = entry.content.get("meta")
        labels = listed(meta, "security") if isinstance(meta, dict) else []
        if any(
            one.get("system") == CONFIDENTIALITY and one.get("code") in SEALED_CODES
            for one in labels
        ):
            words = "What is restricted is on nobody's list: telephone instead."
            place = f"Bundle.entry.resource.ofType({entry.type}).meta.security"
            yield unprocessable(words, place)


def named_message(entry: Entry | None) -> str:
    """The message that first brought a resource, where an identifier names it."""
    content = entry.content if entry is not None else {}
    found = [
        one.get("value")
        for one in listed(content, "identifier")
        if one.get("system") == MESSAGE
    ]
    return next((one for one in found if isinstance(one, str)), "")


def references_in(node: object) -> Iterator[Json]:
    """Every Reference below that names something by `reference`; it may be changed."""
    waiting = [node]
    while waiting:
        here = waiting.pop()
        if isinstance(here, list):
            waiting.extend(here)
        elif isinstance(here, dict):
            if isinstance(here.get("reference"), str):
                yield here
            waiting.extend(here.values())


def _id_of(bundle: Mapping[str, Any]) -> str:
    identifier = bundle.get("identifier")
    named = identifier.get("value") if isinstance(identifier, dict) else None
    found = bundle.get("id", named)
    return found if isinstance(found, str) else ""


def _event(header: Json) -> Event | None:
    coding = header.get("eventCoding")
    if not isinstance(coding, dict) or coding.get("system") not in EVENT_SYSTEMS:
        return None
    code = coding.get("code")
    return Event(code) if code in tuple(Event) else None


def _reason(header: Json) -> Reason | None:
    said = header.get("reason")
    for coding in listed(said, "coding") if isinstance(said, dict) else []:
        code = coding.get("code")
        if coding.get("system") in REASON_SYSTEMS and code in tuple(Reason):
            return Reason(code)
    return None


def _focus(header: Json) -> str:
    found = [one.get("reference") for one in listed(header, "focus")]
    return next((one for one in found if isinstance(one, str)), "")


def _answers(header: Json) -> str:
    said = header.get("response")
    found = said.get("identifier") if isinstance(said, dict) else None
    return found if isinstance(found, str) else ""
