# SPDX-License-Identifier: Apache-2.0
"""The list of dispositions: whole, ordered, and right over a change of the clocks."""

from datetime import UTC, datetime, timedelta

import pytest

from wardkeep.base.clock import LONDON
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, SKILLS, Disposition, Kind

PRIORITIES = ("stat", "asap", "urgent", "routine")
NEVER_SENT = {"Dx28", "Dx52", "Dx60", "Dx22", "Dx23", "Dx45", "Dx46", "Dx63"}
"""Of which surgeries are not told (NHS England's list for post-event messages)."""


@pytest.mark.parametrize("one", DISPOSITIONS.values(), ids=lambda one: one.code)
def test_each_says_who_does_what_by_when(one: Disposition) -> None:
    assert one.priority in PRIORITIES
    assert one.words[0].isupper()
    assert one.words[-1] != "."
    if one.kind in {Kind.AMBULANCE, Kind.SPEAK, Kind.ATTEND}:
        assert one.skill
        assert one.minutes > 0
    else:
        assert not one.skill, "nobody here has to do anything"
    assert (one.category != "") >= (one.kind is Kind.AMBULANCE)
    if NEVER_SENT & set(one.dx):
        assert not one.tells_surgery


def test_no_public_code_means_two_things() -> None:
    named = [dx for one in DISPOSITIONS.values() for dx in one.dx]
    assert len(named) == len(set(named))
    assert {"clinician", "base", "visit", "ambulance"} <= set(SKILLS)


def test_a_deadline_is_so_much_later_also_on_the_night_that_the_clocks_change() -> None:
    before = datetime(2026, 10, 25, 1, 30, tzinfo=LONDON)
    due = DISPOSITIONS["clinician-2h"].deadline(before.astimezone(UTC))
    assert due is not None
    assert due.astimezone(LONDON).strftime("%H:%M") == "02:30"
    assert due - before.astimezone(UTC) == timedelta(hours=2)
    assert DISPOSITIONS["self-care"].deadline(before) is None
