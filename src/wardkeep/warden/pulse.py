# SPDX-License-Identifier: Apache-2.0
"""The day as a privacy officer sees it: openings by the hour, and unusual days.

Walks behind the openings (walk.py). An account's day is unusual where it opened many
more different patients than on its own days before; that accuses nobody.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from datetime import date
from statistics import median

import msgspec

from wardkeep.base.clock import LONDON, from_microseconds
from wardkeep.identity.roles import role_named
from wardkeep.ledger.entry import Entry, Subject
from wardkeep.warden.rules.opening import GLASS

HOURS = 24
HOUR = 3_600 * 1_000_000
"""In microseconds, as entries count time."""
FEWEST_DAYS = 5
"""Days of one's own that make a usual one."""
FEWEST_PATIENTS = 20
TIMES_USUAL = 3
MOST_UNUSUAL = 20
_DAYS_KEPT = 28
_GRANTED, _FIND, _HISTORY = "grant", "find", "history"
_PRINT, _COPY, _SEND = "print", "copy", "send"


class Hour(msgspec.Struct):
    """Patients opened within one hour, each time that somebody asked, and refusals."""

    explained: int = 0
    reasoned: int = 0
    glass: int = 0
    listed: int = 0
    refused: int = 0
    printed: int = 0
    copied: int = 0
    sent: int = 0
    """Of those opened, whose record went out."""

    @property
    def opened(self) -> int:
        return self.explained + self.reasoned + self.glass


class Unusual(msgspec.Struct, frozen=True):
    """An account's today beside its usual day, in different patients."""

    account: str
    role: str
    today: int
    usual: int


class _Days(msgspec.Struct):
    """An account's days, the oldest first; of the last one whom it met."""

    role: str
    day: date
    met: set[str] = msgspec.field(default_factory=set)
    before: OrderedDict[date, int] = msgspec.field(default_factory=OrderedDict)

    def turn_to(self, day: date) -> None:
        if day == self.day:
            return
        self.before[self.day] = len(self.met)
        while len(self.before) > _DAYS_KEPT:
            self.before.popitem(last=False)
        self.day, self.met = day, set()


class Pulse:
    """What every organisation opens."""

    def __init__(self) -> None:
        self._hours: dict[int, OrderedDict[int, Hour]] = {}
        self._days: dict[int, dict[str, _Days]] = {}
        self._asked: tuple[str, int, str, str] = ("", 0, "", "")
        self._named: set[str] = set()
        """Whom the question of the last entry named."""

    def passes(self, _position: int, entry: Entry) -> None:
        """Count an entry of a person of the organisation."""
        is_person = role_named(entry.role) is not None
        if not (is_person and entry.purpose) or entry.action == _HISTORY:
            return
        hour = self._hour(entry.organisation, entry.at // HOUR)
        if entry.outcome != _GRANTED:
            hour.refused += 1
            return
        for subject in self._people_in(entry):
            _count(hour, entry.action, subject.relationship)
            hour.printed += entry.action == _PRINT
            hour.copied += entry.action == _COPY
            hour.sent += entry.action == _SEND
        if entry.action != _FIND:
            self._meet(entry)

    def _people_in(self, entry: Entry) -> Iterator[Subject]:
        """Each person once, of whom a question may name several parts.

        A long record has several entries: they stand together, and are of one moment.
        """
        asked = (entry.session, entry.at, entry.action, entry.request)
        if asked != self._asked:
            self._asked, self._named = asked, set()
        for subject in entry.subjects:
            if subject.packed_patient and subject.patient not in self._named:
                self._named.add(subject.patient)
                yield subject

    def _hour(self, organisation: int, number: int) -> Hour:
        hours = self._hours.setdefault(organisation, OrderedDict())
        found = hours.get(number)
        if found is None:
            found = hours[number] = Hour()
            while len(hours) > HOURS + 1:
                hours.popitem(last=False)
        return found

    def _meet(self, entry: Entry) -> None:
        day = from_microseconds(entry.at).astimezone(LONDON).date()
        days = self._days.setdefault(entry.organisation, {})
        found = days.get(entry.account)
        if found is None:
            found = days[entry.account] = _Days(entry.role, day)
        found.turn_to(day)
        found.role = entry.role
        found.met.update(one.patient for one in entry.subjects if one.packed_patient)

    def hours(self, organisation: int, now: int) -> Sequence[tuple[int, Hour]]:
        """The last 24 hours, the newest first, each with when it began.

        Times in UTC microseconds since 1970.
        """
        known = self._hours.get(organisation, OrderedDict())
        last = now // HOUR
        numbers = range(last, last - HOURS, -1)
        return [(number * HOUR, known.get(number, Hour())) for number in numbers]

    def unusual(self, organisation: int, now: int) -> Sequence[Unusual]:
        """Accounts whose today is unlike their own days, the most unlike first."""
        today = from_microseconds(now).astimezone(LONDON).date()
        found = []
        for account, days in self._days.get(organisation, {}).items():
            met = len(days.met)
            is_known = days.day == today and len(days.before) >= FEWEST_DAYS
            if not is_known or met < FEWEST_PATIENTS:
                continue
            usual = round(median(days.before.values()))
            if met > TIMES_USUAL * usual:
                found.append(Unusual(account, days.role, met, usual))
        found.sort(key=lambda one: one.usual / one.today)
        return found[:MOST_UNUSUAL]


def _count(hour: Hour, action: str, relationship: str) -> None:
    if action == _FIND:
        hour.listed += 1
    elif relationship == GLASS:
        hour.glass += 1
    elif relationship:
        hour.explained += 1
    else:
        hour.reasoned += 1
