# SPDX-License-Identifier: Apache-2.0
"""What somebody who looked again says is read by code; what is not read means nothing.

It stops no clock.
"""

import copy
from typing import Any

import pytest

from support.partners import FERNHILL, NORTH, case, now, person
from wardkeep.fhir.bars.building import answer_message
from wardkeep.fhir.bars.message import Message, faults_in, read_message
from wardkeep.fhir.bars.validation import (
    DX,
    ENDED,
    OUTCOMES,
    REASONS,
    Means,
    Validated,
    read_validation,
)
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, SYSTEM

Json = dict[str, Any]
ARP = "urn:example:response-programme"
REQUEST = {
    "resourceType": "ServiceRequest",
    "status": "active",
    "intent": "plan",
    "category": [
        {
            "coding": [
                {
                    "system": "https://fhir.nhs.uk/CodeSystem/"
                    "message-category-servicerequest",
                    "code": "validation",
                }
            ]
        }
    ],
}


def answer(
    *,
    status: str = "finished",
    reason: Json | None = None,
    codes: tuple[Json, ...] = (),
    plan: str = "active",
    third: bool = False,
    is_interim: bool = False,
) -> Message:
    """As it comes: in the standard's shape."""
    own = {**case(), "status": status}
    if reason is not None:
        own["reasonCode"] = [{"coding": [reason]}]
    bundle = answer_message(
        "asked-1",
        request=REQUEST,
        case=case(),
        patient=person(),
        encounter=own,
        summary="Said on the telephone.",
        codes=codes,
        sender=FERNHILL,
        receiver=NORTH,
        is_interim=is_interim,
        now=now(),
    )
    for entry in bundle["entry"]:
        if entry["resource"]["resourceType"] == "CarePlan":
            entry["resource"]["status"] = plan
    if third:
        theirs = copy.deepcopy(bundle["entry"][-1])
        theirs["fullUrl"] = "urn:uuid:1b0f3f0e-0000-4000-8000-000000000003"
        found = next(
            one["resource"]["subject"]
            for one in bundle["entry"]
            if one["resource"]["resourceType"] == "Encounter"
        )
        theirs["resource"] = {**case(), "subject": found}
        bundle["entry"].append(theirs)
    message = read_message(bundle)
    assert isinstance(message, Message)
    assert faults_in(message) == ()
    return message


def read(message: Message, category: str = "C3", *, so_far: bool = False) -> Validated:
    return read_validation(message, category=category, is_interim=so_far)


def coded(means: str) -> Json:
    return {"system": OUTCOMES, "code": means}


def test_so_far_is_in_progress_or_rejected_with_its_reason() -> None:
    going = answer(status="in-progress", is_interim=True)
    assert read(going, so_far=True).means is Means.IN_PROGRESS
    reason = {"system": REASONS, "code": "failed-contact"}
    no = answer(status="cancelled", reason=reason, is_interim=True)
    assert read(no, so_far=True) == Validated(
        means=Means.REJECTED, why="failed-contact"
    )
    # Also where whoever sends it calls it full: nobody looks.
    assert read(no).means is Means.REJECTED


def test_a_reason_that_is_no_code_is_not_kept_beside_the_record() -> None:
    reason = {"system": REASONS, "code": "Odette <b>Quillfeather</b>, 22 High Street"}
    no = answer(status="cancelled", reason=reason, is_interim=True)
    assert read(no, so_far=True) == Validated(means=Means.REJECTED)


@pytest.mark.parametrize("means", sorted({*Means} - {Means.UP, Means.CLOSED}))
def test_each_of_our_codes_is_read_where_both_sides_have_them(means: Means) -> None:
    is_so_far = means in (Means.IN_PROGRESS, Means.REJECTED)
    status = "in-progress" if is_so_far else "finished"
    said = read(answer(status=status, reason=coded(means)), so_far=is_so_far)
    assert said.means is means


@pytest.mark.parametrize(
    ("code", "means", "category"),
    [
        ("ambulance-1", Means.UP, "C1"),
        ("ambulance-2", Means.UP, "C2"),
        ("ambulance-3", Means.UNCHANGED, "C3"),
        ("ambulance-4", Means.DOWN, "C4"),
        ("clinician-1h", Means.DOWN, ""),
        ("emergency-department-1h", Means.DOWN, ""),
    ],
)
def test_a_disposition_says_whether_it_is_more_or_less(
    code: str, means: Means, category: str
) -> None:
    one = DISPOSITIONS[code]
    said = read(answer(codes=({"system": SYSTEM, "code": code},)))
    assert (said.means, said.category) == (means, category)
    for public in one.dx:
        by_dx = read(answer(codes=({"system": DX, "code": public},)))
        assert (by_dx.means, by_dx.category) == (means, category)


@pytest.mark.parametrize("words", ["C2", "c2", "Cat2", "CAT 2", "Category 2", "cat-2"])
def test_a_category_is_known_in_each_way_in_which_it_is_written(words: str) -> None:
    said = read(answer(codes=({"system": ARP, "code": words},)))
    assert said == Validated(means=Means.UP, category="C2")


def test_a_third_case_is_an_ambulance_that_was_asked_for_meanwhile() -> None:
    assert read(answer(third=True)) == Validated(means=Means.UP, category="C2")
    told = answer(third=True, codes=({"system": ARP, "code": "Cat1"},))
    assert read(told) == Validated(means=Means.UP, category="C1")


def test_of_two_things_that_are_said_the_more_dangerous_one_counts() -> None:
    both = answer(
        reason=coded("hear-and-treat"), codes=({"system": ARP, "code": "Cat1"},)
    )
    assert read(both) == Validated(means=Means.UP, category="C1")
    done = answer(plan="completed", third=True)
    assert read(done).means is Means.UP


@pytest.mark.parametrize("means", sorted(ENDED))
@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("C3", Validated(means=Means.UNCHANGED, category="C3")),
        ("C2", Validated(means=Means.DOWN, category="C3")),
        ("", Validated(means=Means.UP, category="C3")),
    ],
)
def test_whoever_is_still_to_have_an_ambulance_is_not_dealt_with(
    means: Means, asked: str, told: Validated
) -> None:
    both = answer(reason=coded(means), codes=({"system": ARP, "code": "Cat3"},))
    assert read(both, asked) == told


def test_whoever_was_to_go_to_a_department_and_gets_an_ambulance_goes_up() -> None:
    said = read(answer(codes=({"system": SYSTEM, "code": "ambulance-3"},)), "")
    assert said == Validated(means=Means.UP, category="C3")


def test_a_plan_that_is_completed_leaves_nothing_to_do() -> None:
    assert read(answer(plan="completed")).means is Means.CLOSED


def test_what_cannot_be_read_means_nothing() -> None:
    unknown = {"system": DX, "code": "1122334455"}
    assert read(answer(codes=(unknown,))) == Validated()
    assert read(answer(status="in-progress", reason=coded("up"))) == Validated()
    assert read(answer(reason={"system": OUTCOMES, "code": "fine"})) == Validated()
    # The fifth category is nobody who is sent, and a symptom's code is no category.
    pathways = "https://fhir.nhs.uk/CodeSystem/pathways-sd-codes"
    odd = ({"system": ARP, "code": "Cat5"}, {"system": pathways, "code": "C1"})
    assert read(answer(codes=odd)) == Validated()
