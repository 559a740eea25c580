# SPDX-License-Identifier: Apache-2.0
"""Any R4 Questionnaire is asked, answered and scored as its author meant it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, strategies as st

from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.questionnaires.answers import (
    initial_of,
    read_date,
    read_number,
    read_time,
)
from wardkeep.fhir.questionnaires.questionnaire import (
    Questionnaire,
    cannot_ask,
    placed,
    read_questionnaire,
)
from wardkeep.fhir.questionnaires.response import About, answered, response_of
from wardkeep.fhir.questionnaires.scoring import score_of
from wardkeep.fhir.validation import check

ORDINAL = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
MIN = "http://hl7.org/fhir/StructureDefinition/minValue"
MAX = "http://hl7.org/fhir/StructureDefinition/maxValue"
UNIT = "http://hl7.org/fhir/StructureDefinition/questionnaire-unit"
PLACES = "http://hl7.org/fhir/StructureDefinition/maxDecimalPlaces"
EXCLUSIVE = "http://hl7.org/fhir/StructureDefinition/questionnaire-optionExclusive"
TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"
ABOUT = About(
    subject="Patient/p1",
    source="Patient/p1",
    authored=datetime(2026, 11, 28, 9, 0, tzinfo=UTC),
)


def questionnaire(*items: dict[str, Any], **more: Any) -> Questionnaire:
    content = {
        "resourceType": "Questionnaire",
        "id": "q",
        "status": "active",
        "title": "Before we begin",
        "item": list(items),
        **more,
    }
    read = read_questionnaire(msgspec.json.encode(content))
    assert read is not None
    return read


def item(link: str, type_: str, **more: Any) -> dict[str, Any]:
    return {"linkId": link, "type": type_, "text": f"About {link}", **more}


def option(code: str, weight: float | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"valueCoding": {"system": "urn:x", "code": code}}
    if weight is not None:
        made["extension"] = [{"url": ORDINAL, "valueDecimal": weight}]
    return made


def content_of(asked: Questionnaire, typed: dict[str, str]) -> dict[str, Any]:
    """The response, judged by the store's own check."""
    read = answered(asked, typed)
    assert read.problems == ()
    made = response_of(asked, read, ABOUT, id_="r1")
    assert isinstance(made, Resource)
    assert check(made) == ()
    content: dict[str, Any] = msgspec.json.decode(made.compact)
    return content


def wrong_in(asked: Questionnaire, typed: dict[str, str]) -> list[tuple[str, str]]:
    return [(one.place, one.mend) for one in answered(asked, typed).problems]


@pytest.mark.parametrize(
    ("type_", "typed", "kind", "value"),
    [
        ("boolean", "true", "valueBoolean", True),
        ("boolean", "false", "valueBoolean", False),
        ("string", " with a stick ", "valueString", "with a stick"),
        ("text", "one\r\ntwo", "valueString", "one\ntwo"),
        ("url", "urn:x:1", "valueUri", "urn:x:1"),
        ("integer", "0", "valueInteger", 0),
        ("integer", "-3", "valueInteger", -3),
        ("decimal", "36,80", "valueDecimal", 36.80),
        ("date", "3/2/1950", "valueDate", "1950-02-03"),
        ("quantity", "70.50", "valueQuantity", {"value": 70.50}),
    ],
)
def test_each_type_of_answer_becomes_its_fhir_value(
    type_: str, typed: str, kind: str, value: object
) -> None:
    asked = questionnaire(item("a", type_))
    [one] = content_of(asked, {"q0": typed})["item"]
    assert one == {"linkId": "a", "text": "About a", "answer": [{kind: value}]}


def test_digits_that_were_typed_are_kept() -> None:
    asked = questionnaire(item("a", "decimal"))
    read = answered(asked, {"q0": "36.80"})
    made = response_of(asked, read, ABOUT, id_="r1")
    assert b'"valueDecimal":36.80' in made.compact


@pytest.mark.parametrize(
    ("type_", "typed", "more"),
    [
        ("boolean", "maybe", {}),
        ("integer", "1.5", {}),
        ("integer", "eleven", {}),
        ("integer", "1e5", {"extension": [{"url": MAX, "valueInteger": 10}]}),
        ("integer", "-1", {"extension": [{"url": MIN, "valueInteger": 0}]}),
        ("decimal", "NaN", {}),
        ("decimal", "1.234", {"extension": [{"url": PLACES, "valueInteger": 2}]}),
        ("date", "31/2/1950", {}),
        ("date", "1/1/2030", {"extension": [{"url": MAX, "valueDate": "2026-12-31"}]}),
        ("date", "1/1/1850", {"extension": [{"url": MIN, "valueDate": "1900-01-01"}]}),
        ("string", "x" * 11, {"maxLength": 10}),
        ("quantity", "heavy", {}),
    ],
)
def test_what_cannot_be_read_is_named_with_its_question_and_a_mend(
    type_: str, typed: str, more: dict[str, Any]
) -> None:
    asked = questionnaire(item("weight", type_, **more))
    [problem] = answered(asked, {"q0": typed}).problems
    assert problem.place == "q0"
    assert "About weight" in problem.wrong
    assert problem.mend.endswith(".")


def test_a_quantity_has_the_unit_that_was_chosen() -> None:
    units = [
        {"url": UNIT, "valueCoding": {"system": "http://unitsofmeasure.org", **unit}}
        for unit in ({"code": "kg", "display": "kg"}, {"code": "[lb_av]"})
    ]
    asked = questionnaire(item("w", "quantity", extension=units))
    [one] = content_of(asked, {"q0": "70", "q0-unit": "0"})["item"]
    assert one["answer"][0]["valueQuantity"] == {
        "value": 70,
        "unit": "kg",
        "system": "http://unitsofmeasure.org",
        "code": "kg",
    }
    assert wrong_in(asked, {"q0": "70", "q0-unit": "9"})


def test_a_choice_takes_one_answer_and_repeats_take_several() -> None:
    options = [option("a"), option("b"), option("c")]
    one = questionnaire(item("x", "choice", answerOption=options))
    [chosen] = content_of(one, {"q0": "1"})["item"]
    assert [it["valueCoding"]["code"] for it in chosen["answer"]] == ["b"]
    several = questionnaire(item("x", "choice", repeats=True, answerOption=options))
    [chosen] = content_of(several, {"q0-o0": "1", "q0-o2": "1"})["item"]
    assert [it["valueCoding"]["code"] for it in chosen["answer"]] == ["a", "c"]


def test_none_of_these_stands_alone() -> None:
    nothing = {
        **option("none"),
        "extension": [{"url": EXCLUSIVE, "valueBoolean": True}],
    }
    asked = questionnaire(
        item("x", "choice", repeats=True, answerOption=[option("a"), nothing])
    )
    assert wrong_in(asked, {"q0-o0": "1", "q0-o1": "1"})
    assert not wrong_in(asked, {"q0-o1": "1"})


def test_an_open_choice_takes_what_is_written_beside_it() -> None:
    asked = questionnaire(item("x", "open-choice", answerOption=[option("a")]))
    [chosen] = content_of(asked, {"q0": "0", "q0-other": "Urdu"})["item"]
    assert chosen["answer"] == [{"valueString": "Urdu"}]


def test_several_answers_that_are_typed_stand_one_a_line() -> None:
    asked = questionnaire(item("x", "integer", repeats=True))
    [one] = content_of(asked, {"q0": "1\r\n\r\n2"})["item"]
    assert one["answer"] == [{"valueInteger": 1}, {"valueInteger": 2}]


def test_a_required_question_without_an_answer_is_named() -> None:
    asked = questionnaire(
        item("g", "group", item=[item("a", "string", required=True)]),
    )
    assert wrong_in(asked, {}) == [("q0-0", "Answer it.")]
    # And an answer that is wrong is told of once.
    number = questionnaire(item("a", "integer", required=True))
    assert len(wrong_in(number, {"q0": "x"})) == 1


def when(question: str, operator: str, **answer: object) -> list[dict[str, object]]:
    return [{"question": question, "operator": operator, **answer}]


@pytest.mark.parametrize(
    ("typed", "operator", "answer", "is_asked"),
    [
        ("5", ">", {"answerInteger": 4}, True),
        ("4", ">", {"answerInteger": 4}, False),
        ("4", ">=", {"answerInteger": 4}, True),
        ("4", "<", {"answerInteger": 5}, True),
        ("5", "<=", {"answerInteger": 4}, False),
        ("4", "=", {"answerInteger": 4}, True),
        ("4", "!=", {"answerInteger": 4}, False),
        ("", "!=", {"answerInteger": 4}, True),
        ("", "exists", {"answerBoolean": True}, False),
        ("", "exists", {"answerBoolean": False}, True),
        ("4", "exists", {"answerBoolean": True}, True),
        ("4", "=", {"answerString": "4"}, False),
    ],
)
def test_a_question_is_asked_where_its_condition_holds(
    typed: str, operator: str, answer: dict[str, object], *, is_asked: bool
) -> None:
    asked = questionnaire(
        item("a", "integer"),
        item("b", "string", required=True, enableWhen=when("a", operator, **answer)),
    )
    read = answered(asked, {"q0": typed})
    assert ("b" in read.asked) is is_asked
    assert bool(read.problems) is is_asked


def test_what_is_not_asked_is_not_in_the_response_whatever_was_typed() -> None:
    asked = questionnaire(
        item("pregnant", "boolean"),
        item(
            "weeks",
            "group",
            enableWhen=when("pregnant", "=", answerBoolean=True),
            item=[item("n", "integer"), item("more", "string")],
        ),
        item("after", "string", enableWhen=when("n", "exists", answerBoolean=True)),
    )
    content = content_of(asked, {"q0": "false", "q1-0": "12", "q2": "late"})
    assert [one["linkId"] for one in content["item"]] == ["pregnant"]
    content = content_of(asked, {"q0": "true", "q1-0": "12", "q2": "late"})
    assert [one["linkId"] for one in content["item"]] == ["pregnant", "weeks", "after"]


def test_any_of_several_conditions_can_be_enough() -> None:
    both = [*when("a", "=", answerBoolean=True), *when("b", "=", answerBoolean=True)]
    for behavior, is_asked in (("any", True), ("all", False)):
        asked = questionnaire(
            item("a", "boolean"),
            item("b", "boolean"),
            item("c", "string", enableWhen=both, enableBehavior=behavior),
        )
        read = answered(asked, {"q0": "true", "q1": "false"})
        assert ("c" in read.asked) is is_asked


def test_what_follows_an_answer_belongs_to_it() -> None:
    asked = questionnaire(item("a", "boolean", item=[item("b", "string")]))
    [one] = content_of(asked, {"q0": "true", "q0-0": "so"})["item"]
    assert one["answer"][0]["item"][0]["linkId"] == "b"


def test_fields_are_filled_in_beforehand_as_the_author_says() -> None:
    chosen = {**option("b"), "initialSelected": True}
    asked = questionnaire(
        item("a", "choice", answerOption=[option("a"), chosen]),
        item("b", "choice", repeats=True, answerOption=[option("a"), chosen]),
        item("c", "integer", initial=[{"valueInteger": 0}]),
        item("d", "boolean", initial=[{"valueBoolean": False}]),
    )
    found: dict[str, str] = {}
    for place, one in placed(asked.item):
        found.update(initial_of(place, one))
    assert found == {"q0": "1", "q1-o1": "1", "q2": "0", "q3": "false"}


def test_a_scale_adds_up_and_says_what_was_left_out() -> None:
    options = [option("never", 0), option("often", 2), option("always", 3)]
    scale = questionnaire(
        *(item(f"q{n}", "choice", answerOption=options) for n in range(3)),
        item("remarks", "text"),
    )
    whole = score_of(scale, answered(scale, {"q0": "0", "q1": "1", "q2": "2"}).answers)
    assert whole is not None
    assert (whole.total, whole.most, whole.is_complete) == (
        Decimal(5),
        Decimal(9),
        True,
    )
    part = score_of(scale, answered(scale, {"q1": "1"}).answers)
    assert part is not None
    assert (part.total, part.answered, part.questions) == (Decimal(2), 1, 3)
    assert not part.is_complete
    assert score_of(questionnaire(item("a", "string")), {}) is None


def test_words_are_in_the_language_that_was_chosen_where_there_are_any() -> None:
    said = [
        {"url": "lang", "valueCode": "pl"},
        {"url": "content", "valueString": "Czy potrzebny jest tłumacz?"},
    ]
    translated = {"extension": [{"url": TRANSLATION, "extension": said}]}
    asked = questionnaire(item("a", "boolean", _text=translated))
    [one] = asked.item
    assert one.words("pl") == "Czy potrzebny jest tłumacz?"
    assert one.words("cy") == one.words() == "About a"


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([item("a", "attachment")], "attachment"),
        ([item("a", "choice", answerValueSet="http://x")], "value set"),
        ([item("a", "group", repeats=True)], "repeats"),
        ([item("a", "string"), item("a", "string")], "linkId"),
        ([item("a", "string", enableWhen=when("b", "exists"))], "depends"),
        ([{"type": "string", "text": "x"}], "no linkId"),
    ],
)
def test_what_cannot_be_asked_is_said(items: list[dict[str, Any]], words: str) -> None:
    [fault] = cannot_ask(questionnaire(*items))
    assert words in fault


def test_a_response_names_the_version_that_was_asked() -> None:
    asked = questionnaire(item("a", "string"), url="urn:uuid:1", version="3")
    assert content_of(asked, {"q0": "x"})["questionnaire"] == "urn:uuid:1|3"


def test_what_is_no_questionnaire_is_none() -> None:
    assert read_questionnaire(b"{") is None
    assert read_questionnaire(b'{"item": "x"}') is None


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_numbers_and_dates(text: str) -> None:
    number, day = read_number(text), read_date(text)
    assert number is None or number.is_finite()
    assert day is None or isinstance(day, date)
    assert read_date("03021950") == read_date("1950-02-03") == date(1950, 2, 3)


@pytest.mark.parametrize(
    ("typed", "at"),
    [
        ("14:05", "14:05"),
        ("9.30", "09:30"),
        (" 00:00 ", "00:00"),
        ("24:00", ""),
        ("12:60", ""),
        ("12", ""),
        ("1:5", ""),
        ("\u0661\u0662:30", ""),
        ("a:bc", ""),
        ("", ""),
    ],
)
def test_times_of_day_are_read_as_people_write_them(typed: str, at: str) -> None:
    assert read_time(typed) == at


@pytest.mark.parametrize("typed", ["3 2 1950", "14:05", "31 2 1950 14:05", "x"])
def test_a_moment_that_does_not_exist_is_told(typed: str) -> None:
    asked = questionnaire(item("a", "dateTime"))
    [problem] = answered(asked, {"q0": typed}).problems
    assert problem.place == "q0"
    assert "14:05" in problem.mend


def test_a_moment_is_londons_and_a_time_has_no_zone() -> None:
    asked = questionnaire(item("a", "dateTime"), item("b", "time"))
    content = content_of(asked, {"q0": "3 7 2025 14:05", "q1": "9:05"})
    values = [one["answer"][0] for one in content["item"]]
    assert values == [
        {"valueDateTime": "2025-07-03T14:05:00+01:00"},
        {"valueTime": "09:05:00"},
    ]
