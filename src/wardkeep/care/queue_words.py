# SPDX-License-Identifier: Apache-2.0
"""Clocks of cases that wait, in words and a colour, as every board says them."""

from datetime import datetime

from wardkeep.fhir.urgent.clocks import Pace, minutes_left

COLOURS = {
    Pace.IN_TIME: "green",
    Pace.HALF: "yellow",
    Pace.NEARLY: "orange",
    Pace.BREACHED: "red",
}
ABSENT = {
    "noshow": "Did not come",
    "cancelled": "Cancelled or left at the desk",
    "fulfilled": "Seen, no outcome is written",
}
"""By what the Appointment says while the case still has its time."""
_HOUR = 60


def number_of(entry: str) -> str:
    """A short name for a case, as colleagues say it to each other."""
    return entry.replace("-", "")[-5:].upper()


def left_words(due: datetime, now: datetime) -> str:
    """In how long it is due, or for how long it is over."""
    minutes = minutes_left(due=due, now=now)
    if due <= now:
        return f"{span_words(max(1, -minutes))} over"
    return f"{span_words(minutes)} left" if minutes else "under a minute left"


def span_words(minutes: int) -> str:
    hours, rest = divmod(minutes, _HOUR)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"
