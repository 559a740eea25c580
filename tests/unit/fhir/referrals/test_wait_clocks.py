# SPDX-License-Identifier: Apache-2.0
"""Clocks of waits: days of London's calendar, over clock changes and leap days."""

from datetime import date, timedelta

import pytest
from hypothesis import given, strategies as st

from wardkeep.fhir.referrals.clocks import (
    EIGHTEEN_WEEKS,
    FOUR_WEEKS,
    NO_STANDARD,
    Standard,
    bands_of,
    wait_of,
)

DAYS = st.dates(date(2019, 1, 1), date(2032, 12, 31))
LONG = st.integers(0, 900)
STANDARDS = st.sampled_from((EIGHTEEN_WEEKS, FOUR_WEEKS, NO_STANDARD))


@given(DAYS, LONG, STANDARDS)
def test_a_wait_is_as_many_days_as_the_calendar_has(
    received: date, days: int, standard: Standard
) -> None:
    today = received + timedelta(days=days)
    wait = wait_of(standard, received=received, stopped=None, today=today)
    assert wait.days == days
    assert wait.is_running
    tomorrow = today + timedelta(days=1)
    later = wait_of(standard, received=received, stopped=None, today=tomorrow)
    assert later.days == days + 1
    assert not (wait.is_late and not later.is_late)


@given(DAYS, LONG, LONG, STANDARDS)
def test_a_clock_that_stopped_stands_still(
    received: date, days: int, more: int, standard: Standard
) -> None:
    stopped = received + timedelta(days=days)
    then = wait_of(standard, received=received, stopped=stopped, today=stopped)
    after = wait_of(
        standard,
        received=received,
        stopped=stopped,
        today=stopped + timedelta(days=more),
    )
    assert then == after
    assert not then.is_running
    assert not then.is_soon


@given(DAYS, st.sampled_from((EIGHTEEN_WEEKS, FOUR_WEEKS)))
def test_the_last_day_is_in_time_and_the_next_is_not(
    received: date, standard: Standard
) -> None:
    last = received + timedelta(days=7 * standard.weeks)
    wait = wait_of(standard, received=received, stopped=None, today=last)
    assert (wait.last_day, wait.is_late, wait.is_soon) == (last, False, True)
    next_ = last + timedelta(days=1)
    assert wait_of(standard, received=received, stopped=None, today=next_).is_late


def test_eighteen_weeks_are_126_days_over_a_leap_day_and_a_clock_change() -> None:
    received = date(2028, 1, 3)
    wait = wait_of(
        EIGHTEEN_WEEKS, received=received, stopped=None, today=date(2028, 5, 8)
    )
    assert (wait.days, wait.is_late) == (126, False)
    assert wait.last_day == date(2028, 5, 8)


def test_without_a_standard_nobody_waits_too_long_and_days_are_counted() -> None:
    wait = wait_of(
        NO_STANDARD,
        received=date(2024, 2, 29),
        stopped=None,
        today=date(2026, 11, 29),
    )
    assert (wait.days, wait.is_late, wait.is_soon) == (1004, False, False)


def test_a_letter_from_tomorrow_has_waited_for_no_days() -> None:
    wait = wait_of(
        FOUR_WEEKS, received=date(2026, 11, 30), stopped=None, today=date(2026, 11, 29)
    )
    assert (wait.days, wait.words) == (0, "0 days")


@given(st.lists(LONG, max_size=60), STANDARDS)
def test_everybody_is_counted_in_one_band_and_the_late_in_late_ones(
    waited: list[int], standard: Standard
) -> None:
    today = date(2026, 11, 29)
    waits = [
        wait_of(
            standard, received=today - timedelta(days=one), stopped=None, today=today
        )
        for one in waited
    ]
    bands = bands_of(standard, waits)
    assert sum(one.count for one in bands) == len(waited)
    late = sum(one.count for one in bands if one.is_late)
    assert late == sum(one.is_late for one in waits)


@pytest.mark.parametrize(
    ("days", "band"),
    [
        *((0, "Up to 1 week"), (7, "Up to 1 week"), (8, "1 to 2 weeks")),
        *((28, "3 to 4 weeks"), (29, "4 to 12 weeks"), (400, "Over 52 weeks")),
    ],
)
def test_a_wait_of_exactly_so_many_weeks_is_up_to_them(days: int, band: str) -> None:
    today = date(2026, 11, 29)
    received = today - timedelta(days=days)
    wait = wait_of(FOUR_WEEKS, received=received, stopped=None, today=today)
    [counted] = [one for one in bands_of(FOUR_WEEKS, [wait]) if one.count]
    assert counted.words == band
