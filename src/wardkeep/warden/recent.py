# SPDX-License-Identifier: Apache-2.0
"""The ledger's last day with the age of each entry, counted again at a start.

An entry is dated by the wall clock, which somebody may have set back and put right. It
happened no earlier than what stands before it: so it is at most as old as the youngest
of those. That errs towards counting. A date that lies ahead says nothing of that kind:
one of a year ahead would make all that follows it new, at each start of that year.
Where an entry says that the clock was moved (clock_steps.py), what stands before it is
dated as if it had been moved then already.
"""

from collections.abc import Iterator, Sequence

import msgspec

from wardkeep.ledger.entry import Entry
from wardkeep.ledger.log import Ledger
from wardkeep.warden.clock_steps import steps_in

DAY_SECONDS = 24 * 3600.0
MOST_READ = 2_000_000
"""A week of the largest trust: where a clock began with 1970, everything would be."""
_MICROSECONDS = 1_000_000.0


class LastDay(msgspec.Struct, frozen=True):
    """Entries of the last 24 hours, read once for all who count."""

    first: int
    """The position of the first entry."""
    entries: Sequence[Entry]
    ages: Sequence[float]
    """Of each in seconds; a few may be older than a day."""
    monotonic: float
    """Now, by the clock that nobody sets."""

    def within(self, seconds: float) -> Iterator[tuple[Entry, float]]:
        """Those no older, the oldest first, each with when it was made.

        By the clock that nobody sets, in seconds.
        """
        for entry, age in zip(self.entries, self.ages, strict=True):
            if age <= seconds:
                yield entry, self.monotonic - age


def last_day(ledger: Ledger, *, now: float, monotonic: float) -> LastDay:
    """Read it; `now` in seconds since 1970, and the same moment by the other clock.

    As far back as the clock was moved on since, by what the entries say.
    """
    ahead = 0.0
    while True:
        moment = int((now - DAY_SECONDS - ahead) * _MICROSECONDS)
        entries = ledger.since(moment, most=MOST_READ)
        further = sum(steps_in(entries))
        if further <= ahead:
            first = ledger.committed_size - len(entries)
            return LastDay(first, entries, _ages(entries, now), monotonic)
        ahead = further


def _ages(entries: Sequence[Entry], now: float) -> Sequence[float]:
    """Seconds; what is dated later is as if it were written now."""
    ages, newest = [], 0.0
    for at in _dates(entries):
        if at > now:
            ages.append(0.0)
        else:
            newest = max(newest, at)
            ages.append(now - newest)
    return ages


def _dates(entries: Sequence[Entry]) -> Sequence[float]:
    """Seconds since 1970, as the clock stands that dated the last of them.

    Of a step back, what is dated before its entry stays: it may be of the moments after
    the step, in which nobody had looked yet.
    """
    dates = [entry.at / _MICROSECONDS for entry in entries]
    for place, step in reversed(list(enumerate(steps_in(entries)))):
        if step:
            seen = dates[place]
            for earlier in range(place):
                if step > 0 or dates[earlier] > seen:
                    dates[earlier] += step
    return dates
