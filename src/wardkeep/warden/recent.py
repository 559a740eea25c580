# SPDX-License-Identifier: Apache-2.0
"""The ledger's last day with the age of each entry, counted again at a start.

An entry is dated by the wall clock, which somebody may have set back and put right. It
happened no earlier than what stands before it: so it is at most as old as the youngest
of those. That errs towards counting. A date that lies ahead says nothing of that kind:
one of a year ahead would make all that follows it new, at each start of that year.
Where an entry says that the clock was moved (clock_steps.py), what stands before it is
dated as if it had been moved then already. That does not hold for what was written
after a clock was set back and before anybody saw it, so what may have been is taken for
it: a day that was opened in those seconds would else be old at once.
"""

from collections.abc import Iterator, Sequence

import msgspec

from wardkeep.ledger.entry import Entry
from wardkeep.ledger.log import Ledger
from wardkeep.warden.clock_steps import steps_in

DAY_SECONDS = 24 * 3600.0
UNSEEN_SECONDS = 3600.0
"""Between a step of the clock and its entry: seconds, and longer where the warden was
killed meanwhile."""
_MICROSECONDS = 1_000_000


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


def last_day(
    ledger: Ledger, *, now: float, monotonic: float, unseen: float = 0.0
) -> LastDay:
    """Read it; `now` in seconds since 1970, and the same moment by the other clock.

    As far back as the clock was moved on since, by what the entries say. `unseen`: by
    how much it was moved on that no entry says yet; `now` is as if it had not been.
    """
    ahead = 0.0
    while True:
        since = int((now + min(unseen, 0.0) - DAY_SECONDS - ahead) * _MICROSECONDS)
        entries = ledger.since(since)
        further = sum(step for step in steps_in(entries) if step > 0)
        if further <= ahead:
            first = ledger.committed_size - len(entries)
            ages = _ages(_dates(entries, now, unseen), now)
            return LastDay(first, entries, ages, monotonic)
        ahead = further


def _dates(entries: Sequence[Entry], now: float, unseen: float) -> Sequence[float]:
    """In seconds since 1970, all by the clock as it stands at `now`."""
    written = [entry.at / _MICROSECONDS for entry in entries]
    dates, together = list(written), 0.0
    steps = list(enumerate(steps_in(entries)))
    for number, step in reversed(steps):
        dates[number] += together
        together += step
    for number, step in [*steps, (len(entries), unseen)]:
        if step < 0:
            seen_at = written[number] if number < len(written) else now + unseen
            for one in _perhaps_after(written, number, seen_at):
                dates[one] -= step
    return dates


def _perhaps_after(written: Sequence[float], seen: int, at: float) -> Iterator[int]:
    """What may have been written after a clock was set back, and before it was seen.

    A date that lies ahead of the one at which it was seen is of before.
    """
    for number in range(seen - 1, -1, -1):
        if not at - UNSEEN_SECONDS <= written[number] <= at:
            return
        yield number


def _ages(dates: Sequence[float], now: float) -> Sequence[float]:
    """Seconds; what is dated later is as if it were written now."""
    ages, newest = list[float](), 0.0
    for at in dates:
        if at <= now:
            newest = max(newest, at)
        ages.append(0.0 if at > now else now - newest)
    return ages
