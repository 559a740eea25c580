# SPDX-License-Identifier: Apache-2.0
"""Periods of the law: whole days in London that count the first one, or hours that run.

A period "beginning with the day" counts that day whole and ends with the midnight of
its last one (Mental Health Act 1983 s.2(4), s.20(1)); a power for hours runs by the
clock, whatever the clocks on the wall do (s.5(2), s.5(4), s.136A).
"""

import calendar
import re
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from wardkeep.base.clock import LONDON

_WRITTEN = re.compile(r"([1-9][0-9]{0,3}) (hour|day|week|month|year)s?")
_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "year": 12}
_A_YEAR = 12


class Period(msgspec.Struct, frozen=True):
    """So many of one unit."""

    count: int
    unit: str
    """`hour`, `day`, `week`, `month` or `year`."""

    @property
    def is_hours(self) -> bool:
        return self.unit == "hour"

    @property
    def months(self) -> int:
        """In months; 0 where it is no whole number of them."""
        return self.count * _MONTHS.get(self.unit, 0)

    @property
    def words(self) -> str:
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"


def period_of(text: str) -> Period:
    """A period as rules write it, as in "28 days".

    Raises:
        ValueError: it is none.
    """
    match = _WRITTEN.fullmatch(text)
    if match is None:
        message = f"“{text}” is no period; write it as in “28 days” or “6 months”"
        raise ValueError(message)
    return Period(int(match[1]), match[2])


def last_day(first: date, period: Period) -> date:
    """The last day of a period that begins with `first`, in whole days.

    Months end on the day before that of the same number; where the month has none, on
    its own last day.
    """
    if period.months:
        return _before_same_day(first, period.months)
    return first + timedelta(days=period.count * _DAYS[period.unit] - 1)


def _before_same_day(first: date, months: int) -> date:
    year, month = divmod(first.year * _A_YEAR + first.month - 1 + months, _A_YEAR)
    most = calendar.monthrange(year, month + 1)[1]
    if first.day > most:
        return date(year, month + 1, most)
    return date(year, month + 1, first.day) - timedelta(days=1)


def end_of(began: datetime, period: Period) -> datetime:
    """The first moment at which it holds no longer, in UTC."""
    if period.is_hours:
        return began.astimezone(UTC) + timedelta(hours=period.count)
    return midnight_after(last_day(day_of(began), period))


def after(done: datetime, period: Period) -> datetime:
    """By when something is due again: so long after the day on which it was done."""
    if period.is_hours:
        return done.astimezone(UTC) + timedelta(hours=period.count)
    return midnight_after(last_day(day_of(done) + timedelta(days=1), period))


def before(end: datetime, period: Period) -> datetime:
    """When the last so much of something that ends then begins."""
    if period.is_hours:
        return end - timedelta(hours=period.count)
    day = day_of(end)
    if not period.months:
        return midnight_of(day - timedelta(days=period.count * _DAYS[period.unit]))
    year, month = divmod(day.year * _A_YEAR + day.month - 1 - period.months, _A_YEAR)
    most = calendar.monthrange(year, month + 1)[1]
    return midnight_of(date(year, month + 1, min(day.day, most)))


def day_of(moment: datetime) -> date:
    """The day in London."""
    return moment.astimezone(LONDON).date()


def midnight_of(day: date) -> datetime:
    """The moment at which a day begins in London, in UTC."""
    return datetime.combine(day, time(), LONDON).astimezone(UTC)


def midnight_after(day: date) -> datetime:
    return midnight_of(day + timedelta(days=1))


def is_midnight(moment: datetime) -> bool:
    """Whether it is the end of a whole day in London."""
    return moment.astimezone(LONDON).time() == time()


def last_day_before(end: datetime) -> date:
    """The day that ends with a moment, or in which the moment lies."""
    return day_of(end - timedelta(microseconds=1))
