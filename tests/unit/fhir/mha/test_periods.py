# SPDX-License-Identifier: Apache-2.0
"""Periods of the Mental Health Act: whole days, uneven months, changing clocks."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from wardkeep.base.clock import LONDON
from wardkeep.fhir.mha.periods import (
    Period,
    after,
    before,
    day_of,
    end_of,
    is_midnight,
    last_day,
    last_day_before,
    midnight_of,
    period_of,
)
from wardkeep.fhir.mha.words import until_words

MOMENTS = st.datetimes(
    datetime(1983, 10, 1, tzinfo=UTC).replace(tzinfo=None),
    datetime(2099, 1, 1, tzinfo=UTC).replace(tzinfo=None),
    timezones=st.just(UTC),
)
DAYS = st.dates(date(1983, 10, 1), date(2099, 1, 1))


@pytest.mark.parametrize(
    ("first", "period", "last"),
    [
        # s.2(4): 28 days beginning with the day of admission
        (date(2026, 11, 1), "28 days", date(2026, 11, 28)),
        (date(2028, 2, 10), "28 days", date(2028, 3, 8)),
        # s.20(1): six months beginning with the day
        (date(2026, 9, 5), "6 months", date(2027, 3, 4)),
        (date(2026, 3, 1), "6 months", date(2026, 8, 31)),
        (date(2026, 8, 31), "6 months", date(2027, 2, 28)),
        (date(2027, 8, 30), "6 months", date(2028, 2, 29)),
        (date(2026, 8, 29), "6 months", date(2027, 2, 28)),
        (date(2028, 2, 29), "1 year", date(2029, 2, 28)),
        (date(2026, 1, 1), "1 year", date(2026, 12, 31)),
        (date(2026, 11, 29), "12 weeks", date(2027, 2, 20)),
    ],
)
def test_the_last_day_counts_the_first(first: date, period: str, last: date) -> None:
    assert last_day(first, period_of(period)) == last


@given(DAYS, st.integers(1, 400))
def test_a_period_of_days_has_so_many_days(first: date, many: int) -> None:
    last = last_day(first, Period(many, "day"))
    assert (last - first).days + 1 == many


@given(DAYS, st.integers(1, 36))
def test_months_are_never_longer_than_the_calendar_allows(
    first: date, many: int
) -> None:
    last = last_day(first, Period(many, "month"))
    assert 28 * many <= (last - first).days + 1 <= 31 * many
    months = (last.year - first.year) * 12 + last.month - first.month
    assert months in (many - 1, many)


@given(DAYS, st.integers(1, 36))
def test_a_later_first_day_never_ends_earlier(first: date, many: int) -> None:
    period = Period(many, "month")
    assert last_day(first, period) <= last_day(first + timedelta(days=1), period)


@given(MOMENTS, st.sampled_from(["1 day", "28 days", "6 months", "1 year", "3 weeks"]))
def test_whole_days_end_at_midnight_in_london(began: datetime, period: str) -> None:
    end = end_of(began, period_of(period))
    assert is_midnight(end)
    assert last_day_before(end) == last_day(day_of(began), period_of(period))
    assert end > began


@given(MOMENTS, st.sampled_from([6, 24, 36, 72]))
def test_hours_run_by_the_clock_whatever_the_wall_shows(
    began: datetime, hours: int
) -> None:
    assert end_of(began, Period(hours, "hour")) - began == timedelta(hours=hours)


def test_hours_across_both_changes_of_the_clocks() -> None:
    # Clocks go back on 25 October 2026 at 02:00, forward on 28 March 2027 at 01:00.
    autumn = datetime(2026, 10, 24, 20, 0, tzinfo=LONDON)
    spring = datetime(2027, 3, 27, 20, 0, tzinfo=LONDON)
    assert until_words(end_of(autumn, Period(72, "hour"))) == "19:00 on 27 October 2026"
    assert until_words(end_of(spring, Period(72, "hour"))) == "21:00 on 30 March 2027"
    days = end_of(autumn, Period(2, "day"))
    assert days == datetime(2026, 10, 26, 0, 0, tzinfo=UTC)
    assert until_words(days) == "25 October 2026"


def test_a_day_is_londons_and_not_that_of_utc() -> None:
    admitted = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)  # 00:30 on 1 July in London
    assert until_words(end_of(admitted, Period(28, "day"))) == "28 July 2026"


@given(MOMENTS, st.sampled_from(["1 day", "28 days", "3 months"]))
def test_again_counts_from_the_day_after(done: datetime, period: str) -> None:
    assert after(done, period_of(period)) > done + timedelta(hours=23)
    assert after(done, period_of("1 day")) == midnight_of(
        day_of(done) + timedelta(days=2)
    )


@given(DAYS, st.integers(1, 12))
def test_before_an_end_lies_before_it(end: date, many: int) -> None:
    found = before(midnight_of(end), Period(many, "month"))
    assert found < midnight_of(end)
    assert 28 * many <= (end - day_of(found)).days <= 31 * many


@pytest.mark.parametrize(
    "text", ["", "28", "days", "0 days", "1.5 days", "6 fortnights"]
)
def test_what_is_no_period_is_refused_with_words(text: str) -> None:
    with pytest.raises(ValueError, match="28 days"):
        period_of(text)
