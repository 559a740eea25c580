# SPDX-License-Identifier: Apache-2.0
"""A signed assessment is well-formed FHIR, under its patient, and read as it was."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from wardkeep.care import reading
from wardkeep.care.writing import drafted
from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.assessments.assessment import (
    AMENDED,
    SIGNED,
    Act,
    Asked,
    read_assessment,
    resource_of,
)
from wardkeep.fhir.assessments.drafts import (
    asked_in,
    said_in,
    typed_in,
    words_of,
)
from wardkeep.fhir.assessments.library import library
from wardkeep.fhir.assessments.scores import (
    flag_id,
    flag_of,
    observation_of,
    standing_of,
)
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.notes.words import read_words, write_words
from wardkeep.fhir.questionnaires.questionnaire import placed, read_questionnaire
from wardkeep.fhir.questionnaires.response import answered
from wardkeep.fhir.questionnaires.scale import alarms_of, result_of
from wardkeep.fhir.search.compartment import patients_of
from wardkeep.fhir.store.outcomes import OpenedResource
from wardkeep.fhir.validation import check

AT = datetime(2026, 11, 28, 9, 41, tzinfo=UTC)
PHQ = read_questionnaire(
    json.dumps({**library()[0].content, "id": "phq", "status": "active"}).encode()
)
ROWAN = Person("Practitioner/rowan", "Rowan Ash")
ALL_ONES = {f"q{n}": "1" for n in range(1, 10)}


def act(**changed: Any) -> Act:
    said = {
        "id": "a1",
        "patient": "ann",
        "asked": Asked("phq", 3),
        "status": SIGNED,
        "answered": AT,
        "author": ROWAN,
        "by": ROWAN,
        "encounter": "stay",
        "score": "9 of 27, Mild",
        **changed,
    }
    return Act(**said)


@pytest.mark.parametrize("author", [ROWAN, Person("", "Rowan Ash")])
def test_a_response_is_well_and_read_back(author: Person) -> None:
    assert PHQ is not None
    one = act(author=author, by=author, why="She said so.", status=AMENDED)
    made = resource_of(one, PHQ, answered(PHQ, ALL_ONES))
    assert check(made) == ()
    assert patients_of(made) == ("ann",)
    opened = OpenedResource(
        type=made.type,
        id="a1",
        version=2,
        patient="ann",
        tier=Tier.RECORD,
        clinical_at=AT,
        last_updated=AT,
        text=made.compact,
    )
    read = read_assessment(opened)
    assert read is not None
    assert (read.asked, read.title) == (Asked("phq", 3), "PHQ-9: depression")
    assert (read.author, read.by, read.why) == (author, author, "She said so.")
    assert (read.encounter, read.status) == ("stay", AMENDED)
    shown = reading.read(made.type, "a1", made.compact)
    assert isinstance(shown, reading.QuestionnaireResponse)
    assert (shown.title, shown.score) == ("PHQ-9: depression", "9 of 27, Mild")


def test_a_total_is_a_result_of_the_record_and_names_what_it_is_from() -> None:
    assert PHQ is not None
    result = result_of(PHQ, answered(PHQ, ALL_ONES).answers)
    assert result is not None
    made = observation_of(act(), PHQ, result, now=AT)
    draft = drafted(made)
    assert check(draft.resource) == ()
    assert draft.patients == ("ann",)
    assert made["derivedFrom"] == [{"reference": "QuestionnaireResponse/a1"}]
    read = reading.read("Observation", draft.id, draft.resource.compact)
    assert isinstance(read, reading.Observation)
    assert read.value_quantity.words == "9 of 27"
    assert read.value_quantity.value == Decimal(9)
    assert [one.words for one in read.interpretation] == ["Mild"]


def test_a_usual_total_is_not_marked_and_a_missing_one_is_none() -> None:
    assert PHQ is not None
    noughts = dict.fromkeys(ALL_ONES, "0")
    result = result_of(PHQ, answered(PHQ, noughts).answers)
    assert result is not None
    assert "interpretation" not in observation_of(act(), PHQ, result, now=AT)
    part = result_of(PHQ, answered(PHQ, {"q1": "1"}).answers)
    assert part is not None
    made = observation_of(act(), PHQ, part, now=AT)
    assert check(drafted(made).resource) == ()
    assert "valueQuantity" not in made
    assert made["status"] == "entered-in-error"


def test_an_alert_is_one_a_question_and_says_whose_answers_it_tells() -> None:
    assert PHQ is not None
    [alarm] = alarms_of(PHQ, answered(PHQ, ALL_ONES).answers)
    first, later = (
        drafted(flag_of(act(id=name), PHQ, alarm, when="28-Nov-2026"))
        for name in ("a1", "a2")
    )
    assert check(first.resource) == ()
    assert first.id == later.id == flag_id("ann", PHQ, "9")
    assert first.id != flag_id("ben", PHQ, "9")
    standing = standing_of(later.resource.compact)
    assert standing is not None
    assert (standing.is_active, standing.assessment) == (True, "a2")
    assert standing_of(b'{"resourceType":"Flag","status":"active"}') is None
    assert standing_of(b"[") is None


@pytest.mark.parametrize(
    "written",
    ["", "x", "x|", "|1", "x|-1", "x|1.5", "x|9999999999", "a b|1", "x|\u0662"],
)
def test_a_draft_that_does_not_say_what_is_asked_asks_nothing(written: str) -> None:
    words = words_of({"q1": "2"}, asked=Asked("phq", 3), title="T", when="")
    assert asked_in(words) == Asked("phq", 3)
    broken = json.loads(write_words(words))
    broken["sections"][0]["text"] = written
    read = read_words(json.dumps(broken).encode())
    assert read is not None
    assert asked_in(read) is None


def test_a_draft_keeps_every_field_and_what_stands_beside_them() -> None:
    typed = {"q0": "1", "q1-o2": "1", "q2": "Two\nlines", "q3": ""}
    words = words_of(
        typed, asked=Asked("phq", 3), title="T", when="2026-11-28T09:41", encounter="e"
    )
    kept = read_words(write_words(words))
    assert kept == words
    assert typed_in(words) == {k: v for k, v in typed.items() if v}
    assert said_in(words, "encounter") == "e"


def test_of_two_means_the_first_is_the_value_and_the_second_a_component() -> None:
    volume = next(one for one in library() if one.name == "dialog")
    dialog = read_questionnaire(json.dumps({**volume.content, "id": "d"}).encode())
    assert dialog is not None
    typed = {
        place: "6" if place.startswith("q1") else "2"
        for place, item in placed(dialog.item)
        if item.type == "choice"
    }
    result = result_of(dialog, answered(dialog, typed).answers)
    assert result is not None
    draft = drafted(observation_of(act(), dialog, result, now=AT))
    assert check(draft.resource) == ()
    read = reading.read("Observation", draft.id, draft.resource.compact)
    assert isinstance(read, reading.Observation)
    assert read.value_quantity.words == "7.00 of 7"
    [other] = read.component
    assert (other.code.words, other.value_quantity.words) == ("Treatment", "3.00 of 7")
