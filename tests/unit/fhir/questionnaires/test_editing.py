# SPDX-License-Identifier: Apache-2.0
"""A clinic changes its questions; what it does not know stays as it was."""

from decimal import Decimal

import pytest

from wardkeep.fhir.questionnaires import editing
from wardkeep.fhir.questionnaires.editing import Question
from wardkeep.fhir.questionnaires.questionnaire import cannot_ask, read_questionnaire
from wardkeep.fhir.validation import check

ACTIVE = {
    "resourceType": "Questionnaire",
    "id": "q",
    "status": "active",
    "version": "4",
    "item": [
        {"linkId": "a", "type": "boolean", "text": "A?", "x-unknown": 1},
        {
            "linkId": "b",
            "type": "string",
            "enableWhen": [{"question": "a", "operator": "exists"}],
        },
        {"linkId": "c", "type": "group", "item": [{"linkId": "d", "type": "date"}]},
    ],
}


@pytest.mark.parametrize("kind", list(editing.ASKED))
def test_every_kind_of_question_that_is_offered_can_be_asked(kind: str) -> None:
    made = editing.new_questionnaire("Before you are seen")
    options = ("On foot", "By bus") if "choice" in kind else ()
    question = Question(text="How?", kind=kind, is_required=True, options=options)
    made = editing.with_question(made, question)
    resource = editing.resource_of(made)
    assert check(resource) == ()
    read = read_questionnaire(resource.compact)
    assert read is not None
    assert cannot_ask(read) == ()
    [item] = read.item
    assert item.words() == "How?"
    assert item.repeats is kind.endswith("-several")
    assert item.required is (kind != "display")


def test_what_was_asked_is_never_changed_but_goes_on_as_the_next_version() -> None:
    made = editing.moved(ACTIVE, 0, 1)
    assert (made["status"], made["version"]) == ("draft", "5")
    assert ACTIVE["status"] == "active"
    assert [one["linkId"] for one in made["item"]] == ["b", "a", "c"]
    again = editing.titled(made, "New")
    assert again["version"] == "5"
    named = editing.titled({**ACTIVE, "version": "2026-a"}, "New")
    assert named["version"] == "2026-a.1"


def test_removing_a_question_frees_those_that_depended_on_it() -> None:
    made = editing.without(ACTIVE, 0)
    assert [one["linkId"] for one in made["item"]] == ["b", "c"]
    assert "enableWhen" not in made["item"][0]
    assert made["item"][1]["item"] == [{"linkId": "d", "type": "date"}]


@pytest.mark.parametrize(("place", "by"), [(0, -1), (2, 1), (-1, 1), (9, -1)])
def test_at_an_end_a_question_stays(place: int, by: int) -> None:
    assert editing.moved(ACTIVE, place, by) is ACTIVE
    assert editing.without(ACTIVE, 7) is ACTIVE


def test_a_new_question_takes_a_link_that_is_free() -> None:
    content = {**ACTIVE, "item": [{"linkId": "q2", "type": "string"}]}
    made = editing.with_question(content, Question(text="X", kind="string"))
    assert [one["linkId"] for one in made["item"]] == ["q2", "q3"]


def test_it_is_asked_on_arrival_by_its_code_and_other_codes_stay() -> None:
    content = {**ACTIVE, "code": [{"system": "urn:x", "code": "y"}]}
    asked = editing.asked_on_arrival(content, is_asked=True)
    assert len(asked["code"]) == 2
    assert editing.asked_on_arrival(asked, is_asked=True)["code"] == asked["code"]
    assert editing.asked_on_arrival(asked, is_asked=False)["code"] == content["code"]
    assert "code" not in editing.asked_on_arrival(ACTIVE, is_asked=False)


def test_what_stands_behind_an_answer_is_what_it_counts() -> None:
    options = ("Not at all = 0", "Often=2.5", "A = B", "= 3", "Plain")
    question = Question(text="How?", kind="choice", options=options)
    made = editing.with_question(editing.new_questionnaire("Mood"), question)
    resource = editing.resource_of(made)
    assert check(resource) == ()
    read = read_questionnaire(resource.compact)
    assert read is not None
    said = [(one.words(), one.weight) for one in read.item[0].answer_option]
    assert said == [
        ("Not at all", 0),
        ("Often", Decimal("2.5")),
        ("A = B", None),
        ("= 3", None),
        ("Plain", None),
    ]
    # And the digits are the same after a change that touches something else
    again = editing.titled(editing.content_of(resource.compact), "Other")
    assert b'"valueDecimal":2.5}' in editing.resource_of(again).compact


def test_it_is_offered_to_clinicians_by_its_code_and_asked_at_check_in_by_another() -> (
    None
):
    made = editing.for_clinicians({**ACTIVE}, is_assessment=True)
    both = editing.asked_on_arrival(made, is_asked=True)
    assert [one["code"] for one in both["code"]] == ["assessment", "check-in"]
    assert editing.for_clinicians(both, is_assessment=False)["code"] == both["code"][1:]
    assert made["status"] == "active"
