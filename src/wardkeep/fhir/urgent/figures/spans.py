# SPDX-License-Identifier: Apache-2.0
"""Days, weeks, months and shifts as London has them, and the moments between.

A day in spring has 23 hours and one in autumn 25; each begins at its own midnight.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from wardkeep.base.clock import LONDON

_HOUR = timedelta(hours=1)
_DAYS_OF_A_WEEK, _MONTHS = 7, 12


class Span(NamedTuple):
    """From a moment until just before another, both in UTC."""

    since: datetime
    until: datetime

    def has(self, at: datetime) -> bool:
        return self.since <= at < self.until


def span_of_days(first: date, last: date) -> Span:
    """From the first day's midnight to that after the last, in London."""
    return Span(_midnight(first), _midnight(last + timedelta(days=1)))


def day_of(at: datetime) -> date:
    return at.astimezone(LONDON).date()


def week_of(day: date) -> tuple[date, date]:
    """Monday to Sunday, in which a day lies."""
    first = day - timedelta(days=day.weekday())
    return first, first + timedelta(days=_DAYS_OF_A_WEEK - 1)


def month_of(day: date) -> tuple[date, date]:
    first = day.replace(day=1)
    year, month = divmod(first.year * _MONTHS + first.month, _MONTHS)
    return first, date(year, month + 1, 1) - timedelta(days=1)


def shift_at(now: datetime, begins: Sequence[time]) -> Span:
    """The shift in which a moment lies: it may have begun the day before."""
    day = day_of(now)
    around = [
        datetime.combine(day + timedelta(days=offset), at, LONDON).astimezone(UTC)
        for offset in (-1, 0, 1)
        for at in begins
    ]
    since = max(one for one in around if one <= now)
    return Span(since, min(one for one in around if one > since))


def hours_of(span: Span) -> Iterator[Span]:
    """Elapsed hours, so that none is lost or doubled when clocks change."""
    at = span.since
    while at < span.until:
        yield Span(at, min(at + _HOUR, span.until))
        at += _HOUR


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), LONDON).astimezone(UTC)
