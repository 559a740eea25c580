# SPDX-License-Identifier: Apache-2.0
"""The page of a case that was sent, in each state, and what can be done about it."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from wardkeep.apps.urgent_queue import messages as board
from wardkeep.apps.urgent_queue.referred import (
    Sent,
)
from wardkeep.care.message_words import SORTS, STATES
from wardkeep.fhir.bars.attention import Attention
from wardkeep.fhir.bars.outgoing import (
    Sort,
    Standing,
    standing_booking,
    standing_referral,
)
from wardkeep.fhir.bars.shown import Line
from wardkeep.ui.kit import make_environment

NOW = datetime(2026, 11, 29, 15, tzinfo=UTC)
KIT = make_environment({"urgent_queue": Path(board.__file__).parent / "templates"})
KIT.globals["asset"] = lambda name: f"/static/{name}"


def words(markup: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", markup).split())


def standing(kind: Sort, state: str, **more: Any) -> Standing:
    known = {
        "message": f"{kind}-{state}",
        "about": "o",
        "partner": "Fernhill",
        "state": state,
        "made_at": NOW,
        "attempts": 2,
        "kind": str(kind),
    }
    return Standing(**{**known, **more})


def part(
    *sent: Standing,
    can_end: bool = False,
    can_book: bool = False,
    is_open: bool = True,
) -> str:
    shown = [
        Sent(
            one=one,
            sort=SORTS[one.kind],
            words=STATES[one.state][0],
            colour=STATES[one.state][1],
            why="The time is taken" if one.state == "refused" else "",
            lines=[Line(label="About whom", words=("Odette",))],
            answer=["Declined: full"] if one.state == "answered" else [],
        )
        for one in sent
    ]
    return KIT.get_template("urgent_queue/sent_part.html").render(
        here="/patients/p/refer/e",
        version=3,
        messages=shown,
        referral=standing_referral(sent),
        booking=standing_booking(sent),
        can_end=can_end,
        can_take_back=is_open,
        can_book=can_book,
        most_why=300,
        entry=SimpleNamespace(id="e"),
    )


@pytest.mark.parametrize("state", sorted(STATES))
def test_each_state_is_said_in_words_and_what_was_sent_stands_below(state: str) -> None:
    said = words(part(standing(Sort.REFERRAL, state, answer_by=NOW)))
    assert STATES[state][0] in said
    assert "About whom Odette" in said
    assert ("Not read yet" in said) == (state in ("answered", "refused", "unanswered"))
    assert ("I have read it" in said) == ("Not read yet" in said)


def test_what_can_be_done_is_a_press() -> None:
    there = standing(Sort.REFERRAL, "sent", there="r1")
    booked = standing(
        Sort.BOOKING, "sent", there="a1", starts_at=NOW + timedelta(hours=1)
    )
    said = words(part(there, booked, can_end=True))
    for press in ("end the case", "Ask how the booking stands", "Take it back"):
        assert press in said
    lost = standing(Sort.BOOKING, "refused")
    said = words(part(there, lost, can_end=True, can_book=True))
    assert "Show free times" in said
    assert "Ask how the booking stands" not in said
    assert "Nothing was sent" in words(part())


def test_of_a_case_that_nobody_has_any_more_nothing_is_taken_back() -> None:
    there = standing(Sort.REFERRAL, "sent", there="r1")
    assert "Take it back" not in words(part(there, is_open=False))


def test_the_board_of_messages_names_nobody_and_says_what_to_do() -> None:
    listed = [
        Attention(
            message="m",
            partner="Fernhill",
            kind="validation",
            state=state,
            made_at=NOW,
            answer_by=NOW,
            last_error="",
            answer="",
            entry="0000-entry",
            disposition="ambulance-3-validate",
            is_open=True,
            ambulance_at=at,
        )
        for state, at in (("unanswered", NOW), ("unanswered", None), ("waiting", None))
    ]
    template = KIT.get_template("urgent_queue/messages_part.html")
    said = words(template.render(rows=board.rows_of(listed)))
    assert "Nobody answered: an ambulance is asked for" in said
    assert "as if nobody had been asked" in said
    assert "Telephone Fernhill" in said
    assert "Nothing that was sent needs anybody." in words(template.render(rows=[]))
