# SPDX-License-Identifier: Apache-2.0
"""What a call may end in: never below what holds, and for a reason of one's own."""

import pytest
from hypothesis import given, strategies as st

from support.triage import answered, aside
from wardkeep.fhir.triage.call_end import barred, needs_reason
from wardkeep.fhir.triage.engine import About, Answer, Turn, take
from wardkeep.fhir.triage.library import engine_of, shipped_content
from wardkeep.fhir.triage.pressing import urgency
from wardkeep.fhir.triage.record import Decision
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, Kind

CONTENT = shipped_content("adult-danger-signs")
ENGINE = engine_of(CONTENT)
BEGUN = ENGINE.start(About(years=40))
REASON = "The caller asks for it"
VALUES = st.lists(st.sampled_from(["yes", "no", "not-sure"]), max_size=30)
CODES = st.sampled_from(list(DISPOSITIONS))


def through(values: list[str], calm: int = 0) -> Turn:
    """Answered in order; the first `calm` with no."""
    turn = BEGUN
    for value in ["no"] * calm + values:
        if turn.is_ended:
            break
        found = take(ENGINE, turn, Answer(link=turn.asks[0].link, value=value))
        assert isinstance(found, Turn)
        turn = found
    return turn


NOBODY = ENGINE.start(About(years=None))
"""Of whose age nothing is known."""
RED = through(["yes"])
QUIET = through(["no"] * 30)
PAINED = through(
    ["no"] * list(CONTENT.items).index("severePain") + ["yes"] + ["no"] * 5
)


def place_of(turn: Turn, code: str, why: str = "", *, judge: bool = False) -> str:
    found = barred(turn, Decision(disposition=code, why=why), may_judge=judge)
    return found.place if found else ""


@pytest.mark.parametrize(
    ("turn", "code", "why", "advisor", "clinician"),
    [
        (RED, "ambulance-1", "", "", ""),
        (RED, "ambulance-2", REASON, "disposition", "disposition"),
        (RED, "clinician-now", REASON, "disposition", "disposition"),
        (PAINED, "clinician-now", "", "", ""),
        (PAINED, "clinician-1h", REASON, "disposition", ""),
        (PAINED, "ambulance-2", "", "", ""),
        (QUIET, "clinician-1h", "", "", ""),
        (QUIET, "clinician-now", "", "why", "why"),
        (QUIET, "clinician-now", REASON, "", ""),
        (QUIET, "prescription-next-day", REASON, "", ""),
        (QUIET, "self-care", REASON, "disposition", ""),
        (QUIET, "information", REASON, "disposition", ""),
        (BEGUN, "information", "", "why", ""),
        (BEGUN, "information", REASON, "", ""),
        (BEGUN, "self-care", REASON, "disposition", ""),
        (BEGUN, "clinician-1h", "short", "why", ""),
        (BEGUN, "ambulance-4", "", "", ""),
        (NOBODY, "clinician-now", "", "", ""),
        (NOBODY, "information", REASON, "", ""),
        (NOBODY, "information", "", "why", ""),
        (NOBODY, "self-care", REASON, "disposition", ""),
        (BEGUN, "none-such", REASON, "disposition", "disposition"),
    ],
)
def test_an_end_is_refused_at_the_field_that_has_to_change(
    turn: Turn, code: str, why: str, advisor: str, clinician: str
) -> None:
    assert place_of(turn, code, why) == advisor
    assert place_of(turn, code, why, judge=True) == clinician


def test_a_clinician_who_began_to_ask_says_why_they_stopped() -> None:
    half = through(["no", "no"])
    assert place_of(half, "self-care", judge=True) == "why"
    assert place_of(half, "self-care", REASON, judge=True) == ""


def test_a_clinician_goes_below_a_red_flag_that_they_set_aside() -> None:
    turn = aside(ENGINE, RED, "notbreathing")
    turn = answered(ENGINE, turn, unresponsive="no")
    assert place_of(turn, "clinician-6h", REASON, judge=True) == ""


@given(values=VALUES, calm=st.integers(0, 23), code=CODES, why=st.text(max_size=20))
def test_no_advisor_ends_below_what_holds_or_sends_anybody_home(
    *, values: list[str], calm: int, code: str, why: str
) -> None:
    turn = through(values, calm)
    if barred(turn, Decision(disposition=code, why=why), may_judge=False) is None:
        chosen = DISPOSITIONS[code]
        for one in turn.result.fired:
            assert urgency(code) <= urgency(one.disposition)
        is_unasked = not turn.is_ended or not turn.log.entries
        assert chosen.waits or (is_unasked and chosen.kind is Kind.INFORMATION)
        if needs_reason(turn, code, may_judge=False):
            assert len(why.strip()) >= 10


@given(values=VALUES, calm=st.integers(0, 23))
def test_whatever_is_answered_there_is_a_way_to_end(
    *, values: list[str], calm: int
) -> None:
    turn = through(values, calm)
    code = turn.result.disposition or "ambulance-1"
    assert place_of(turn, code) == ""
