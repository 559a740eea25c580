# SPDX-License-Identifier: Apache-2.0
"""A case as an Encounter and back; its caller, and what others wrote into it."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.urgent.case import (
    MISTAKE,
    Case,
    Outcome,
    Reading,
    Trace,
    caller_content,
    caller_id,
    case_content,
    case_in,
    number_in,
)

AT = datetime(2026, 11, 29, 4, 0, tzinfo=UTC)
TIM, UMA = Person("Practitioner/tim", "Tim"), Person("Practitioner/uma", "Uma")
words = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=20
)
CASE = Case(
    id="c1",
    patient="p1",
    began=AT,
    taker=TIM,
    number="07700900151",
    place="4 Teasel Row",
    postcode="ZZ91 1AA",
    is_patient=False,
    caller="Marigold",
    relation="daughter",
    complaint="Short of breath",
    trace=Trace(
        status="verified",
        at=AT,
        number="9990000042",
        family="Newcombe",
        born="1980-04-03",
    ),
    read=Reading(flags=("f:1", "g:2"), at=AT, by=TIM),
    outcome=Outcome(code="clinician-1h", at=AT, said="Yes", advice="Ring", by=UMA),
)


@pytest.mark.parametrize(
    "case",
    [
        CASE,
        Case(id="c1", patient="p1", began=AT, taker=TIM),
        msgspec.structs.replace(CASE, caller="", relation=""),
        msgspec.structs.replace(CASE, caller="Marigold", relation=""),
        msgspec.structs.replace(CASE, caller="", relation="daughter"),
        msgspec.structs.replace(CASE, status=MISTAKE, moved="Encounter/c2"),
        msgspec.structs.replace(CASE, status="finished", ended=AT),
    ],
)
def test_a_case_is_the_same_once_it_was_stored(case: Case) -> None:
    content = case_content(case)
    assert case_in(content) == case
    assert isinstance(parse(msgspec.json.encode(content)), Resource)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(place=words, complaint=words, caller=words, relation=words)
def test_whatever_is_typed_comes_back(
    place: str, complaint: str, caller: str, relation: str
) -> None:
    case = msgspec.structs.replace(
        CASE,
        place=place,
        complaint=complaint,
        caller=caller.replace("·", ""),
        relation=relation,
    )
    assert case_in(case_content(case)) == case


def test_what_others_wrote_into_it_stays() -> None:
    stored = case_content(CASE)
    stored["participant"].append({"individual": {"reference": UMA.reference}})
    stored["extension"].append({"url": "urn:other", "valueString": "x"})
    stored["priority"] = {"text": "high"}
    read = case_in(stored)
    assert read is not None
    assert read.others == (Person(UMA.reference, ""),)
    again = case_content(msgspec.structs.replace(read, complaint="Worse"), stored)
    assert again["priority"] == {"text": "high"}
    assert {"url": "urn:other", "valueString": "x"} in again["extension"]
    people = [one["individual"]["reference"] for one in again["participant"]]
    assert people == [
        TIM.reference,
        f"RelatedPerson/{caller_id('c1')}",
        UMA.reference,
    ]
    # Whoever goes on with it is its call taker then, and the other still takes part
    taken = case_content(msgspec.structs.replace(read, taker=UMA), stored)
    people = [one["individual"]["reference"] for one in taken["participant"]]
    assert people[0] == UMA.reference
    assert TIM.reference in people[1:]


def test_a_case_is_open_until_it_is_said_how_it_ended() -> None:
    assert not CASE.is_open
    assert msgspec.structs.replace(CASE, outcome=None).is_open
    ended = msgspec.structs.replace(CASE, outcome=None, status=MISTAKE)
    assert not ended.is_open


def test_an_encounter_of_another_kind_is_no_case() -> None:
    content = case_content(CASE)
    assert case_in(content | {"type": [{"text": "Call"}]}) is None
    assert case_in(content | {"period": {}}) is None
    assert case_in(content | {"period": {"start": "2026-11-29"}}) is None


def test_the_caller_is_a_person_of_the_patients() -> None:
    made = caller_content(CASE)
    assert made is not None
    assert made["patient"] == {"reference": "Patient/p1"}
    assert made["name"] == [{"text": "Marigold"}]
    assert made["relationship"] == [{"text": "daughter"}]
    assert caller_content(msgspec.structs.replace(CASE, is_patient=True)) is None


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("07700 900 151", "07700900151"),
        ("+44 (0)1632 960-111", "+4401632960111"),
        ("07700+900", "07700900"),
        ("none", ""),
    ],
)
def test_a_number_is_its_digits(typed: str, number: str) -> None:
    assert number_in(typed) == number
