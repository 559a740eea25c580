# SPDX-License-Identifier: Apache-2.0
"""Days and moments of a demo life, counted back from the day of the demo."""

from datetime import date, datetime, time, timedelta

from wardkeep.base.clock import LONDON

DAYS_A_YEAR = 365.25


def moment(day: date, hour: int, minute: int = 0) -> datetime:
    """A time of day as the clock on the ward shows it."""
    return datetime.combine(day, time(hour, minute), tzinfo=LONDON)


def instant(at: datetime) -> str:
    """FHIR dateTime and instant, with the offset of Europe/London on that day."""
    return at.isoformat(timespec="seconds")


def years_between(earlier: date, later: date) -> int:
    """Whole years, as in an age."""
    before_birthday = (later.month, later.day) < (earlier.month, earlier.day)
    return later.year - earlier.year - before_birthday


def years_after(day: date, years: float) -> date:
    return day + timedelta(days=int(years * DAYS_A_YEAR))


def weekday_on_or_after(day: date) -> date:
    """The day itself, or the Monday after a weekend."""
    saturday = 5
    if day.weekday() < saturday:
        return day
    return day + timedelta(days=7 - day.weekday())
