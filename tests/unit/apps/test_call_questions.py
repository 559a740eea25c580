# SPDX-License-Identifier: Apache-2.0
"""The questions of a call by their log: what a key leads to, and what it fills in."""

import pytest
from hypothesis import given, settings, strategies as st

from wardkeep.apps.calls.ending import LONGEST_ADVICE, LONGEST_SAID
from wardkeep.apps.calls.questions import (
    ADVICE,
    MOST_OF_A_CALL,
    Asked,
    after,
    ahead_of,
    card_of,
    entry_for,
    fill_in,
    fill_of,
    read,
)
from wardkeep.fhir.triage.advice import advice_for
from wardkeep.fhir.triage.engine import About, SetAside
from wardkeep.fhir.triage.library import shipped_content
from wardkeep.fhir.triage.strict_order import StrictOrder
from wardkeep.fhir.urgent.disposition import DISPOSITIONS

ADULTS = StrictOrder(shipped_content("adult-danger-signs"))
CHILDREN = StrictOrder(shipped_content("child-danger-signs"))
AT = "2026-11-29T22:00:00+00:00"
KEYS = st.lists(st.sampled_from(["yes", "no", "not-sure", "back"]), max_size=40)


def asked(
    log: str = "",
    *,
    engine: StrictOrder = ADULTS,
    years: int | None = 40,
    to_patient: bool = False,
) -> Asked:
    about = About(years=years)
    return read(engine, about, log, by="Practitioner/tim", is_to_patient=to_patient)


def press(now: Asked, *keys: str) -> Asked:
    for key in keys:
        entry = entry_for(now, key, at=AT)
        assert entry is not None, key
        now = after(now, entry)
        assert now.problems == ()
    return now


def test_a_key_answers_and_backspace_takes_back_and_both_stay_in_the_log() -> None:
    now = press(asked(), "no", "no", "back")
    assert card_of(now).words.startswith("Are they unconscious")
    assert now.log.splitlines() == [
        f"{AT} | notBreathing | no",
        f"{AT} | unresponsive | no",
        f"{AT} | unresponsive | taken back",
    ]
    assert card_of(now).last == "Are they not breathing, or only gasping? No"


def test_whoever_speaks_for_themself_is_asked_in_the_second_person() -> None:
    theirs = press(asked(to_patient=True), "no", "no")
    others = press(asked(), "no", "no")
    assert card_of(theirs).words == "Are you choking on something now?"
    assert card_of(others).words == "Are they choking on something now?"


@pytest.mark.parametrize("engine", [ADULTS, CHILDREN])
def test_every_question_has_words_for_both(engine: StrictOrder) -> None:
    years = 40 if engine is ADULTS else 14
    now, seen = asked(engine=engine, years=years), set()
    while not now.turn.is_ended:
        question = now.turn.asks[0]
        said = question.to_patient.lower()
        assert "you" in said or question.link == "worse"
        seen.add(question.link)
        # What asks more is asked too
        now = press(now, "yes" if question.link == "fever" else "no")
    # Of babies and small children nobody is asked who answers for themself
    small = {"strangeCry", "babyFever", "youngBaby"}
    assert seen == set(engine.content.items) - (small if engine is CHILDREN else set())


def test_a_child_is_asked_for_danger_and_has_a_clinician_at_once() -> None:
    now = asked(engine=CHILDREN, years=4)
    while not now.turn.is_ended:
        now = press(now, "no")
    assert fill_of(now)["disposition"] == "clinician-now"
    blue = press(asked(engine=CHILDREN, years=4), *["no"] * 6, "not-sure")
    assert fill_of(blue)["disposition"] == "ambulance-1"
    assert fill_of(blue)["said"] == "Found: Blue or grey."


@pytest.mark.parametrize("years", [4, None])
def test_whom_the_questions_are_not_meant_for_has_a_clinician_at_once(
    years: int | None,
) -> None:
    now = asked(years=years)
    assert now.turn.is_ended
    assert "a clinician decides" in card_of(now).shown.note
    assert fill_of(now)["disposition"] == "clinician-now"
    assert fill_of(now)["said"] == ""


def test_no_key_goes_back_behind_a_red_flag() -> None:
    now = press(asked(), "no", "yes")
    assert ahead_of(now) == {}
    assert card_of(now).last == ""
    assert [one.fired.words for one in card_of(now).shown.raised] == ["Cannot be woken"]


def test_a_line_that_fits_no_question_is_left_out_and_told() -> None:
    now = asked(f"{AT} | notBreathing | no\n{AT} | rash | no\nnonsense")
    assert now.log == f"{AT} | notBreathing | no"
    assert [one.place for one in now.problems] == ["log"]


def test_a_red_flag_that_is_set_aside_without_a_reason_stands() -> None:
    now = press(asked(), "yes")
    found = after(now, SetAside(rule="notbreathing", by="Practitioner/x", why="no"))
    assert found.turn == now.turn
    assert [one.place for one in found.problems] == ["aside-why"]


@settings(max_examples=60, deadline=None)
@given(keys=KEYS, to_patient=st.booleans())
def test_what_a_key_leads_to_is_what_the_log_with_its_line_comes_to(
    *, keys: list[str], to_patient: bool
) -> None:
    """So the page, which paints the one, never shows what is not stored."""
    now = asked(to_patient=to_patient)
    for key in keys:
        ahead = ahead_of(now)
        if key not in ahead:
            continue
        line, led = ahead[key]
        log = "\n".join(filter(None, [now.log, f"{AT} | {line}"]))
        now = asked(log, to_patient=to_patient)
        assert now.problems == ()
        assert card_of(now) == card_of(led)
        assert fill_of(now) == fill_of(led)


def test_what_was_typed_stays_and_what_was_filled_in_follows() -> None:
    red = fill_of(press(asked(), "yes"))
    values = {"disposition": "", "said": "He fell.", "advice": ADVICE}
    fill_in(values, fill_of(asked()), red)
    assert values["disposition"] == "ambulance-1"
    assert values["said"] == "He fell."
    assert values["advice"] == red["advice"].replace("\r\n", "\n")
    fill_in(values, red, fill_of(asked()))
    assert values == {"disposition": "", "said": "He fell.", "advice": ADVICE}


@pytest.mark.parametrize("code", list(DISPOSITIONS))
def test_what_is_filled_in_fits_its_field(code: str) -> None:
    assert len("\n".join(advice_for(code))) <= LONGEST_ADVICE
    words = ", ".join(one.words for one in ADULTS.content.rules)
    assert len(f"Found: {words}.") <= LONGEST_SAID


def test_a_log_that_no_conversation_has_is_read_no_further() -> None:
    link = asked().turn.asks[0].link
    back = [f"{AT} | {link} | no", f"{AT} | {link} | taken back"]
    assert asked("\n".join(back)).problems == ()
    first = asked("\n".join(back * MOST_OF_A_CALL))
    assert len(first.turn.log.entries) <= MOST_OF_A_CALL
    assert first.problems
