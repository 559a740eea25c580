# SPDX-License-Identifier: Apache-2.0
"""The clinicians' engine: any order, scores live, red flags that no tick takes back."""

from decimal import Decimal

import pytest

from support.triage import NURSE, answered, aside
from wardkeep.base.outcome import Problem
from wardkeep.fhir.triage.checklist import NOT_MEANT
from wardkeep.fhir.triage.engine import About, Answer, Tally, Turn, replay, take
from wardkeep.fhir.triage.library import engine_of, shipped_content

CONTENT = shipped_content("adult-checklist")
ENGINE = engine_of(CONTENT)
ADULT = About(years=40)
WELL = {
    "respiratoryRate": "16",
    "oxygenSaturation": "98",
    "onOxygen": "no",
    "systolic": "120",
    "pulse": "70",
    "fullyAlert": "yes",
    "temperature": "36.8",
}


def tally(turn: Turn, name: str) -> Tally:
    return next(one for one in turn.result.tallies if one.name == name)


def test_nothing_ticked_suggests_nothing_and_asks_everything() -> None:
    turn = ENGINE.start(ADULT)
    assert turn.result.disposition == ""
    assert turn.result.advice == ()
    assert len(turn.asks) == len(CONTENT.items)


def test_a_score_is_live_and_says_what_is_missing() -> None:
    turn = answered(ENGINE, ENGINE.start(ADULT), respiratoryRate="22")
    news = tally(turn, "news2")
    assert news.value is None
    assert "pulse" in news.missing
    assert "pregnant" not in news.missing
    assert tally(turn, "qsofa").value == Decimal(1)
    assert "systolic" in tally(turn, "qsofa").missing
    turn = answered(ENGINE, turn, **{**WELL, "respiratoryRate": "22"})
    assert tally(turn, "news2").value == Decimal(2)
    assert tally(turn, "news2").missing == ()


def test_news2_is_that_of_the_house_and_acts_before_it_is_whole() -> None:
    turn = answered(
        ENGINE, ENGINE.start(ADULT), respiratoryRate="25", pulse="131", systolic="110"
    )
    assert tally(turn, "news2").value is None
    assert turn.result.disposition == "ambulance-2"
    assert "news2-high" in {one.rule for one in turn.result.fired}


def test_new_confusion_is_not_alert_whatever_else_was_ticked() -> None:
    turn = answered(ENGINE, ENGINE.start(ADULT), **WELL, newConfusion="yes")
    assert tally(turn, "news2").value == Decimal(3)


def test_scale_2_is_for_whom_it_is_prescribed() -> None:
    turn = answered(ENGINE, ENGINE.start(ADULT), **{**WELL, "oxygenSaturation": "90"})
    assert tally(turn, "news2").value == Decimal(3)
    turn = answered(ENGINE, turn, hypercapnicTarget="yes")
    assert tally(turn, "news2").value == Decimal(0)


def test_in_pregnancy_there_is_no_news2() -> None:
    turn = answered(ENGINE, ENGINE.start(ADULT), **WELL, pregnant="yes")
    assert tally(turn, "news2").value is None


def test_a_red_flag_stands_though_its_tick_is_taken_back() -> None:
    turn = answered(ENGINE, ENGINE.start(ADULT), stridor="yes")
    for value in ("no", "", "not-sure"):
        after = answered(ENGINE, turn, stridor=value)
        assert after.result.raised == ("stridor",)
        assert after.result.disposition == "ambulance-1"
        assert after.result.fired[0].is_red_flag


def test_no_other_answer_lowers_what_a_red_flag_asks_for() -> None:
    turn = answered(ENGINE, ENGINE.start(ADULT), stridor="yes", **WELL)
    for link in CONTENT.items:
        if CONTENT.items[link].type == "boolean" and link != "stridor":
            assert answered(ENGINE, turn, **{link: "no"}).result.disposition == (
                "ambulance-1"
            )


def test_set_aside_it_suggests_what_the_rest_asks_for_and_keeps_the_reason() -> None:
    turn = answered(ENGINE, ENGINE.start(ADULT), stridor="yes", wheeze="yes")
    turn = aside(ENGINE, turn, "stridor", "heard again: a wheeze, no stridor")
    assert turn.result.disposition == "clinician-1h"
    assert turn.result.raised == ()
    (kept,) = turn.result.overruled
    assert (kept.rule, kept.by) == ("stridor", NURSE)
    later = answered(ENGINE, turn, cough="yes")
    assert later.result.overruled == turn.result.overruled
    anew = answered(ENGINE, turn, stridor="no")
    anew = answered(ENGINE, anew, stridor="yes")
    assert anew.result.raised == ("stridor",)
    assert replay(ENGINE, anew.log) == anew


def test_red_flags_come_first_and_then_the_most_pressing() -> None:
    turn = answered(
        ENGINE, ENGINE.start(ADULT), otherInjury="yes", retention="yes", snakeBite="yes"
    )
    assert [one.rule for one in turn.result.fired] == [
        "snake-bite",
        "retention",
        "other-injury",
    ]


def test_why_names_the_answers_that_it_rests_on_and_the_source() -> None:
    turn = answered(ENGINE, ENGINE.start(ADULT), stiffNeck="yes", headache="yes")
    found = turn.result.fired[0]
    assert found.because == ("stiffNeck", "headache")
    assert "two of" in found.clause
    rule = CONTENT.rule(found.rule)
    assert rule is not None
    assert rule.original is not None
    assert rule.original.is_held


@pytest.mark.parametrize(
    ("link", "value", "mend"),
    [
        ("pulse", "fast", "Write a number"),
        ("pulse", "5", "Write 10 or more"),
        ("pulse", "301", "Write 300 or less"),
        ("pulse", "NaN", "Write a number"),
        ("pulse", "1_0", "Write a number"),
        ("pulse", "9" * 40, "Write a number"),
        ("pulse", "\u0667\u0660", "Write a number"),
        ("stridor", "maybe", "Answer yes"),
        ("nothing", "yes", "is asked"),
    ],
)
def test_what_is_no_answer_names_its_question_and_its_mend(
    link: str, value: str, mend: str
) -> None:
    found = take(ENGINE, ENGINE.start(ADULT), Answer(link=link, value=value))
    assert isinstance(found, Problem)
    assert found.place == link
    assert mend in found.mend


@pytest.mark.parametrize("about", [About(), About(years=15)])
def test_whom_it_is_not_meant_for_it_says_nothing_of(about: About) -> None:
    turn = ENGINE.start(about)
    assert turn.is_ended
    assert turn.result.note == NOT_MEANT
    assert turn.result.disposition == ""
    assert isinstance(take(ENGINE, turn, Answer(link="stridor", value="yes")), Problem)
