# SPDX-License-Identifier: Apache-2.0
"""Scales: what a sum is called, when there is none, and which answers alarm."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, strategies as st

from wardkeep.fhir.questionnaires.questionnaire import (
    Questionnaire,
    cannot_ask,
    read_questionnaire,
)
from wardkeep.fhir.questionnaires.response import answered
from wardkeep.fhir.questionnaires.scale import (
    ALERT,
    BAND,
    MEAN,
    TALK,
    alarms_of,
    faults_of,
    result_of,
    talks_of,
    unanswered,
)

ORDINAL = "http://hl7.org/fhir/StructureDefinition/ordinalValue"


def band(least: float, most: float, words: str) -> dict[str, Any]:
    parts = (("least", least), ("most", most))
    said: list[dict[str, Any]] = [
        {"url": name, "valueDecimal": value} for name, value in parts
    ]
    return {"url": BAND, "extension": [*said, {"url": "words", "valueString": words}]}


def options(*weights: float | None) -> list[dict[str, Any]]:
    made = []
    for number, weight in enumerate(weights):
        one: dict[str, Any] = {"valueCoding": {"code": f"a{number}"}}
        if weight is not None:
            one["extension"] = [{"url": ORDINAL, "valueDecimal": weight}]
        made.append(one)
    return made


def scale(
    *items: dict[str, Any], bands: tuple[dict[str, Any], ...] = ()
) -> Questionnaire:
    content = {
        "resourceType": "Questionnaire",
        "id": "q",
        "title": "Scale",
        "status": "active",
        "item": list(items),
        "extension": list(bands),
    }
    read = read_questionnaire(msgspec.json.encode(content))
    assert read is not None
    assert cannot_ask(read) == ()
    return read


def choice(link: str, *weights: float | None, **more: Any) -> dict[str, Any]:
    return {
        "linkId": link,
        "type": "choice",
        "text": link,
        "answerOption": options(*weights),
        **more,
    }


WEIGHTS = st.lists(
    st.lists(st.integers(-20, 20), min_size=1, max_size=5), min_size=1, max_size=8
)


@given(WEIGHTS, st.data())
def test_a_total_is_the_sum_of_what_was_chosen_or_there_is_none(
    weights: list[list[int]], data: st.DataObject
) -> None:
    asked = scale(*(choice(f"i{n}", *own) for n, own in enumerate(weights)))
    picks = [data.draw(st.integers(-1, len(own) - 1)) for own in weights]
    typed = {f"q{n}": str(pick) for n, pick in enumerate(picks) if pick >= 0}
    answers = answered(asked, typed).answers
    result = result_of(asked, answers)
    assert result is not None
    chosen = [own[pick] for own, pick in zip(weights, picks, strict=True) if pick >= 0]
    assert result.score.total == sum(chosen)
    is_whole = len(chosen) == len(weights)
    assert result.total == (sum(chosen) if is_whole else None)
    missing = [one.link_id for one in unanswered(asked, answers)]
    assert missing == [f"i{n}" for n, pick in enumerate(picks) if pick < 0]
    if not is_whole:
        assert result.words.startswith("No total")


@given(st.integers(0, 27))
def test_every_total_of_a_whole_scale_has_one_band_at_most(total: int) -> None:
    bands = (band(0, 4, "Low"), band(5, 27, "High"))
    asked = scale(choice("a", *range(28)), bands=bands)
    result = result_of(asked, answered(asked, {"q0": str(total)}).answers)
    assert result is not None
    assert result.band is not None
    assert result.band.words == ("Low" if total <= 4 else "High")
    assert result.words == f"{total} of 27, {result.band.words}"


def test_a_nought_is_a_total_and_not_an_absence() -> None:
    asked = scale(choice("a", 0, 1))
    result = result_of(asked, answered(asked, {"q0": "0"}).answers)
    assert result is not None
    assert result.total == Decimal(0)
    assert result.words == "0 of 1"


def test_what_was_not_asked_is_neither_missing_nor_counted() -> None:
    only_if = [{"question": "a", "operator": "=", "answerCoding": {"code": "a1"}}]
    asked = scale(choice("a", 0, 2), choice("b", 0, 3, enableWhen=only_if))
    without = result_of(asked, answered(asked, {"q0": "0", "q1": "1"}).answers)
    assert without is not None
    assert without.total == 0
    assert without.score.most == 2
    asked_too = answered(asked, {"q0": "1"}).answers
    found = result_of(asked, asked_too)
    assert found is not None
    assert found.total is None
    assert [one.link_id for one in unanswered(asked, asked_too)] == ["b"]


@pytest.mark.parametrize(
    ("typed", "alarms"), [({"q0": "0"}, 0), ({"q0": "1"}, 1), ({}, 0)]
)
def test_an_answer_above_nought_alarms_where_it_is_marked(
    typed: dict[str, str], alarms: int
) -> None:
    marked = {"extension": [{"url": ALERT, "valueString": "Danger"}]}
    asked = scale(choice("a", 0, 1, **marked), choice("b", 5))
    answers = answered(asked, {**typed, "q1": "0"}).answers
    found = alarms_of(asked, answers)
    assert len(found) == alarms
    assert all(one.words == "Danger" for one in found)


def test_a_yes_alarms_and_a_no_does_not() -> None:
    item = {
        "linkId": "a",
        "type": "boolean",
        "text": "Hurt?",
        "extension": [{"url": ALERT, "valueString": "Hurt"}],
    }
    asked = scale(item)
    assert alarms_of(asked, answered(asked, {"q0": "false"}).answers) == ()
    [alarm] = alarms_of(asked, answered(asked, {"q0": "true"}).answers)
    assert (alarm.words, alarm.answer) == ("Hurt", "Yes")


@pytest.mark.parametrize(
    ("items", "bands", "fault"),
    [
        ((choice("a", 0, 1),), (band(0, 1, "x"), band(1, 2, "y")), "overlap"),
        ((choice("a", 0, 1),), (band(1, 0, "x"),), "ends before it begins"),
        ((choice("a", None),), (band(0, 1, "x"),), "no answer has a weight"),
        ((choice("a", 0, None),), (), "with a weight and without one"),
        ((choice("a", 0, 1),), ({"url": BAND, "extension": []},), "no least"),
    ],
)
def test_a_sum_that_would_be_called_wrongly_is_told(
    items: tuple[dict[str, Any], ...], bands: tuple[dict[str, Any], ...], fault: str
) -> None:
    assert any(fault in one for one in faults_of(scale(*items, bands=bands)))


def test_a_scale_that_is_well_has_no_faults() -> None:
    bands = (band(0, 1, "x"), band(2, 3, "y"))
    assert list(faults_of(scale(choice("a", 0, 3), bands=bands))) == []


def mean(words: str, *links: str) -> dict[str, Any]:
    said = [{"url": "of", "valueString": link} for link in links]
    named = [{"url": "words", "valueString": words}] if words else []
    return {"url": MEAN, "extension": [*named, *said]}


def pick(link: str, *weights: float | None, **more: Any) -> dict[str, Any]:
    return {
        "linkId": link,
        "type": "choice",
        "answerOption": options(*weights),
        **more,
    }


def test_a_mean_is_rounded_half_up_to_hundredths() -> None:
    one = scale(
        *(pick(link, 0, 1) for link in "abcdefgh"),
        bands=(mean("Eighths", *"abcdefgh"),),
    )
    typed = {"q0": "1", **{f"q{number}": "0" for number in range(1, 8)}}
    result = result_of(one, answered(one, typed).answers)
    assert result is not None
    assert result.total == Decimal("0.13")
    assert result.sums == (("Eighths", Decimal("0.13")),)
    assert result.most == 1


def test_a_mean_of_nought_is_a_mean() -> None:
    one = scale(pick("a", 0, 1), bands=(mean("M", "a"),))
    result = result_of(one, answered(one, {"q0": "0"}).answers)
    assert result is not None
    assert result.words == "M 0.00 of 1"


def test_a_mean_passes_over_what_was_not_asked() -> None:
    hidden = pick(
        "b",
        0,
        4,
        enableWhen=[{"question": "a", "operator": "=", "answerCoding": {"code": "a1"}}],
    )
    one = scale(pick("a", 2, 6), hidden, bands=(mean("M", "a", "b"),))
    result = result_of(one, answered(one, {"q0": "0"}).answers)
    assert result is not None
    assert result.words == "M 2.00 of 6"


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        (mean("M"), "no questions"),
        (mean("", "a"), "no words"),
        (mean("M", "z"), "“z”"),
        (mean("M", "c"), "“c”"),
    ],
)
def test_a_mean_of_nothing_that_counts_is_a_fault_and_is_not_reckoned(
    wrong: dict[str, Any], fault: str
) -> None:
    one = scale(pick("a", 0, 1), {"linkId": "c", "type": "boolean"}, bands=(wrong,))
    assert any(fault in it for it in faults_of(one))
    result = result_of(one, answered(one, {"q0": "1"}).answers)
    assert result is not None
    assert result.means == ()
    assert result.total == 1


@pytest.mark.parametrize(("said", "most"), [(3, 3), (0, 0), (-1, 0), (99, 10)])
def test_how_many_are_gone_through_is_bounded(said: int, most: int) -> None:
    talk = {"url": TALK, "valueInteger": said}
    assert talks_of(scale(pick("a", 0, 1), bands=(talk,))) == most
