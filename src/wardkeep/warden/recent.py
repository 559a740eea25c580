# SPDX-License-Identifier: Apache-2.0
"""The ledger's last entries with their age, for whoever counts them again at a start.

An entry is dated by the wall clock, which somebody may have set back and put right. It
happened no earlier than what stands before it: so it is at most as old as the youngest
of those. That errs towards counting. A date that lies ahead says nothing of that kind:
one of a year ahead would make all that follows it new, at each start of that year.
"""

from collections.abc import Iterable, Iterator

from wardkeep.ledger.entry import Entry
from wardkeep.ledger.log import Ledger

_MICROSECONDS = 1_000_000


def recent(
    ledger: Ledger, *, now: float, seconds: float
) -> Iterator[tuple[Entry, float]]:
    """Entries of so many seconds, the oldest first, each with its age in seconds.

    `now` in seconds since 1970. What is dated later is as if it were written now.
    """
    read = ledger.since(int((now - seconds) * _MICROSECONDS))
    return aged(read, now=now, seconds=seconds)


def aged(
    entries: Iterable[Entry], *, now: float, seconds: float
) -> Iterator[tuple[Entry, float]]:
    """The same of entries that were read already, in their order."""
    newest = 0.0
    for entry in entries:
        at = entry.at / _MICROSECONDS
        if at > now:
            yield entry, 0.0
            continue
        newest = max(newest, at)
        # Where one of a date ahead is read, so is what lies behind it.
        if now - newest <= seconds:
            yield entry, now - newest
