# SPDX-License-Identifier: Apache-2.0
"""The circuit breaker: many accounts that open strangers' records within one hour.

Each may be below its own budget. So an organisation, and the site, have a sum: what the
people at work may open beyond their work in an hour, by their roles. Beyond it each
further such opening takes a passkey: who treats patients goes on, stolen sessions stop.
An organisation's own breaker comes first: in the site's sum it counts for no more than
trips its own, so that the people of one cannot trip everybody's.
"""

import math
from collections import OrderedDict
from collections.abc import Iterable

import msgspec

from wardkeep.identity.roles import role_named
from wardkeep.ledger.entry import Entry
from wardkeep.warden.limits import Limits
from wardkeep.warden.recent import LastDay

WINDOW_SECONDS = 3600.0
_GRANTED, _FIND, _HISTORY = "grant", "find", "history"
FLOOR = 100
"""Other patients in an hour that nobody wonders at, however few are at work."""
SHARE = 0.25
"""Of a role's soft budget for a day, what one of its people may add in an hour."""
SITE = 0
REACH_WHEN_TRIPPED = 1


class _Hour(msgspec.Struct):
    patients: OrderedDict[str, float] = msgspec.field(default_factory=OrderedDict)
    """The longest ago first; of the site none, which counts its organisations'."""
    people: OrderedDict[str, tuple[float, float]] = msgspec.field(
        default_factory=OrderedDict
    )
    """What each adds to the sum, and when they last opened anything."""
    tripped_until: float = -math.inf

    def trips(self, many: int, now: float) -> bool:
        """Whether so many are too many, and it was not tripped before."""
        if many <= self.most:
            return False
        is_new = self.tripped_until < now
        self.tripped_until = now + WINDOW_SECONDS
        return is_new

    def forget_old(self, now: float) -> None:
        oldest = now - WINDOW_SECONDS
        while self.patients and next(iter(self.patients.values())) < oldest:
            self.patients.popitem(last=False)
        while self.people and next(iter(self.people.values()))[1] < oldest:
            self.people.popitem(last=False)

    @property
    def most(self) -> float:
        return FLOOR + sum(share for share, _ in self.people.values())


class Breaker:
    """One sum for each organisation, and one for the site."""

    def __init__(self) -> None:
        self._hours: dict[int, _Hour] = {}

    def _of(self, place: int) -> _Hour:
        hour = self._hours.get(place)
        if hour is None:
            hour = self._hours[place] = _Hour()
        return hour

    def at_work(self, organisation: int, account: str, soft: int, now: float) -> None:
        """Somebody opened something: they are at work, and add to the sum."""
        share = (soft * SHARE, now)
        for hour in (self._of(organisation), self._of(SITE)):
            hour.people[account] = share
            hour.people.move_to_end(account)

    def opened(self, organisation: int, patients: Iterable[str], now: float) -> bool:
        """Count others; whether this trips a breaker that was not."""
        own, site = self._of(organisation), self._of(SITE)
        for one in patients:
            own.patients[one] = now
            own.patients.move_to_end(one)
        together = self._of_site(now)
        return any([own.trips(len(own.patients), now), site.trips(together, now)])

    def _of_site(self, now: float) -> int:
        """Each organisation's, and of none more than its own breaker stands."""
        together = 0
        for hour in self._hours.values():
            hour.forget_old(now)
            # None for the site's own hour, which has no patients.
            together += min(len(hour.patients), int(hour.most))
        return together

    @classmethod
    def recounted(cls, day: LastDay, limits: Limits) -> "Breaker":
        """All sums from the entries of the last hour, as they were counted live."""
        found = cls()
        for entry, when in day.within(WINDOW_SECONDS):
            if entry.purpose and entry.outcome == _GRANTED:
                found._count(entry, limits, when)
        return found

    def _count(self, entry: Entry, limits: Limits, when: float) -> None:
        role = role_named(entry.role)
        if role is None or entry.action == _HISTORY:
            return
        soft = limits.of(entry.organisation, role).soft
        self.at_work(entry.organisation, entry.account, soft, when)
        if entry.action == _FIND:
            return
        others = {one.patient for one in entry.subjects if not one.relationship}
        self.opened(entry.organisation, others - {""}, when)

    def sum_of(self, organisation: int, now: float) -> tuple[int, int, int]:
        """Others in the last hour, what trips it, and how many people are at work."""
        hour = self._of(organisation)
        hour.forget_old(now)
        return len(hour.patients), int(hour.most), len(hour.people)

    def is_tripped(self, organisation: int, now: float) -> bool:
        return any(
            place in self._hours and self._hours[place].tripped_until >= now
            for place in (organisation, SITE)
        )
