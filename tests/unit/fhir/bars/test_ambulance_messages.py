# SPDX-License-Identifier: Apache-2.0
"""A request for an ambulance as it leaves, and as it is taken in."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wardkeep.fhir.bars.ambulance_request import (
    ARP,
    AT_HOME,
    BY_CATEGORY,
    NOWHERE,
    ambulance_message,
    as_asked,
    short_of,
)
from wardkeep.fhir.bars.building import Content, Party, referral_message
from wardkeep.fhir.bars.message import Message, read_message
from wardkeep.fhir.bars.shown import shown
from wardkeep.fhir.bars.taking import Ground, taken
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent.caller import unknown_patient
from wardkeep.fhir.urgent.case import Case, case_content
from wardkeep.fhir.work.referral import Priority, read_referral

Json = dict[str, Any]
NOW = datetime(2026, 11, 29, 4, 0, tzinfo=UTC)
US = Party(name="North", service="2000000999")
THEM = Party(name="Ambulances", service="2000000333")
TAKER = Person("Practitioner/tess", "Tess Taker")
KNOWN: Json = {
    "resourceType": "Patient",
    "id": "p",
    "name": [{"family": "Quillfeather", "given": ["Odette"]}],
    "telecom": [{"system": "phone", "value": "01632960001"}],
    "address": [{"line": ["9 Home Row"], "city": "Puddle", "postalCode": "ZZ1 1ZZ"}],
}


def _case(**more: Any) -> Json:
    said = {"number": "07700900123", "place": "Bus stop, Mill Lane", "postcode": "ZZ9"}
    case = Case(id="c", patient="p", began=NOW, taker=TAKER, **(said | more))
    return case_content(case)


def _made(case: Json, patient: Json = KNOWN, category: str = "C2") -> Json:
    found = BY_CATEGORY[category]
    content = Content(
        request={
            "resourceType": "ServiceRequest",
            "status": "active",
            "priority": found.priority,
            "code": {"text": found.words},
            "occurrencePeriod": {"start": NOW.isoformat()},
        },
        patient=patient,
        encounter=case,
        summary="Grey and sweating",
    )
    return ambulance_message(
        content, category=category, sender=US, receiver=THEM, now=NOW
    )


def _read(bundle: Json) -> Message:
    found = read_message(json.loads(json.dumps(bundle)))
    assert isinstance(found, Message), found
    return found


def _referral(bundle: Json) -> Json:
    """The ServiceRequest as a receiver stores it."""
    ground = Ground(patient="x", team=Person("HealthcareService/d", "Desk"), now=NOW)
    stored = taken(_read(bundle), ground, skips=frozenset()).resources
    return next(one for one in stored if one["resourceType"] == "ServiceRequest")


def test_it_names_where_to_go_how_soon_and_whom_to_ring() -> None:
    message = _read(_made(_case()))
    place, plan = message.one("Location"), message.one("CarePlan")
    assert place is not None
    assert plan is not None
    assert place.content["address"] == {
        "line": ["Bus stop, Mill Lane"],
        "postalCode": "ZZ9",
    }
    assert place.content["type"][0]["coding"][0]["code"] == "ILOC"
    request, patient = message.one("ServiceRequest"), message.one("Patient")
    assert request is not None
    assert patient is not None
    assert request.content["locationReference"] == [{"reference": place.url}]
    assert request.content["category"][0]["coding"][0]["code"] == "referral"
    assert patient.content["telecom"][0]["value"] == "07700900123"
    codings = [
        coding
        for activity in plan.content["activity"]
        for one in activity["outcomeCodeableConcept"]
        for coding in one.get("coding", [])
    ]
    assert {"system": ARP, "code": "C2", "display": "Category 2"} in codings
    words = [word for line in shown(_made(_case())) for word in line.words]
    assert "Bus stop, Mill Lane" in words


def test_of_a_caller_the_number_is_theirs_and_not_the_patients() -> None:
    case = _case(is_patient=False, caller="Ann Example", relation="daughter")
    message = _read(_made(case))
    who, patient = message.one("RelatedPerson"), message.one("Patient")
    assert who is not None
    assert patient is not None
    assert who.content["name"] == [{"text": "Ann Example"}]
    assert who.content["relationship"] == [{"text": "daughter"}]
    assert who.content["telecom"][0]["value"] == "07700900123"
    assert [one["value"] for one in patient.content["telecom"]] == ["01632960001"]
    assert [one["text"] for one in _referral(_made(case))["note"]] == [
        "Ring back on 07700900123, 01632960001",
        "Ann Example, daughter, rang",
    ]


def test_somebody_of_whom_nobody_knows_who_it_is_is_sent_for_all_the_same() -> None:
    bundle = _made(_case(), unknown_patient("p"))
    patient = _read(bundle).one("Patient")
    assert patient is not None
    assert "name" not in patient.content
    assert "meta" not in patient.content
    stored = _referral(bundle)
    assert stored["locationReference"] == [{"display": "Bus stop, Mill Lane, ZZ9"}]
    assert stored["note"] == [{"text": "Ring back on 07700900123"}]


def test_a_place_that_nobody_said_is_never_passed_off_as_the_incident() -> None:
    home = _made(_case(place="", postcode=""))
    place = _read(home).one("Location")
    assert place is not None
    assert place.content["type"][0]["coding"][0]["code"] == "OLOC"
    assert AT_HOME in json.dumps(home)
    nowhere = _made(_case(place="", postcode=""), unknown_patient("p"))
    assert _read(nowhere).one("Location") is None
    assert NOWHERE in json.dumps(nowhere)


@pytest.mark.parametrize(
    ("category", "priority", "minutes"),
    [
        ("C1", Priority.EMERGENCY, 7),
        ("C2", Priority.EMERGENCY, 18),
        ("C3", Priority.URGENT, 120),
        ("C4", Priority.URGENT, 180),
    ],
)
def test_the_category_says_how_soon_whatever_else_the_sender_left_out(
    category: str, priority: Priority, minutes: int
) -> None:
    bundle = _made(_case(), category=category)
    for one in bundle["entry"]:
        if one["resource"]["resourceType"] == "ServiceRequest":
            one["resource"].pop("priority")
            one["resource"].pop("occurrencePeriod")
    stored = _referral(bundle)
    said = read_referral({**stored, "subject": {"reference": "Patient/x"}})
    assert said is not None
    assert said.priority is priority
    assert said.due == NOW + timedelta(minutes=minutes)


def test_of_two_priorities_the_more_pressing_counts_and_a_deadline_is_the_senders() -> (
    None
):
    bundle = _made(_case(), category="C4")
    end = (NOW + timedelta(minutes=3)).isoformat()
    for one in bundle["entry"]:
        if one["resource"]["resourceType"] == "ServiceRequest":
            one["resource"]["occurrencePeriod"]["end"] = end
            one["resource"]["priority"] = "stat"
    stored = _referral(bundle)
    assert stored["priority"] == "stat"
    assert stored["occurrencePeriod"]["end"] == end


def test_any_other_referral_is_taken_as_it_was() -> None:
    content = Content(
        request={"resourceType": "ServiceRequest", "status": "active"},
        patient=KNOWN,
        encounter=_case(),
        summary="Palpitations",
    )
    bundle = referral_message(content, sender=US, receiver=THEM, now=NOW)
    stored = _referral(bundle)
    assert {"priority", "note", "occurrencePeriod"} & stored.keys() == set()


def test_whoever_opens_it_reads_each_line_once() -> None:
    """Why it was raised is the request's reason, and begins the plan's words too."""
    why, more = "Grey and sweating", "Chest tight"
    said = json.dumps(_made(_case())).replace(f'"{why}"', f'"{why}\\n{more}"')
    bundle = json.loads(said)
    for one in bundle["entry"]:
        if one["resource"]["resourceType"] == "ServiceRequest":
            one["resource"]["reasonCode"] = [{"text": why}]
    read = [one["text"] for one in _referral(bundle)["reasonCode"]]
    assert read[0] == why
    assert more in read
    assert "".join(read).count(why) == 1


def test_what_lay_in_reserve_goes_as_it_was_asked_for_in_the_end() -> None:
    later = NOW + timedelta(minutes=30)
    bundle = as_asked(_made(_case(), category="C3"), "C1", later)
    stored = _referral(bundle)
    assert stored["priority"] == "stat"
    assert stored["code"]["text"] == BY_CATEGORY["C1"].words
    end = datetime.fromisoformat(stored["occurrencePeriod"]["end"])
    assert end == later + timedelta(minutes=7)
    assert '"C3"' not in json.dumps(bundle)
    assert as_asked(bundle, "C9", later) == bundle


def test_a_number_is_short_enough_to_be_said() -> None:
    assert short_of("1a2b3c4d-0000-4000-8000-000000000000") == "1A2B3C4D"
    assert short_of("CAD-7731") == "CAD-7731"
