# SPDX-License-Identifier: Apache-2.0
"""When a dose is due and until when it may be given, by the prescriber's own days.

Nothing here is advice: interval and window are typed by whoever writes the schedule,
and there is no default for either. Days are days in London.
"""

import enum
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from wardkeep.base.clock import LONDON

_DAY = timedelta(days=1)
_NEAR_DAYS = 7


class Standing(enum.StrEnum):
    """Where today lies, the most pressing first."""

    OVERDUE = "overdue"
    """Past the last day of the window."""
    PAST = "past"
    """Past its day, and still in the window."""
    OPEN = "open"
    """In the window, its day not past."""
    AHEAD = "ahead"


class Window(msgspec.Struct, frozen=True):
    """The day of a dose, and the first and last on which it may be given."""

    due: date
    opens: date
    closes: date

    def has(self, day: date) -> bool:
        return self.opens <= day <= self.closes

    def on(self, today: date) -> Standing:
        if today > self.closes:
            return Standing.OVERDUE
        if today > self.due:
            return Standing.PAST
        return Standing.OPEN if today >= self.opens else Standing.AHEAD

    def is_near(self, today: date) -> bool:
        """Whether it belongs among what is due: open, late, or within a week."""
        return self.on(today) is not Standing.AHEAD or (self.due - today).days <= (
            _NEAR_DAYS
        )

    @property
    def late_from(self) -> datetime:
        """The first moment of the day after the window, in UTC."""
        return datetime.combine(self.closes + _DAY, time.min, LONDON).astimezone(UTC)


def window_of(due: date, *, early: int, late: int) -> Window:
    """With so many days early and late as the prescriber allows."""
    return Window(due, due - timedelta(days=early), due + timedelta(days=late))


def next_after(*, given: date, due: date, every: int, counts: str) -> date:
    """The day of the next dose; never before the one after that on which it was given.

    Counted from the day on which it was due, a dose given very late would be followed
    by one that was due before it: then the first day after is taken.
    """
    day = (due if counts == "due" else given) + timedelta(days=every)
    return max(day, given + _DAY)


def left_words(due: date, today: date) -> str:
    """As in "3 days past its day", "due today", "in 4 days"."""
    days = (due - today).days
    if days == 0:
        return "due today"
    if days == 1:
        return "due tomorrow"
    if days > 0:
        return f"in {days} days"
    return "1 day past its day" if days == -1 else f"{-days} days past its day"


class Week(enum.StrEnum):
    """Parts of a team's list, in their order."""

    OVERDUE = "overdue"
    PAST = "past"
    THIS = "this"
    NEXT = "next"
    LATER = "later"


WEEKS = {
    Week.OVERDUE: "Overdue: past the window",
    Week.PAST: "Past its day, still in the window",
    Week.THIS: "This week",
    Week.NEXT: "Next week",
    Week.LATER: "Later",
}


def week_of(window: Window, today: date) -> Week:
    """In which part of the list it stands; weeks run from Monday to Sunday."""
    standing = window.on(today)
    if standing is Standing.OVERDUE:
        return Week.OVERDUE
    if standing is Standing.PAST:
        return Week.PAST
    sunday = today + timedelta(days=6 - today.weekday())
    if window.due <= sunday:
        return Week.THIS
    return Week.NEXT if window.due <= sunday + timedelta(days=7) else Week.LATER
