# SPDX-License-Identifier: Apache-2.0
"""What shows only over weeks: an account that takes a few strangers' records each day.

Walks behind the openings (walk.py), so that nobody waits for it.
"""

from collections import OrderedDict
from collections.abc import Callable

import msgspec

from wardkeep.identity.roles import role_named
from wardkeep.ledger.entry import Entry
from wardkeep.warden.clock_steps import CLOCK_SET, seconds_of
from wardkeep.warden.limits import Limits
from wardkeep.warden.walk import WINDOW_SECONDS

TIMES_SOFT = 5
"""So many days' soft budgets within four weeks are more than anybody's work."""
_GRANTED, _FIND, _HISTORY = "grant", "find", "history"
_MICROSECONDS = 1_000_000
_WINDOW = WINDOW_SECONDS * _MICROSECONDS


class Slow(msgspec.Struct, frozen=True):
    """An account that passed what four weeks explain."""

    organisation: int
    account: str
    patients: int
    most: int
    entry: int


class Patrol:
    """Counts different others in four weeks, by account."""

    def __init__(self, limits: Limits, tell: Callable[[Slow], None]) -> None:
        self._limits = limits
        self._tell = tell
        self._seen: dict[tuple[int, str], OrderedDict[str, int]] = {}
        self._told: dict[tuple[int, str], int] = {}

    def passes(self, position: int, entry: Entry) -> None:
        """Count an entry; whom it makes too many is told of."""
        if entry.action == CLOCK_SET:
            self._move(round(seconds_of(entry) * _MICROSECONDS))
            return
        role = role_named(entry.role)
        is_opening = entry.purpose and entry.outcome == _GRANTED
        if role is None or not is_opening or entry.action in {_FIND, _HISTORY}:
            return
        key = (entry.organisation, entry.account)
        oldest = entry.at - _WINDOW
        seen = self._counted(key, entry, oldest)
        most = self._limits.of(entry.organisation, role).soft * TIMES_SOFT
        if len(seen) > most and self._told.get(key, 0) <= oldest:
            self._told[key] = entry.at
            self._tell(Slow(*key, len(seen), most, position))

    def _move(self, by: int) -> None:
        """The clock that dates entries was moved: no week went by meanwhile."""
        for seen in self._seen.values():
            for patient in seen:
                seen[patient] += by
        for key in self._told:
            self._told[key] += by

    def _counted(
        self, key: tuple[int, str], entry: Entry, oldest: int
    ) -> OrderedDict[str, int]:
        """The account's others, with those of the entry and without old ones."""
        seen = self._seen.setdefault(key, OrderedDict())
        for subject in entry.subjects:
            if subject.packed_patient and not subject.relationship:
                seen[subject.patient] = entry.at
                seen.move_to_end(subject.patient)
        while seen and next(iter(seen.values())) < oldest:
            seen.popitem(last=False)
        return seen
