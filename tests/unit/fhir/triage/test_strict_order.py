# SPDX-License-Identifier: Apache-2.0
"""The call takers' engine: one question, nothing skipped, red flags end it at once."""

import pytest

from support.triage import NURSE, answered, aside, question, rule, strict
from wardkeep.base.outcome import Problem
from wardkeep.fhir.triage import written
from wardkeep.fhir.triage.engine import About, Answer, SetAside, Turn, replay, take
from wardkeep.fhir.triage.library import engine_of, shipped_content
from wardkeep.fhir.triage.pressing import NOW_SPEAK
from wardkeep.fhir.triage.strict_order import StrictOrder

ADULT = About(years=40)
FEVER = {"question": "fever", "operator": "=", "answerBoolean": True}
SAFE_IS_NO = [{"url": written.SAFE_SIDE, "valueBoolean": False}]
ENGINE = StrictOrder(
    strict(
        [
            question("bleeds"),
            question("breathes", extension=SAFE_IS_NO),
            question("fever"),
            question("shivers", enableWhen=[FEVER]),
            question("pain"),
        ],
        [
            rule("bleeds", "%bleeds", "ambulance-1", red=True),
            rule("breathes", "%breathes.not()", "ambulance-1", red=True),
            rule("shivers", "%fever and %shivers", "base-2h"),
            rule("pain", "%pain", "clinician-2h"),
        ],
    )
)


def refused(turn: Turn, link: str, value: str) -> Problem:
    found = take(ENGINE, turn, Answer(link=link, value=value))
    assert isinstance(found, Problem)
    return found


def test_one_question_at_a_time_and_the_next_one_only() -> None:
    turn = ENGINE.start(ADULT)
    assert [one.link for one in turn.asks] == ["bleeds"]
    problem = refused(turn, "pain", "yes")
    assert "Is it bleeds?" in problem.wrong
    assert "skipped" in problem.mend
    turn = answered(ENGINE, turn, bleeds="no")
    assert [one.link for one in turn.asks] == ["breathes"]
    assert turn.result.disposition == ""


def test_a_red_flag_ends_it_at_once_and_no_answer_follows() -> None:
    turn = answered(ENGINE, ENGINE.start(ADULT), bleeds="yes")
    assert turn.is_ended
    assert turn.result.disposition == "ambulance-1"
    assert turn.result.raised == ("bleeds",)
    assert turn.result.fired[0].because == ("bleeds",)
    assert turn.result.advice
    assert "ended" in refused(turn, "breathes", "yes").wrong
    assert "no answer takes it back" in refused(turn, "bleeds", "").wrong


def test_who_is_not_sure_is_taken_to_have_said_what_is_dangerous() -> None:
    turn = answered(ENGINE, ENGINE.start(ADULT), bleeds="not-sure")
    assert turn.result.raised == ("bleeds",)
    turn = answered(ENGINE, ENGINE.start(ADULT), bleeds="no", breathes="not-sure")
    assert turn.result.raised == ("breathes",)
    turn = answered(ENGINE, ENGINE.start(ADULT), bleeds="no", breathes="yes")
    assert not turn.is_ended


def test_a_follow_up_is_asked_where_its_condition_holds_or_is_not_sure() -> None:
    begun = answered(ENGINE, ENGINE.start(ADULT), bleeds="no", breathes="yes")
    for said, following in (
        ("yes", "shivers"),
        ("not-sure", "shivers"),
        ("no", "pain"),
    ):
        turn = answered(ENGINE, begun, fever=said)
        assert [one.link for one in turn.asks] == [following]


def test_at_the_end_the_most_pressing_rule_decides_or_a_clinician_does() -> None:
    begun = answered(ENGINE, ENGINE.start(ADULT), bleeds="no", breathes="yes")
    both = answered(ENGINE, begun, fever="yes", shivers="yes", pain="yes")
    assert both.is_ended
    assert both.result.disposition == "base-2h"
    assert {one.rule for one in both.result.fired} == {"shivers", "pain"}
    none = answered(ENGINE, begun, fever="no", pain="no")
    assert none.result.disposition == "clinician-6h"
    assert none.result.fired == ()


def test_whoever_goes_on_sets_the_red_flag_aside_by_name_and_with_a_reason() -> None:
    turn = answered(ENGINE, ENGINE.start(ADULT), bleeds="yes")
    for by, why, says in (
        (NURSE, "no", "for a reason"),
        ("", "pressed the wrong key", "nobody is named"),
    ):
        found = take(ENGINE, turn, SetAside(rule="bleeds", by=by, why=why))
        assert isinstance(found, Problem)
        assert says in found.wrong
    turn = aside(ENGINE, turn, "bleeds", "the caller had said nosebleed")
    assert [one.link for one in turn.asks] == ["breathes"]
    done = answered(ENGINE, turn, breathes="yes", fever="no", pain="yes")
    assert done.result.disposition == "clinician-2h"
    (kept,) = done.result.overruled
    assert (kept.rule, kept.by) == ("bleeds", NURSE)
    assert kept.why == "the caller had said nosebleed"
    assert replay(ENGINE, done.log) == done


def test_what_is_not_raised_cannot_be_set_aside_beforehand() -> None:
    turn = ENGINE.start(ADULT)
    for name in ("bleeds", "pain", "nothing"):
        setting = SetAside(rule=name, by=NURSE, why="it will not be so")
        assert isinstance(take(ENGINE, turn, setting), Problem)


def test_the_last_answer_can_be_taken_back_and_is_asked_again() -> None:
    turn = answered(ENGINE, ENGINE.start(ADULT), bleeds="no", breathes="yes")
    assert "not the last" in refused(turn, "bleeds", "").wrong
    turn = answered(ENGINE, turn, breathes="")
    assert [one.link for one in turn.asks] == ["breathes"]
    assert len(turn.log.entries) == 3
    assert "not the last" in refused(ENGINE.start(ADULT), "bleeds", "").wrong


def test_a_red_flag_that_begins_anew_is_raised_though_it_was_set_aside() -> None:
    turn = answered(ENGINE, ENGINE.start(ADULT), bleeds="yes")
    turn = aside(ENGINE, turn, "bleeds")
    turn = answered(ENGINE, turn, bleeds="")
    turn = answered(ENGINE, turn, bleeds="yes")
    assert turn.result.raised == ("bleeds",)
    assert turn.result.overruled == ()


@pytest.mark.parametrize("about", [About(), About(years=15), About(years=0)])
def test_whom_it_is_not_meant_for_a_clinician_has_at_once(about: About) -> None:
    turn = ENGINE.start(about)
    assert turn.is_ended
    assert turn.result.disposition == NOW_SPEAK
    assert "clinician" in turn.result.note


def test_what_stays_unknown_when_all_was_answered_counts_as_dangerous() -> None:
    """A red flag that asks for the sex of somebody whose sex is not known."""
    engine = StrictOrder(
        strict(
            [question("pain"), question("other")],
            [
                rule("pain", "%pain and %sex = 'female'", "ambulance-2", red=True),
                rule("other", "%other"),
            ],
        )
    )
    turn = answered(engine, engine.start(ADULT), pain="yes")
    assert turn.result.raised == ("pain",)
    known = answered(engine, engine.start(About(years=40, sex="male")), pain="yes")
    assert not known.is_ended


@pytest.mark.parametrize("value", ["perhaps", "true", "1", "Yes"])
def test_what_is_no_answer_is_refused_with_its_mend(value: str) -> None:
    assert "not sure" in refused(ENGINE.start(ADULT), "bleeds", value).mend


def test_the_first_question_that_comes_with_wardkeep_is_about_breathing() -> None:
    engine = engine_of(shipped_content("adult-danger-signs"))
    turn = engine.start(ADULT)
    assert turn.asks[0].link == "notBreathing"
    assert answered(engine, turn, notBreathing="not-sure").result.raised
