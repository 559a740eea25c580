# SPDX-License-Identifier: Apache-2.0
"""What a call taker is told to tell the caller, in each state of what was sent."""

from datetime import UTC, datetime
from typing import Any

import pytest

from wardkeep.apps.calls.how_it_stands import can_end, state_words
from wardkeep.care.message_words import (
    ENDING,
    MEANINGS,
    UNREADABLE,
    Meaning,
    meaning_of,
)
from wardkeep.fhir.bars.outgoing import Sort, Standing
from wardkeep.fhir.bars.validation import Means

NOW = datetime(2026, 11, 29, 15, tzinfo=UTC)


def sent(kind: Sort, state: str, **more: Any) -> Standing:
    known = {
        "message": f"{kind}-{state}",
        "about": "o",
        "partner": "Fernhill",
        "state": state,
        "made_at": NOW,
        "attempts": 1,
        "kind": str(kind),
    }
    return Standing(**{**known, **more})


def tells(*messages: Standing) -> tuple[str, bool]:
    found = state_words(messages)
    assert found is not None
    return f"{found.words} {found.tell}", found.is_good


def test_the_time_is_told_once_it_is_theirs() -> None:
    there, booked = (
        sent(Sort.REFERRAL, "sent"),
        sent(Sort.BOOKING, "sent", starts_at=NOW),
    )
    words, is_good = tells(there, booked)
    assert "The time is booked. Fernhill, 29-Nov-2026 15:00." in words
    assert is_good
    waiting = sent(Sort.BOOKING, "waiting", starts_at=NOW)
    assert tells(there, waiting) == (
        "Fernhill has the referral. The time is not confirmed yet. Wait for the time.",
        False,
    )
    lost = sent(Sort.BOOKING, "refused", last_error="409 REC_CONFLICT conflict")
    words, is_good = tells(there, lost)
    assert "The time is taken" in words
    assert "Choose another time." in words
    assert not is_good
    assert tells(there)[0].endswith("Fernhill expects you.")


def test_where_nobody_has_it_the_caller_is_rung_back() -> None:
    words, is_good = tells(sent(Sort.REFERRAL, "waiting"))
    assert ("somebody rings you back" in words, is_good) == (True, False)
    words, is_good = tells(sent(Sort.REFERRAL, "refused", last_error="422 x"))
    assert ("did not take it" in words, is_good) == (True, False)
    assert (
        "as if nobody had been asked" in tells(sent(Sort.VALIDATION, "unanswered"))[0]
    )
    assert state_words(()) is None
    back = sent(Sort.WITHDRAWAL, "sent", follows="referral-sent")
    assert state_words((sent(Sort.REFERRAL, "sent"), back)) is None


@pytest.mark.parametrize(
    ("kind", "state", "ends"),
    [
        (Sort.REFERRAL, "sent", True),
        (Sort.REFERRAL, "answered", True),
        (Sort.REFERRAL, "waiting", False),
        (Sort.VALIDATION, "sent", False),
    ],
)
def test_a_case_ends_when_it_is_theirs(kind: Sort, state: str, *, ends: bool) -> None:
    assert can_end(sent(kind, state)) is ends
    assert not can_end(None)


def meant(outcome: str, **more: Any) -> Meaning:
    known: dict[str, Any] = {"category": "", "asked": "", "is_full": True}
    found = meaning_of(outcome, more.pop("why", ""), **{**known, **more})
    assert found is not None
    return found


def test_each_meaning_has_words_and_what_to_do() -> None:
    assert set(MEANINGS) == {*Means}
    for outcome in Means:
        assert meant(outcome).todo
    assert meant("") == UNREADABLE
    assert meaning_of("", "", category="", asked="", is_full=False) is None
    assert meant("rejected", why="failed-contact").words.endswith(
        "they could not reach the patient"
    )
    assert meant("rejected", why="their-own").words.endswith("their-own")


def test_an_ambulance_that_went_in_another_category_is_for_somebody_to_ring_about() -> (
    None
):
    up = meant("up", category="C2", asked="C2")
    assert "An ambulance, category 2, is asked for" in up.words
    assert "Ring the ambulance service" not in up.todo
    late = meant("up", category="C1", asked="C3")
    assert "Ring the ambulance service: it is category 1 now." in late.todo
    for outcome in ENDING:
        assert "call it off by hand" in meant(outcome, asked="C3").todo
