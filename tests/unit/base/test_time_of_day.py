# SPDX-License-Identifier: Apache-2.0
"""A time of day says which it is in the hour that comes twice, and nowhere else."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from wardkeep.base.clock import LONDON
from wardkeep.base.time_of_day import FIRST, SECOND, comes_twice, time_of_day

FORTH, BACK = date(2026, 3, 29), date(2026, 10, 25)
"""The clocks go forth and back on these days, at 01:00 UTC."""
MINUTES = st.datetimes(datetime(1996, 1, 1), datetime(2037, 12, 31))  # noqa: DTZ001 - made UTC below


def at(day: date, clock: str) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}+00:00")


@pytest.mark.parametrize(
    ("clock", "said"),
    [
        ("23:59:59", "00:59"),
        ("00:00:00", f"01:00 {FIRST}"),
        ("00:30:00", f"01:30 {FIRST}"),
        ("00:59:59", f"01:59 {FIRST}"),
        ("01:00:00", f"01:00 {SECOND}"),
        ("01:30:00", f"01:30 {SECOND}"),
        ("01:59:59", f"01:59 {SECOND}"),
        ("02:00:00", "02:00"),
    ],
)
def test_when_the_clocks_go_back_it_says_which(clock: str, said: str) -> None:
    day = BACK - timedelta(days=1) if clock.startswith("23") else BACK
    assert time_of_day(at(day, clock)) == said


@pytest.mark.parametrize(
    ("clock", "said"),
    [("00:30:00", "00:30"), ("00:59:59", "00:59"), ("01:00:00", "02:00")],
)
def test_when_they_go_forth_nothing_is_there_twice(clock: str, said: str) -> None:
    assert time_of_day(at(FORTH, clock)) == said


def test_a_time_that_the_clocks_leave_out_is_the_one_that_they_show() -> None:
    left_out = datetime(2026, 3, 29, 1, 30, tzinfo=LONDON)
    assert not comes_twice(left_out)
    assert time_of_day(left_out) == "02:30"


def test_seconds_stand_before_the_word() -> None:
    assert time_of_day(at(BACK, "00:30:07"), seconds=True) == f"01:30:07 {FIRST}"


@given(MINUTES)
def test_two_moments_of_a_day_never_read_alike(moment: datetime) -> None:
    utc = moment.replace(tzinfo=UTC)
    for hours in (-1, 1):
        assert time_of_day(utc) != time_of_day(utc + timedelta(hours=hours))


@given(MINUTES)
def test_it_is_said_in_two_hours_of_a_year_alone(moment: datetime) -> None:
    utc = moment.replace(tzinfo=UTC)
    says = time_of_day(utc).endswith((FIRST, SECOND))
    before, after = (
        (utc + timedelta(hours=hours)).astimezone(LONDON).utcoffset()
        for hours in (-1, 1)
    )
    assert says == (before != after and utc.month == 10)
