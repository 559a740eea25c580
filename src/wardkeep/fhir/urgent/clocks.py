# SPDX-License-Identifier: Apache-2.0
"""How far the time of a call that waits has run: in steps that a board can say.

Elapsed time counts, in UTC: on the night on which clocks go back, an hour is an hour.
"""

import enum
from datetime import datetime


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
    whole = (due - given).total_seconds()
    if whole <= 0:
        return 1.0
    return max(0.0, (now - given).total_seconds() / whole)


def pace_of(*, given: datetime, due: datetime, now: datetime) -> Pace:
    part = gone(given=given, due=due, now=now)
    if part >= 1:
        return Pace.BREACHED
    if part >= NEARLY:
        return Pace.NEARLY
    return Pace.HALF if part >= HALF else Pace.IN_TIME


def minutes_left(*, due: datetime, now: datetime) -> int:
    """Whole minutes until it is due, rounded down; negative when it is over."""
    return int((due - now).total_seconds() // 60)
