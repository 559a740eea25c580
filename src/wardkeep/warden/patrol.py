# SPDX-License-Identifier: Apache-2.0
"""What shows only over weeks: an account that takes a few strangers' records each day.

Walks the ledger behind the openings, a portion at a time, so that nobody waits for it;
after a start it walks the last four weeks again.
"""

from collections import OrderedDict

import msgspec

from wardkeep.identity.roles import role_named
from wardkeep.ledger.entry import Entry
from wardkeep.ledger.log import Ledger
from wardkeep.warden.limits import Limits

WINDOW_SECONDS = 28 * 24 * 3600
TIMES_SOFT = 5
"""So many days' soft budgets within four weeks are more than anybody's work."""
A_PORTION = 250
_GRANTED, _FIND, _HISTORY = "grant", "find", "history"
_MICROSECONDS = 1_000_000


class Slow(msgspec.Struct, frozen=True):
    """An account that passed what four weeks explain."""

    organisation: int
    account: str
    patients: int
    most: int
    entry: int


class Patrol:
    """Counts different others in four weeks, by account."""

    def __init__(self, ledger: Ledger, limits: Limits) -> None:
        self._ledger = ledger
        self._limits = limits
        self._position = -1
        self._seen: dict[tuple[int, str], OrderedDict[str, int]] = {}
        self._told: dict[tuple[int, str], int] = {}

    @property
    def is_behind(self) -> bool:
        return self._position < self._ledger.committed_size

    def walk(self, now: int) -> list[Slow]:
        """The next portion; `now` in UTC microseconds since 1970."""
        since = now - WINDOW_SECONDS * _MICROSECONDS
        if self._position < 0:
            self._position = self._first_after(since)
        found = []
        last = min(self._position + A_PORTION, self._ledger.committed_size)
        for position in range(self._position, last):
            slow = self._count(position, self._ledger.read(position))
            if slow is not None:
                found.append(slow)
        self._position = last
        return found

    def _first_after(self, moment: int) -> int:
        low, high = 0, self._ledger.committed_size
        while low < high:
            middle = (low + high) // 2
            if self._ledger.read(middle).at < moment:
                low = middle + 1
            else:
                high = middle
        return low

    def _count(self, position: int, entry: Entry) -> Slow | None:
        role = role_named(entry.role)
        is_opening = entry.purpose and entry.outcome == _GRANTED
        if role is None or not is_opening or entry.action in {_FIND, _HISTORY}:
            return None
        key = (entry.organisation, entry.account)
        seen = self._seen.setdefault(key, OrderedDict())
        for subject in entry.subjects:
            if subject.packed_patient and not subject.relationship:
                seen[subject.patient] = entry.at
                seen.move_to_end(subject.patient)
        oldest = entry.at - WINDOW_SECONDS * _MICROSECONDS
        while seen and next(iter(seen.values())) < oldest:
            seen.popitem(last=False)
        most = self._limits.of(entry.organisation, role).soft * TIMES_SOFT
        is_told = self._told.get(key, 0) > oldest
        if len(seen) <= most or is_told:
            return None
        self._told[key] = entry.at
        return Slow(*key, len(seen), most, position)
