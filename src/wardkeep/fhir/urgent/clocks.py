# SPDX-License-Identifier: Apache-2.0
"""How far the time of a call that waits has run: in steps that a board can say.

Elapsed time counts, in UTC: on the night on which clocks go back, an hour is an hour.
"""

import enum
from datetime import UTC, datetime


class Pace(enum.StrEnum):
    """How much of the time is gone."""

    IN_TIME = "in-time"
    HALF = "half"
    NEARLY = "nearly"
    BREACHED = "breached"


WORDS = {
    Pace.IN_TIME: "In time",
    Pace.HALF: "Half the time gone",
    Pace.NEARLY: "About to breach",
    Pace.BREACHED: "Breached",
}
"""Colour never says it alone."""
HALF, NEARLY = 0.5, 0.75


def gone(*, given: datetime, due: datetime, now: datetime) -> float:
    """Which part of its time is gone: 0 where it begins, 1 at the deadline and over."""
    whole = _seconds(given, due)
    return 1.0 if whole <= 0 else max(0.0, _seconds(given, now) / whole)


def pace_of(*, given: datetime, due: datetime, now: datetime) -> Pace:
    part = gone(given=given, due=due, now=now)
    if part >= 1:
        return Pace.BREACHED
    if part >= NEARLY:
        return Pace.NEARLY
    return Pace.HALF if part >= HALF else Pace.IN_TIME


def minutes_left(*, due: datetime, now: datetime) -> int:
    """Whole minutes until it is due, rounded down; negative when it is over."""
    return int(_seconds(now, due) // 60)


def _seconds(since: datetime, until: datetime) -> float:
    """That ran in between: two moments of one zone would be told apart by its hands."""
    return (until.astimezone(UTC) - since.astimezone(UTC)).total_seconds()
