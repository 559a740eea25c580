# SPDX-License-Identifier: Apache-2.0
"""Days of a depot: the window, the parts of the list, the next one, and the words."""

from datetime import UTC, date, datetime, timedelta

import pytest

from wardkeep.care.depots import due_lines_of
from wardkeep.fhir.depots.codes import is_snomed_id
from wardkeep.fhir.depots.due import (
    Standing,
    Week,
    left_words,
    next_after,
    week_of,
    window_of,
)

DUE = date(2026, 12, 2)
"""A Wednesday."""
WINDOW = window_of(DUE, early=2, late=3)


@pytest.mark.parametrize(
    ("days", "standing"),
    [
        (-3, Standing.AHEAD),
        (-2, Standing.OPEN),
        (0, Standing.OPEN),
        (1, Standing.PAST),
        (3, Standing.PAST),
        (4, Standing.OVERDUE),
    ],
)
def test_a_day_lies_before_in_or_past_the_window(days: int, standing: Standing) -> None:
    day = DUE + timedelta(days=days)
    assert WINDOW.on(day) is standing
    assert WINDOW.has(day) is (standing in (Standing.OPEN, Standing.PAST))


def test_without_days_late_it_is_overdue_on_the_next_day() -> None:
    narrow = window_of(DUE, early=0, late=0)
    assert narrow.on(DUE) is Standing.OPEN
    assert narrow.on(DUE + timedelta(days=1)) is Standing.OVERDUE


@pytest.mark.parametrize(
    ("today", "week"),
    [
        (date(2026, 12, 6), Week.OVERDUE),
        (date(2026, 12, 5), Week.PAST),
        (date(2026, 12, 2), Week.THIS),
        (date(2026, 11, 30), Week.THIS),
        # Sunday: Wednesday is in the week that begins tomorrow
        (date(2026, 11, 29), Week.NEXT),
        (date(2026, 11, 23), Week.NEXT),
        (date(2026, 11, 22), Week.LATER),
    ],
)
def test_weeks_run_from_monday_to_sunday(today: date, week: Week) -> None:
    assert week_of(WINDOW, today) is week


def test_the_banner_says_overdue_from_londons_midnight_in_summer_too() -> None:
    winter = window_of(date(2026, 12, 2), early=0, late=0).late_from
    assert winter == datetime(2026, 12, 3, tzinfo=UTC)
    summer = window_of(date(2026, 7, 2), early=0, late=0).late_from
    assert summer == datetime(2026, 7, 2, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "counts", "following"),
    [
        (date(2026, 12, 4), "given", date(2027, 1, 1)),
        (date(2026, 12, 4), "due", date(2026, 12, 30)),
        # So late that the one counted from its day is past already
        (date(2027, 1, 15), "due", date(2027, 1, 16)),
    ],
)
def test_the_next_is_counted_as_the_prescriber_said(
    given: date, counts: str, following: date
) -> None:
    assert next_after(given=given, due=DUE, every=28, counts=counts) == following


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0, "due today"),
        (1, "due tomorrow"),
        (12, "in 12 days"),
        (-1, "1 day past its day"),
        (-9, "9 days past its day"),
    ],
)
def test_time_is_told_in_words(days: int, words: str) -> None:
    assert left_words(DUE + timedelta(days=days), DUE) == words


def test_a_list_of_people_tells_of_what_is_near_and_names_what_is_overdue() -> None:
    windows = {"a": (WINDOW,), "b": (window_of(DUE, early=30, late=0),)}

    def lines(who: str, today: date) -> list[bool]:
        return [one.is_late for one in due_lines_of(windows, who, today)]

    assert lines("a", DUE - timedelta(days=8)) == []
    assert lines("a", DUE - timedelta(days=7)) == [False]
    assert lines("b", DUE - timedelta(days=20)) == [False]
    assert lines("a", DUE + timedelta(days=3)) == [False]
    assert lines("a", DUE + timedelta(days=4)) == [True]
    assert lines("nobody", DUE) == []


@pytest.mark.parametrize(
    ("typed", "is_one"),
    [
        ("78421000", True),
        ("34206005", True),
        ("78421001", False),
        ("7842", False),
        ("078421000", False),
        ("78421000a", False),
        ("", False),
        ("1" * 19, False),
    ],
)
def test_a_code_is_held_to_its_check_digit(typed: str, *, is_one: bool) -> None:
    assert is_snomed_id(typed) is is_one
