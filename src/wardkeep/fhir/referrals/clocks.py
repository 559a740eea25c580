# SPDX-License-Identifier: Apache-2.0
"""How long somebody has waited, by the clocks that are published for England.

18 weeks: referral to treatment, rules suite of October 2022,
https://www.gov.uk/government/publications/right-to-start-consultant-led-treatment-within-18-weeks
A clock starts when the provider has the referral (rule 1), and stops with the first
definitive treatment, or when it is decided not to treat, or to return the patient, or
the patient declines (rules 4 and 5). There is no pause: what a patient could ask for
until then went with the regulations of 1 October 2015.

Four weeks: community mental health, NHS England's measurement since 2024,
https://www.england.nhs.uk/mental-health/resources/access-waiting-time/
It starts when the team has the referral, and stops when help has begun.

Days are London's and are counted from one date to another: an hour that a clock change
takes or gives is none, and 29 February is a day. Our reading: the last day in time is
the one that many weeks after the first; from the next day on, somebody waits too long.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise

import msgspec

SYSTEM = "urn:wardkeep:wait"
"""Of a HealthcareService's `characteristic` that names the clock of its referrals."""
_DAYS_A_WEEK = 7
_SOON = timedelta(days=14)
_YEAR = 52


class Standard(msgspec.Struct, frozen=True, kw_only=True):
    """A published longest wait."""

    code: str
    words: str
    weeks: int
    """0: none is published, and days are counted all the same."""
    begins: str
    """What stops the clock, in words."""
    edges: tuple[int, ...]
    """Weeks between which people are counted."""


EIGHTEEN_WEEKS = Standard(
    code="rtt-18-weeks",
    words="18 weeks from referral to treatment",
    weeks=18,
    begins="First definitive treatment",
    edges=(0, 6, 12, 18, 26, _YEAR),
)
FOUR_WEEKS = Standard(
    code="four-weeks",
    words="Four weeks until help begins",
    weeks=4,
    begins="First contact in which help began",
    edges=(0, 1, 2, 3, 4, 12, _YEAR),
)
NO_STANDARD = Standard(
    code="",
    words="No national standard",
    weeks=0,
    begins="First contact",
    edges=(0, 4, 8, 12, 18, 26, _YEAR),
)
STANDARDS = {one.code: one for one in (EIGHTEEN_WEEKS, FOUR_WEEKS)}


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """How long one person waited, or waits."""

    days: int
    is_running: bool
    last_day: date | None
    """The last day in time; None where no standard is published."""
    is_late: bool
    is_soon: bool
    """Whether the last day is within two weeks."""

    @property
    def words(self) -> str:
        """As in `23 days`."""
        return "1 day" if self.days == 1 else f"{self.days} days"


def wait_of(
    standard: Standard, *, received: date, stopped: date | None, today: date
) -> Wait:
    """From the day on which the team had it to the day that stopped the clock."""
    until = today if stopped is None else stopped
    last = None
    if standard.weeks:
        last = received + timedelta(days=standard.weeks * _DAYS_A_WEEK)
    is_late = last is not None and until > last
    is_soon = last is not None and not is_late and last - until <= _SOON
    return Wait(
        days=max(0, (until - received).days),
        is_running=stopped is None,
        last_day=last,
        is_late=is_late,
        is_soon=is_soon and stopped is None,
    )


class Band(msgspec.Struct, frozen=True):
    """How many wait for so many weeks."""

    words: str
    count: int
    is_late: bool


def bands_of(standard: Standard, waits: Iterable[Wait]) -> tuple[Band, ...]:
    """Each once: more than so many weeks, and up to so many."""
    counted = Counter(_edge(standard, one.days) for one in waits)
    found = [
        Band(
            words=_between(low, high),
            count=counted[low],
            is_late=0 < standard.weeks <= low,
        )
        for low, high in pairwise(standard.edges)
    ]
    last = standard.edges[-1]
    over = Band(f"Over {last} weeks", counted[last], is_late=standard.weeks > 0)
    return (*found, over)


def _between(low: int, high: int) -> str:
    if low == 0:
        return "Up to 1 week" if high == 1 else f"Up to {high} weeks"
    return f"{low} to {high} weeks"


def _edge(standard: Standard, days: int) -> int:
    """The lower edge of the band; a wait of exactly so many weeks is up to them."""
    below = [one for one in standard.edges if one * _DAYS_A_WEEK < days]
    return max(below, default=0)
