# SPDX-License-Identifier: Apache-2.0
"""A partner's care plan and appointment are held to what else comes along is."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from support.partners import NHS_NUMBER, NORTH, SECOND, booking, referral
from wardkeep.fhir.bars.brought_along import sender_in
from wardkeep.fhir.bars.codes import STATUS
from wardkeep.fhir.bars.message import Message, faults_in, read_message
from wardkeep.fhir.bars.taking import LONGEST_NAME, Ground, sender_of, taken
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.resource import Resource, from_content
from wardkeep.fhir.plans.plan import SYSTEM as PLAN_SYSTEM
from wardkeep.fhir.validation import check

Json = dict[str, Any]
NOW = datetime(2026, 11, 30, 15, tzinfo=UTC)
TIMES = ("2026-11-30T16:00:00Z", "2026-11-30T16:15:00Z")
SCRIPT = "<script>fetch('https://elsewhere.example')</script>"
BAD, UNFIT = (400, "REC_BAD_REQUEST"), (422, "REC_UNPROCESSABLE_ENTITY")
OTHERS_NUMBER = {"identifier": {"system": NHS_NUMBER, "value": SECOND}}


def sent(type_: str, more: Mapping[str, object]) -> Json:
    """A message whose resource of this type says more than ours would."""
    bundle = booking("s-1", *TIMES) if type_ == "Appointment" else referral()
    for entry in bundle["entry"]:
        if entry["resource"]["resourceType"] == type_:
            entry["resource"] |= more
    return bundle


def read(bundle: Json) -> Message:
    message = read_message(bundle)
    assert isinstance(message, Message)
    return message


@pytest.mark.parametrize("type_", ["CarePlan", "Appointment"])
@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"description": SCRIPT}, BAD, "value"),
        ({"description": "a" * 30_001}, UNFIT, "too-long"),
        ({"note": [{"text": "a" * 5_000}] * 14}, UNFIT, "too-long"),
        ({"modifierExtension": [{"url": "x"}]}, UNFIT, "not-supported"),
        ({"note": [{"modifierExtension": [{"url": "x"}]}]}, UNFIT, "not-supported"),
        ({"contained": [{"resourceType": "Goal"}]}, UNFIT, "not-supported"),
        ({"extension": [{"url": "x", "valueReference": OTHERS_NUMBER}]}, BAD, "value"),
    ],
)
def test_what_is_hostile_is_refused_at_its_place(
    type_: str, more: Mapping[str, object], status: tuple[int, str], code: str
) -> None:
    [fault] = faults_in(read(sent(type_, more)))
    assert (int(STATUS[fault.error]), str(fault.error)) == status
    assert fault.code == code
    assert fault.place == f"Bundle.entry.resource.ofType({type_})"


def test_a_plan_of_somebody_else_and_a_seat_of_somebody_else_are_refused() -> None:
    other = {"subject": {"display": "Somebody"}}
    assert [one.code for one in faults_in(read(sent("CarePlan", other)))] == ["value"]
    seat = {"participant": [{"actor": OTHERS_NUMBER, "status": "accepted"}]}
    assert [one.code for one in faults_in(read(sent("Appointment", seat)))] == ["value"]


def test_a_whole_case_in_one_text_is_taken() -> None:
    """A front door reads it: nobody is sent back because a triage was long."""
    long = {"description": "a" * 30_000}
    assert faults_in(read(sent("CarePlan", long))) == ()
    assert faults_in(read(sent("Appointment", {"comment": "a" * 6_000}))) == ()


def test_a_partners_plan_is_none_of_ours_and_says_from_whom_it_is() -> None:
    ours = {
        "coding": [{"system": PLAN_SYSTEM, "code": "crisis"}],
        "text": "Crisis plan",
    }
    unknown = {"url": "https://fhir.nhs.uk/more", "valueString": "kept"}
    posing = {
        "category": [ours],
        "author": {"display": "Marcy Example"},
        "extension": [
            {"url": f"{PLAN_SYSTEM}:agreed", "valueString": "with the person"},
            unknown,
        ],
    }
    team = Person("HealthcareService/t")
    ground = Ground(patient="p", team=team, now=NOW, sender="Larkspur")
    found = taken(read(sent("CarePlan", posing)), ground, skips=frozenset())
    [plan] = [one for one in found.resources if one["resourceType"] == "CarePlan"]
    assert plan["category"] == [{"text": "Crisis plan"}]
    assert plan["author"] == {"display": "Marcy Example, Larkspur"}
    assert plan["extension"][0] == unknown
    assert len(plan["extension"]) == 2
    assert sender_in(plan) == "Larkspur"
    made = from_content(plan)
    assert isinstance(made, Resource)
    assert check(made) == ()


def test_what_a_sender_calls_itself_is_a_name_and_no_document() -> None:
    bundle = booking("s-1", *TIMES)
    header = bundle["entry"][0]["resource"]
    assert sender_of(read(bundle)) == NORTH.name
    header["source"]["name"] = "a" * 100_000
    assert sender_of(read(bundle)) == "a" * LONGEST_NAME
