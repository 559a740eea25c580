# SPDX-License-Identifier: Apache-2.0
"""What was answered is read back as it was, and fills the form as it was."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import given, strategies as st

from wardkeep.fhir.assessments.library import library
from wardkeep.fhir.questionnaires.questionnaire import (
    Item,
    Questionnaire,
    placed,
    read_questionnaire,
)
from wardkeep.fhir.questionnaires.reading_back import answers_in, lines_of, typed_of
from wardkeep.fhir.questionnaires.response import About, answered, response_of

ABOUT = About(subject="Patient/p", authored=datetime(2026, 11, 28, 9, tzinfo=UTC))
WORDS = st.text(
    st.characters(categories=("L", "N", "P"), max_codepoint=0x2FFF), min_size=1
)


def whole() -> Questionnaire:
    """Every question of what comes with Wardkeep, and the kinds that those lack."""
    items: list[dict[str, Any]] = []
    for number, volume in enumerate(library()):
        items += [_renamed(one, f"{number}-") for one in volume.content["item"]]
    items += [
        {"linkId": "open", "type": "open-choice", "text": "O", "repeats": True}
        | {"answerOption": [{"valueString": "One"}, {"valueInteger": 2}]},
        {"linkId": "url", "type": "url", "text": "U"},
        {"linkId": "many", "type": "string", "text": "M", "repeats": True},
    ]
    content = {"resourceType": "Questionnaire", "id": "q", "item": items}
    read = read_questionnaire(msgspec.json.encode(content))
    assert read is not None
    return read


def _renamed(item: dict[str, Any], prefix: str) -> dict[str, Any]:
    made = {**item, "linkId": prefix + item["linkId"]}
    if "enableWhen" in item:
        made["enableWhen"] = [
            {**one, "question": prefix + one["question"]} for one in item["enableWhen"]
        ]
    if "item" in item:
        made["item"] = [_renamed(one, prefix) for one in item["item"]]
    return made


WHOLE = whole()


@st.composite
def forms(draw: st.DrawFn) -> dict[str, str]:
    """The whole form as somebody may have filled it in."""
    typed: dict[str, str] = {}
    for place, item in placed(WHOLE.item):
        if item.is_question and draw(st.booleans()):
            typed.update(draw(_fields(place, item)))
    return typed


def _fields(place: str, item: Item) -> st.SearchStrategy[dict[str, str]]:
    number = st.integers(0, max(0, len(item.answer_option) - 1))
    if item.answer_option and item.repeats:
        return st.sets(number).map(lambda some: {f"{place}-o{n}": "1" for n in some})
    if item.answer_option:
        return number.map(lambda n: {place: str(n)})
    return _VALUES[item.type].map(lambda value: {place: value})


_VALUES = {
    "boolean": st.sampled_from(("true", "false")),
    "integer": st.integers(1, 500).map(str),
    "decimal": st.integers(0, 999).map(lambda n: f"{n / 10}"),
    "quantity": st.integers(10, 3999).map(lambda n: f"{n / 10}"),
    "date": st.dates().map(lambda day: day.isoformat()),
    "time": st.times().map(lambda at: f"{at:%H:%M}"),
    "dateTime": st.datetimes(datetime(1999, 1, 1), datetime(2026, 1, 1)).map(  # noqa: DTZ001 - as it is typed
        lambda at: f"{at:%d %m %Y} 12:{at:%M}"
    ),
    "string": WORDS.map(lambda words: words[:60]),
    "text": st.lists(WORDS, min_size=1, max_size=3).map("\n".join),
    "url": WORDS.map(lambda words: words[:60]),
}


@given(forms())
def test_a_form_answered_stored_and_filled_in_anew_says_the_same(
    typed: dict[str, str],
) -> None:
    first = answered(WHOLE, typed)
    stored = response_of(WHOLE, first, ABOUT, id_="r")
    read = answers_in(WHOLE, stored.compact)
    assert {k: v for k, v in read.items() if v} == dict(first.answers)
    again = answered(WHOLE, typed_of(WHOLE, read))
    assert again.answers == first.answers


@given(forms())
def test_every_answer_is_a_line_whoever_asked(typed: dict[str, str]) -> None:
    given_ = answered(WHOLE, typed)
    lines = lines_of(response_of(WHOLE, given_, ABOUT, id_="r").compact)
    assert {one.link for one in lines if one.answers} == set(given_.answers)


def test_a_response_that_is_not_written_as_it_should_be_has_no_lines() -> None:
    assert lines_of(b'{"item":[{"answer":[{"item":"x"}]}]}') == ()
    assert lines_of(b"[]") == ()
    assert answers_in(WHOLE, b'{"item":[{"linkId":"url","answer":[{}]}]}') == {
        "url": ()
    }
