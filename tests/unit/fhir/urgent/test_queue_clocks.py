# SPDX-License-Identifier: Apache-2.0
"""Clocks of a queue: right over every change of the clocks, and never backwards."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, strategies as st

from wardkeep.base.clock import LONDON
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent.clocks import WORDS, Pace, gone, minutes_left, pace_of
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, Disposition
from wardkeep.fhir.urgent.queueing import entry_content, entry_in, queued
from wardkeep.ui.format import show_moment

BACK = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
"""Half past one for the first time; an hour later it is half past one again."""
FORWARD = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
_MOMENTS = st.integers(0, 20 * 365 * 24 * 60).map(
    lambda minutes: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
_WAITS = st.sampled_from([one for one in DISPOSITIONS.values() if one.waits])
ANN = Person("Practitioner/ann", "Ann")


@given(_MOMENTS, _WAITS)
@example(BACK, DISPOSITIONS["clinician-1h"])
@example(FORWARD, DISPOSITIONS["clinician-2h"])
def test_a_deadline_is_so_many_minutes_on_whatever_the_clocks_do(
    at: datetime, disposition: Disposition
) -> None:
    made = queued("c", "p", disposition, given=at.astimezone(LONDON), author=ANN)
    entry = entry_in(made[1])
    assert entry is not None
    whole = timedelta(minutes=disposition.minutes)
    # A millisecond is all that storing takes off.
    assert timedelta(0) <= at - entry.given < timedelta(milliseconds=1)
    assert entry.due - entry.given == whole
    again = entry_in(entry_content(entry))
    assert again is not None
    assert (again.given, again.due) == (entry.given, entry.due)
    assert pace_of(given=entry.given, due=entry.due, now=entry.given) is Pace.IN_TIME
    assert minutes_left(due=entry.due, now=entry.given) == disposition.minutes


@given(_MOMENTS, st.integers(1, 5000), st.lists(st.integers(-100, 9000), min_size=2))
def test_time_that_runs_on_never_makes_a_case_less_pressing(
    given_at: datetime, minutes: int, moments: list[int]
) -> None:
    due = given_at + timedelta(minutes=minutes)
    order = list(Pace)
    paces = [
        order.index(
            pace_of(
                given=given_at.astimezone(LONDON),
                due=due.astimezone(LONDON),
                now=(given_at + timedelta(minutes=one)).astimezone(LONDON),
            )
        )
        for one in sorted(moments)
    ]
    assert paces == sorted(paces)


@pytest.mark.parametrize(
    ("minutes", "pace"),
    [
        (29, Pace.IN_TIME),
        (30, Pace.HALF),
        (44, Pace.HALF),
        (45, Pace.NEARLY),
        (59, Pace.NEARLY),
        (60, Pace.BREACHED),
        (600, Pace.BREACHED),
    ],
)
@pytest.mark.parametrize("at", [BACK, FORWARD])
def test_half_three_quarters_and_all_of_the_time(
    at: datetime, minutes: int, pace: Pace
) -> None:
    now, due = at + timedelta(minutes=minutes), at + timedelta(hours=1)
    assert pace_of(given=at, due=due, now=now) is pace
    assert WORDS[pace]


def test_of_two_that_are_due_at_the_same_time_by_the_hands_the_minutes_tell() -> None:
    first, second = BACK.astimezone(LONDON), BACK + timedelta(hours=1)
    shown = [show_moment(one.isoformat()) for one in (first, second)]
    assert {one[:17] for one in shown} == {"25-Oct-2026 01:30"}
    assert [one[-5:] for one in shown] == ["(BST)", "(GMT)"]
    now = BACK - timedelta(minutes=10)
    assert minutes_left(due=first, now=now.astimezone(LONDON)) == 10
    assert minutes_left(due=second.astimezone(LONDON), now=now) == 70


def test_what_has_no_time_is_over_at_once() -> None:
    assert gone(given=BACK, due=BACK, now=BACK) == 1.0
