# SPDX-License-Identifier: Apache-2.0
"""A request for an ambulance as a message: where to, for whom, how soon, whom to ring.

A referral of the standard (its application between ambulance services, example
REFREQ8A of https://github.com/NHSDigital/NHSDigital-FHIR-BookingAndReferrals): the
ServiceRequest names the Location of the incident, the CarePlan says the category, and
the Patient may be somebody of whom nobody knows more than where they are.
"""

from datetime import datetime
from typing import Any

import msgspec

from wardkeep.base.ids import derived_uuid
from wardkeep.fhir.bars.building import Content, Party, referral_message
from wardkeep.fhir.bars.codes import CATEGORIES
from wardkeep.fhir.bars.validation import outcome_codings
from wardkeep.fhir.clinics.resources import instant
from wardkeep.fhir.urgent.case import call_back_in, callers_in, place_in
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, SYSTEM, Disposition, Kind
from wardkeep.fhir.work.expects import listed

Json = dict[str, Any]
ARP = "https://fhir.nhs.uk/CodeSystem/arp-priority-codes"
"""The standard's categories of an ambulance: C1 to C5."""
PLACES = "https://fhir.nhs.uk/CodeSystem/location-types-bars"
_INCIDENT = {"system": PLACES, "code": "ILOC", "display": "Incident Location"}
_OTHER = {"system": PLACES, "code": "OLOC", "display": "Other Location"}
"""Where they live, which nobody said is where they are."""
NOWHERE = "Nobody said where they are: ring back before anybody sets out."
AT_HOME = "Nobody said where they are; this is the address in the record."
NO_CASE: Json = {
    "resourceType": "Encounter",
    "status": "in-progress",
    "class": {
        "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
        "code": "EMER",
    },
}
"""In the place of a call that other software did not write down."""
BY_CATEGORY = {
    one.category: one
    for one in DISPOSITIONS.values()
    if one.kind is Kind.AMBULANCE and one.category
}
"""The disposition that asks for each."""
_UUID_PARTS = 5


def short_of(id_: str) -> str:
    """An id as two people say it to each other on the telephone."""
    parts = id_.split("-")
    return parts[0].upper() if len(parts) == _UUID_PARTS else id_


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where the ambulance has to go, as far as somebody said."""

    line: str = ""
    postcode: str = ""
    is_home: bool = False
    """Taken from the record, for the call said nothing."""

    @property
    def is_known(self) -> bool:
        return bool(self.line or self.postcode)


def place_of(case: Json, patient: Json) -> Place:
    """Where the call said that they are; else where they live."""
    said = place_in(case)
    line, postcode = said.get("text", ""), said.get("postcode", "")
    if line or postcode:
        return Place(line=line, postcode=postcode)
    home = next(iter(listed(patient, "address")), {})
    lines = [one for one in home.get("line", []) if isinstance(one, str)]
    city, text = home.get("city"), home.get("text")
    if isinstance(city, str) and city:
        lines.append(city)
    line = ", ".join(lines) or (text if isinstance(text, str) else "")
    code = home.get("postalCode")
    postcode = code if isinstance(code, str) else ""
    return Place(line=line, postcode=postcode, is_home=bool(line or postcode))


def ambulance_message(
    content: Content,
    *,
    category: str,
    sender: Party,
    receiver: Party,
    now: datetime,
) -> Json:
    """`content.request` is what the call came to, `content.encounter` the case."""
    case, place = content.encounter, place_of(content.encounter, content.patient)
    words = [content.summary]
    if not place.is_known or place.is_home:
        words.append(AT_HOME if place.is_known else NOWHERE)
    said = msgspec.structs.replace(
        content,
        patient=_patient(content.patient, case),
        codes=[_category(category), *content.codes],
        summary="\n".join(filter(None, words)),
    )
    bundle = referral_message(said, sender=sender, receiver=receiver, now=now)
    _add_category(bundle)
    if place.is_known:
        _add_place(bundle, place)
    _add_caller(bundle, case)
    return bundle


def as_asked(bundle: Json, category: str, at: datetime) -> Json:
    """A message that was made in reserve, as the ambulance was asked for in the end.

    Nobody answered who was to look again, or they said that it is more urgent: the
    category and the time are those of the moment in which it was asked for.
    """
    disposition = BY_CATEGORY.get(category)
    if disposition is None:
        return bundle
    request = _only(bundle, "ServiceRequest")
    period = {"start": instant(at)}
    due = disposition.deadline(at)
    if due is not None:
        period["end"] = instant(due)
    request |= {
        "priority": disposition.priority,
        "occurrencePeriod": period,
        "authoredOn": instant(at),
        "code": {"coding": [_coding(disposition)], "text": disposition.words},
    }
    for coding in outcome_codings([_only(bundle, "CarePlan")]):
        if coding.get("system") == ARP:
            coding.update(_category(category))
        elif coding.get("system") == SYSTEM:
            coding.update(_coding(disposition))
    return bundle


def _coding(disposition: Disposition) -> Json:
    return {
        "system": SYSTEM,
        "code": disposition.code,
        "display": disposition.words,
    }


def _category(category: str) -> Json:
    number = category.removeprefix("C")
    return {"system": ARP, "code": category, "display": f"Category {number}"}


def _patient(patient: Json, case: Json) -> Json:
    """With the number to ring back first, where the patient rang."""
    number = call_back_in(case)
    if not number or callers_in(case):
        return patient
    known = [one for one in listed(patient, "telecom") if one.get("value") != number]
    return {**patient, "telecom": [_phone(number), *known]}


def _phone(number: str) -> Json:
    return {"system": "phone", "value": number}


def _add_category(bundle: Json) -> None:
    coding = {"system": CATEGORIES, "code": "referral", "display": "Transfer of Care"}
    _only(bundle, "ServiceRequest")["category"] = [{"coding": [coding]}]


def _add_place(bundle: Json, place: Place) -> None:
    """The Location of the incident, which ServiceRequest and Encounter name."""
    address = {
        name: value
        for name, value in (
            ("line", [place.line] if place.line else []),
            ("postalCode", place.postcode),
        )
        if value
    }
    content: Json = {
        "resourceType": "Location",
        "status": "active",
        "type": [{"coding": [_OTHER if place.is_home else _INCIDENT]}],
        "address": address,
    }
    here = _add(bundle, "location", content)
    _only(bundle, "ServiceRequest")["locationReference"] = [{"reference": here}]
    _only(bundle, "Encounter")["location"] = [
        {"location": {"reference": here}, "status": "active"}
    ]


def _add_caller(bundle: Json, case: Json) -> None:
    """Who rings for the patient, and on which number they are rung back."""
    caller = next(iter(callers_in(case)), None)
    if caller is None:
        return
    name, _, relation = caller.display.partition(" · ")
    content: Json = {
        "resourceType": "RelatedPerson",
        "patient": dict(_only(bundle, "ServiceRequest")["subject"]),
    }
    number = call_back_in(case)
    if name:
        content["name"] = [{"text": name}]
    if relation:
        content["relationship"] = [{"text": relation}]
    if number:
        content["telecom"] = [_phone(number)]
    _add(bundle, "caller", content)


def _add(bundle: Json, name: str, content: Json) -> str:
    url = f"urn:uuid:{derived_uuid(str(bundle['id']), name)}"
    bundle["entry"].append({"fullUrl": url, "resource": content})
    return url


def _only(bundle: Json, type_: str) -> Json:
    """The one resource of a type, to be changed."""
    found: Json = next(
        one["resource"]
        for one in bundle["entry"]
        if one["resource"]["resourceType"] == type_
    )
    return found
