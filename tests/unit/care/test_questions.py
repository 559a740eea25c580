# SPDX-License-Identifier: Apache-2.0
"""A Questionnaire becomes a form in which nothing that was typed is lost."""

from typing import Any

import msgspec
import pytest

from wardkeep.base.outcome import Problem
from wardkeep.care.questions import fields_of, filled_in, is_way_in_kept_out
from wardkeep.fhir.questionnaires.questionnaire import (
    Questionnaire,
    read_questionnaire,
)
from wardkeep.ui.kit import make_environment
from wardkeep.web.forms import Form

WORDS = {"yes": "Ja", "no": "Nein", "other": "Other", "only_if": "Only if"}
UNIT = "http://hl7.org/fhir/StructureDefinition/questionnaire-unit"
OPTIONS = [
    {"valueCoding": {"code": "bus", "display": "By bus"}, "initialSelected": True},
    {"valueCoding": {"code": "foot", "display": "On foot"}},
]


def asked(*items: dict[str, Any]) -> Questionnaire:
    content = {"resourceType": "Questionnaire", "title": "X", "item": list(items)}
    read = read_questionnaire(msgspec.json.encode(content))
    assert read is not None
    return read


EVERYTHING = asked(
    {"linkId": "g", "type": "group", "text": "About you"},
    {"linkId": "d", "type": "display", "text": "Take your time."},
    {"linkId": "b", "type": "boolean", "text": "An interpreter?", "required": True},
    {"linkId": "c", "type": "choice", "text": "How?", "answerOption": OPTIONS},
    {
        "linkId": "m",
        "type": "open-choice",
        "repeats": True,
        "text": "Which?",
        "answerOption": OPTIONS,
    },
    {
        "linkId": "w",
        "type": "quantity",
        "text": "Weight",
        "extension": [
            {"url": UNIT, "valueCoding": {"code": "kg"}},
            {"url": UNIT, "valueCoding": {"code": "lb"}},
        ],
    },
    {"linkId": "t", "type": "text", "text": "More", "maxLength": 500},
    {"linkId": "s", "type": "integer", "repeats": True, "text": "Numbers"},
    {
        "linkId": "e",
        "type": "date",
        "text": "Since",
        "enableWhen": [
            {"question": "c", "operator": "=", "answerCoding": {"code": "bus"}}
        ],
    },
)


def drawn(typed: dict[str, str], problems: tuple[Problem, ...] = ()) -> str:
    template = make_environment({}).from_string(
        '{% import "questions.html" as q %}{{ q.fields(fields, problems, words) }}'
    )
    fields = fields_of(EVERYTHING, typed)
    return template.render(fields=fields, problems=problems, words=WORDS)


def test_what_was_typed_stands_in_the_form_again() -> None:
    typed = {
        "q2": "false",
        "q3": "1",
        "q4-o1": "1",
        "q4-other": "<Urdu>",
        "q5": "seventy",
        "q5-unit": "1",
        "q6": "one\ntwo",
        "q7": "1\nx",
        "q8": "31/2/1950",
    }
    page = drawn(typed)
    assert 'id="q2-false" name="q2" type="radio" value="false" checked' in page
    assert 'id="q3-1" name="q3" type="radio" value="1" checked' in page
    assert 'name="q4-o1" type="checkbox" value="1" checked' in page
    assert 'value="&lt;Urdu&gt;"' in page
    assert 'value="seventy"' in page
    assert '<option value="1" selected>lb' in page
    assert "one\ntwo</textarea>" in page
    assert "1\nx</textarea>" in page
    assert 'value="31/2/1950"' in page


def test_an_error_stands_at_its_question_and_is_tied_to_its_field() -> None:
    problem = Problem(
        place="q8", wrong="Since: it cannot be read", mend="Write a date."
    )
    page = drawn({}, (problem,))
    assert 'id="q8-error"' in page
    assert 'aria-describedby="q8-hint q8-error"' in page
    assert "Write a date." in page


def test_a_condition_is_told_to_the_script_and_in_words() -> None:
    field = fields_of(EVERYTHING, {})[-1]
    assert msgspec.json.decode(field.when) == {
        "any": False,
        "all": [{"field": "q3", "operator": "=", "is": ["0"], "exists": True}],
    }
    assert field.only_if == "“How?” is By bus"


@pytest.mark.parametrize(
    ("operator", "answer", "words"),
    [
        ("exists", {"answerBoolean": True}, "“An interpreter?” is answered"),
        ("exists", {"answerBoolean": False}, "“An interpreter?” is not answered"),
        ("=", {"answerBoolean": True}, "“An interpreter?” is yes"),
        ("!=", {"answerBoolean": False}, "“An interpreter?” is not no"),
        (">=", {"answerInteger": 3}, "“An interpreter?” >= 3"),
    ],
)
def test_every_condition_has_words(
    operator: str, answer: dict[str, object], words: str
) -> None:
    when = [{"question": "b", "operator": operator, **answer}]
    one = asked(
        {"linkId": "b", "type": "boolean", "text": "An interpreter?"},
        {"linkId": "x", "type": "string", "enableWhen": when},
    )
    assert fields_of(one, {})[1].only_if == words


def test_what_the_author_chose_is_chosen_beforehand() -> None:
    assert filled_in(EVERYTHING) == {"q3": "0", "q4-o0": "1"}


def test_a_code_that_opens_a_home_is_refused_as_in_every_form() -> None:
    form = Form({"q6": "The key safe code is C1234Z", "new-phone": "x"})
    [problem] = is_way_in_kept_out(form, ())
    assert problem.place == "q6"
    assert is_way_in_kept_out(Form({"q6": "Nothing"}), ()) == ()
