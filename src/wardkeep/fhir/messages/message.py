# SPDX-License-Identifier: Apache-2.0
"""A message between staff, as a FHIR Communication; threads, and receipts of reading.

https://hl7.org/fhir/R4/communication.html. A thread begins with a message that has the
others as its recipients; each answer is part of it, and so is each receipt. A receipt
is named after the message and its reader: however often somebody looks it is there
once, and that it is there can be told without opening anything. A message explains no
opening to anybody (docs/decisions/0041-handover.md).
"""

from datetime import datetime

import msgspec

from wardkeep.base.ids import derived_uuid
from wardkeep.fhir.model.coded import Coding, Concept, Identifier, Payload, words_in
from wardkeep.fhir.model.moments import moment_told
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.model.team import QUEUE, is_place, queue_of
from wardkeep.fhir.store.outcomes import OpenedResource
from wardkeep.fhir.tasks.to_do import instant_of

TYPE = "Communication"
SYSTEM = "urn:wardkeep:message"
THREAD, ANSWER, RECEIPT = "thread", "answer", "receipt"
KINDS = (THREAD, ANSWER, RECEIPT)


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message, or the receipt of one."""

    id: str
    kind: str
    thread: str
    """The id of the message that began it."""
    patient: str = ""
    sender: Person
    to: tuple[Person, ...] = ()
    """People as `Practitioner/x`, teams as `Location/x`."""
    sent: datetime
    subject: str = ""
    text: str = ""
    of: str = ""
    """Of a receipt: the message that was read."""


class MessageBrokenError(Exception):
    """What was made here is no resource; our own fault."""


def receipt_id(message: str, reader: str) -> str:
    """The id of the receipt by which this reader has read this message."""
    return derived_uuid("read", TYPE, message, reader)


def message_resource(one: Message) -> Resource:
    """It as a resource, to be stored."""
    content: dict[str, object] = {
        "resourceType": TYPE,
        "id": one.id,
        "status": "completed",
        "category": [{"coding": [{"system": SYSTEM, "code": one.kind}]}],
        "sent": instant_of(one.sent),
        "sender": one.sender,
    }
    if one.patient:
        content["subject"] = {"reference": f"Patient/{one.patient}"}
    if one.to:
        content["recipient"] = [_recipient(who) for who in one.to]
    if one.kind != THREAD:
        content["partOf"] = [{"reference": f"{TYPE}/{one.thread}"}]
    if one.of:
        content["inResponseTo"] = [{"reference": f"{TYPE}/{one.of}"}]
    if one.subject:
        content["topic"] = {"text": one.subject}
    if one.text:
        content["payload"] = [{"contentString": one.text}]
    made = parse(msgspec.json.encode(content))
    if not isinstance(made, Resource):
        raise MessageBrokenError
    return made


def _recipient(who: Person) -> dict[str, object]:
    if is_place(who.reference):
        return {"identifier": queue_of(who.reference), "display": who.display}
    return {"reference": who.reference, "display": who.display}


class _Recipient(msgspec.Struct, frozen=True):
    reference: str = ""
    identifier: Identifier = Identifier()
    display: str = ""


class _Communication(msgspec.Struct, frozen=True, rename="camel"):
    category: tuple[Concept, ...] = ()
    sent: str = ""
    sender: Person = Person()
    recipient: tuple[_Recipient, ...] = ()
    part_of: tuple[Person, ...] = ()
    in_response_to: tuple[Person, ...] = ()
    topic: Concept = Concept()
    payload: tuple[Payload, ...] = ()


def read_message(stored: OpenedResource) -> Message | None:
    """Undo it; None where it is no message of ours, or written in another way."""
    try:
        found = msgspec.json.decode(stored.text, type=_Communication)
        codes = [one.code for own in found.category for one in own.coding if _ours(one)]
        kind = codes[0]
        return Message(
            id=stored.id,
            kind=kind,
            thread=stored.id if kind == THREAD else _id(found.part_of),
            patient=stored.patient,
            sender=found.sender,
            to=tuple(_person(one) for one in found.recipient),
            sent=moment_told(found.sent),
            subject=found.topic.text,
            text=words_in(found.payload),
            of=_id(found.in_response_to) if kind == RECEIPT else "",
        )
    except (msgspec.DecodeError, ValueError, IndexError):
        return None


def _ours(coding: Coding) -> bool:
    return coding.system == SYSTEM and coding.code in KINDS


def _id(named: tuple[Person, ...]) -> str:
    return named[0].reference.rpartition("/")[2]


def _person(one: _Recipient) -> Person:
    is_team = one.identifier.system == QUEUE
    return Person(one.identifier.value if is_team else one.reference, one.display)
