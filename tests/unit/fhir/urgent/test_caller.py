# SPDX-License-Identifier: Apache-2.0
"""Whom a call is about: not known, unverified, or here already under another record."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent.caller import (
    Identity,
    facts_of,
    is_unknown,
    replaced,
    unknown_patient,
    with_identity,
)
from wardkeep.fhir.urgent.case import Case, Trace
from wardkeep.fhir.urgent.tracing import (
    NOT_FOUND,
    NOT_REACHED,
    NOT_TRACED,
    PARTIAL,
    VERIFIED,
)

AT = datetime(2026, 11, 29, 4, 0, tzinfo=UTC)
CASE = Case(
    id="c", patient="p", began=AT, taker=Person("Practitioner/t"), number="07700900151"
)
NELL = Identity(
    number="9990000042",
    given="Nell",
    family="Newcombe",
    born="1980-04-03",
    gender="female",
    address="3 Mill Lane",
    postcode="ZZ91 1AA",
)


def traced(status: str, number: str = "9990000042") -> Case:
    trace = Trace(
        status=status, at=AT, number=number, family="Newcombe", born="1980-04-03"
    )
    return msgspec.structs.replace(CASE, trace=trace)


def code_of(content: dict[str, Any]) -> str:
    [one] = content["identifier"]
    coding = one["extension"][0]["valueCodeableConcept"]["coding"][0]
    return str(coding["code"])


def test_before_anything_is_known_there_is_nothing_to_find_somebody_by() -> None:
    made = unknown_patient("p")
    assert is_unknown(made)
    assert not {"name", "identifier", "birthDate", "telecom", "address"} & set(made)


def test_with_a_name_it_is_a_patient_like_any_other() -> None:
    made = with_identity(unknown_patient("p"), NELL, CASE)
    assert not is_unknown(made)
    assert made["name"][0]["family"] == "Newcombe"
    assert made["telecom"] == [{"system": "phone", "value": "07700900151"}]
    assert made["birthDate"] == "1980-04-03"
    said = facts_of(made)
    assert (said.given, said.family, said.postcode) == ("Nell", "Newcombe", "ZZ91 1AA")
    assert not said.is_verified


def test_the_telephone_of_another_caller_is_not_the_patients() -> None:
    case = msgspec.structs.replace(CASE, is_patient=False)
    assert "telecom" not in with_identity(unknown_patient("p"), NELL, case)


def test_without_a_name_or_number_nobody_is_known_yet() -> None:
    made = with_identity(unknown_patient("p"), Identity(gender="male"), CASE)
    assert is_unknown(made)
    assert made["gender"] == "male"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (VERIFIED, "01"),
        (NOT_TRACED, "02"),
        (NOT_REACHED, "03"),
        (NOT_FOUND, "04"),
        (PARTIAL, "05"),
    ],
)
def test_a_number_says_how_far_it_is_verified(status: str, code: str) -> None:
    made = with_identity(unknown_patient("p"), NELL, traced(status))
    assert code_of(made) == code
    assert facts_of(made).is_verified is (status == VERIFIED)


def test_another_number_than_the_one_that_was_verified_is_not_verified() -> None:
    case = traced(VERIFIED, number="9990000069")
    assert code_of(with_identity(unknown_patient("p"), NELL, case)) == "05"


def test_a_number_that_was_verified_of_another_name_is_not_verified() -> None:
    other = msgspec.structs.replace(NELL, family="Oldcombe")
    made = with_identity(unknown_patient("p"), other, traced(VERIFIED))
    assert code_of(made) == "05"


def test_what_stood_for_somebody_else_says_so_and_is_out_of_use() -> None:
    made = replaced(unknown_patient("p"), "x")
    assert made["active"] is False
    [link] = made["link"]
    assert link == {"other": {"reference": "Patient/x"}, "type": "replaced-by"}
