# SPDX-License-Identifier: Apache-2.0
"""Makes messages of what the record says: a referral, its withdrawal, an answer to one.

What goes out is named here, part by part: nothing leaves because it lay beside.
"""

import copy
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from wardkeep.base.ids import derived_uuid, new_uuid
from wardkeep.fhir.bars.codes import (
    CATEGORIES,
    EVENTS,
    REASONS,
    SERVICE_ID,
    VALIDATION,
    Event,
    Reason,
)
from wardkeep.fhir.bars.message import MESSAGE
from wardkeep.fhir.bars.times import FreeTime
from wardkeep.fhir.clinics.resources import instant

Json = dict[str, Any]
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
_ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_DEFINITIONS = "https://fhir.nhs.uk/MessageDefinition/bars-message-"
_INNER = ("contained", "relevantHistory", "extension", "supportingInfo", "meta", "text")
"""Of a ServiceRequest of ours: its steps and notes of lists are nobody else's."""


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """Who sends or receives: an organisation and the service of it."""

    name: str
    service: str
    """Its id in the directory of services."""
    ods: str = ""
    service_name: str = ""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What a referral says; resources as they are stored here."""

    request: Json
    patient: Json
    encounter: Json
    """The case that it comes of."""
    summary: str
    """What was found and advised, in words; the CarePlan says it."""
    codes: Sequence[Json] = ()
    """Codings of the disposition and of why."""
    more: Sequence[Json] = ()
    """Observations, flags and the like that go along."""
    author: Json = {}
    """The Practitioner who asks, as far as they are named."""


class _Made:
    """A Bundle in the making: each resource with a URL of its own."""

    def __init__(self, message: str) -> None:
        self._message = message
        self._urls: dict[str, str] = {}
        self.entries: list[Json] = []

    def url(self, reference: str) -> str:
        """By which others in the message name what is `reference` here."""
        return f"urn:uuid:{derived_uuid(self._message, reference)}"

    def add(self, content: Json, reference: str) -> str:
        url = self.url(reference)
        self._urls[reference] = url
        self.entries.append({"fullUrl": url, "resource": copy.deepcopy(content)})
        return url


def referral_message(  # noqa: PLR0913 - what a referral by message is
    content: Content,
    *,
    sender: Party,
    receiver: Party,
    reason: Reason = Reason.NEW,
    is_validation: bool = False,
    there: str = "",
    first: str = "",
    now: datetime,
) -> Json:
    """A request as a message.

    Of an update, `there` is the id that the receiver gave it, and `first` the id of the
    message that it came with. With `request["status"]` revoked it withdraws.
    """
    id_ = new_uuid()
    made = _Made(id_)
    request, patient = made.url("request"), made.url("patient")
    encounter, plan = made.url("encounter"), made.url("plan")
    author = made.url("author")
    definition = "validation" if is_validation else "referral"
    header = _header(Event.REFERRAL, reason, sender, receiver, made=made, focus=request)
    header["definition"] = f"{_DEFINITIONS}servicerequest-request-{definition}"
    about = {"reference": patient}
    asked = {
        name: value for name, value in content.request.items() if name not in _INNER
    }
    asked.pop("id", None)
    asked |= {
        "subject": about,
        "encounter": {"reference": encounter},
        "basedOn": [{"reference": plan}],
        "requester": {"reference": author},
        "performer": [{"reference": made.url("service")}],
        "intent": "plan",
    }
    if there:
        asked["id"] = there
    if first:
        asked["identifier"] = [{"system": MESSAGE, "value": first}]
    if is_validation:
        coding = {"system": CATEGORIES, "code": VALIDATION}
        asked["category"] = [{"coding": [coding]}]
    made.add(asked, "request")
    _add_service(made, receiver)
    case = _case(content.encounter, about)
    made.add(case, "encounter")
    made.add(_plan(content, about, encounter, now), "plan")
    made.add(_patient(content.patient), "patient")
    _add_people(made, content.author, sender, receiver)
    within = {"encounter": {"reference": encounter}}
    for place, one in enumerate(content.more):
        made.add({**_bare(one), "subject": about, **within}, f"more-{place}")
    made.add(_consent(about, now), "consent")
    return _bundle(id_, header, made, now)


def answer_message(  # noqa: PLR0913 - what an answer is
    message: str,
    *,
    request: Json,
    case: Json,
    patient: Json,
    encounter: Json,
    summary: str,
    codes: Sequence[Json] = (),
    sender: Party,
    receiver: Party,
    is_interim: bool = False,
    more: Sequence[Json] = (),
    now: datetime,
) -> Json:
    """What came of a message that was sent to us, in full or so far.

    `request` and `case` are the ServiceRequest and Encounter that came with it;
    `encounter` is our own, in which somebody looked into it; `more` are warnings that
    go along.
    """
    id_ = new_uuid()
    made = _Made(id_)
    own = made.url("own")
    header = _header(
        Event.REFERRAL_ANSWER, Reason.NEW, sender, receiver, made=made, focus=own
    )
    kind = "interim" if is_interim else "full"
    header["definition"] = f"{_DEFINITIONS}servicerequest-response-validation-{kind}"
    header["response"] = {"identifier": message, "code": "ok"}
    about = {"reference": made.url("patient")}
    their = made.url("encounter")
    made.add(
        {
            **{
                name: request[name]
                for name in ("status", "intent", "category")
                if name in request
            },
            "resourceType": "ServiceRequest",
            "subject": about,
            "encounter": {"reference": their},
        },
        "request",
    )
    _add_service(made, sender)
    made.add(_case(case, about), "encounter")
    made.add(_case(encounter, about), "own")
    content = Content(
        request={}, patient=patient, encounter=encounter, summary=summary, codes=codes
    )
    made.add(_plan(content, about, own, now), "plan")
    made.add(_patient(patient), "patient")
    _add_people(made, {}, sender, receiver)
    for place, one in enumerate(more):
        made.add({**_bare(one), "subject": about}, f"more-{place}")
    return _bundle(id_, header, made, now)


def booking_message(  # noqa: PLR0913 - what a booking by message is
    time: FreeTime,
    *,
    patient: Json,
    sender: Party,
    receiver: Party,
    is_over: bool = False,
    there: str = "",
    first: str = "",
    now: datetime,
) -> Json:
    """A time for somebody, and no clinical word; `is_over` gives it back.

    Of one that is given back, `there` is the Appointment's id at the receiver, and
    `first` the message that booked it.
    """
    id_ = new_uuid()
    made = _Made(id_)
    appointment, who = made.url("appointment"), made.url("patient")
    slot, schedule = made.url("slot"), made.url("schedule")
    reason = Reason.UPDATE if is_over else Reason.NEW
    header = _header(
        Event.BOOKING, reason, sender, receiver, made=made, focus=appointment
    )
    header["definition"] = f"{_DEFINITIONS}booking-request"
    times = {"start": instant(time.start), "end": instant(time.end)}
    booked: Json = {
        "resourceType": "Appointment",
        "status": "cancelled" if is_over else "booked",
        **times,
        "slot": [{"reference": slot}],
        "created": instant(now),
        "participant": [{"actor": {"reference": who}, "status": "accepted"}],
    }
    if there:
        booked["id"] = there
    if first:
        booked["identifier"] = [{"system": MESSAGE, "value": first}]
    made.add(booked, "appointment")
    made.add(_patient(patient), "patient")
    taken: Json = {
        "resourceType": "Slot",
        "id": time.slot,
        "schedule": {"reference": schedule},
        "status": "busy",
        **times,
    }
    made.add(taken, "slot")
    service = made.url("service")
    plan: Json = {"resourceType": "Schedule", "actor": [{"reference": service}]}
    if time.schedule:
        plan["id"] = time.schedule
    made.add(plan, "schedule")
    _add_service(made, receiver)
    for party, name in ((sender, "sender"), (receiver, "receiver")):
        _add_organisation(made, party, name)
    return _bundle(id_, header, made, now)


def _header(
    event: Event,
    reason: Reason,
    sender: Party,
    receiver: Party,
    *,
    made: _Made,
    focus: str,
) -> Json:
    return {
        "resourceType": "MessageHeader",
        "eventCoding": {"system": EVENTS, "code": str(event)},
        "destination": [
            {
                "endpoint": f"{SERVICE_ID}|{receiver.service}",
                "receiver": {"reference": made.url("receiver")},
            }
        ],
        "sender": {"reference": made.url("sender")},
        "source": {
            "name": sender.name,
            "software": "Wardkeep",
            "endpoint": f"{SERVICE_ID}|{sender.service}",
        },
        "reason": {"coding": [{"system": REASONS, "code": str(reason)}]},
        "focus": [{"reference": focus}],
    }


def _bundle(id_: str, header: Json, made: _Made, now: datetime) -> Json:
    first = {"fullUrl": made.url("header"), "resource": header}
    return {
        "resourceType": "Bundle",
        "id": id_,
        "type": "message",
        "timestamp": instant(now),
        "entry": [first, *made.entries],
    }


def _add_service(made: _Made, party: Party) -> None:
    service = {
        "resourceType": "HealthcareService",
        "identifier": [{"system": SERVICE_ID, "value": party.service}],
        "active": True,
        "name": party.service_name or party.name,
    }
    made.add(service, "service")


def _add_people(made: _Made, author: Json, sender: Party, receiver: Party) -> None:
    for party, name in ((sender, "sender"), (receiver, "receiver")):
        _add_organisation(made, party, name)
    names = author.get("name") or [{"text": sender.name}]
    made.add({"resourceType": "Practitioner", "name": names}, "author")
    role = {
        "resourceType": "PractitionerRole",
        "practitioner": {"reference": made.url("author")},
        "organization": {"reference": made.url("sender")},
    }
    made.add(role, "role")


def _add_organisation(made: _Made, party: Party, name: str) -> None:
    organisation: Json = {"resourceType": "Organization", "name": party.name}
    if party.ods:
        organisation["identifier"] = [{"system": ODS, "value": party.ods}]
    made.add(organisation, name)


def _case(encounter: Json, about: Json) -> Json:
    """Its number, kind and time; who had the call is the sender's own affair."""
    kept = ("status", "class", "identifier", "period", "reasonCode")
    found = {name: encounter[name] for name in kept if name in encounter}
    return {"resourceType": "Encounter", "subject": about, **found}


def _plan(content: Content, about: Json, encounter: str, now: datetime) -> Json:
    outcomes: list[Json] = [{"coding": [one]} for one in content.codes]
    outcomes.append({"text": content.summary})
    return {
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "subject": about,
        "encounter": {"reference": encounter},
        "period": {"start": instant(now)},
        "activity": [{"outcomeCodeableConcept": outcomes}],
    }


def _patient(patient: Json) -> Json:
    """Who it is and how to reach them."""
    kept = ("identifier", "name", "telecom", "gender", "birthDate", "address")
    found = {name: patient[name] for name in kept if name in patient}
    return {"resourceType": "Patient", **found}


def _consent(about: Json, now: datetime) -> Json:
    system = "https://fhir.nhs.uk/CodeSystem/consent-categories-bars"
    scope = "http://terminology.hl7.org/CodeSystem/consentscope"
    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": {"coding": [{"system": scope, "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": system, "code": "DRC"}]}],
        "patient": about,
        "dateTime": instant(now),
        "policyRule": {"coding": [{"system": _ACT, "code": "IMPLIED"}]},
    }


def _bare(content: Json) -> Json:
    return {
        name: value
        for name, value in content.items()
        if name not in ("id", "meta", "text", "performer", "encounter", "basedOn")
    }
