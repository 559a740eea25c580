# SPDX-License-Identifier: Apache-2.0
"""Who visits whom at home, and when: one round of eight clients, two shifts a day."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import msgspec

from wardkeep.assembly.demo.chance import Chance
from wardkeep.assembly.demo.moments import moment
from wardkeep.assembly.demo.people import Person
from wardkeep.assembly.demo.staff import CLIENTS_A_ROUND, ROUNDS, carer_key

_MINUTES_BETWEEN_CLIENTS = 25
_VISIT_MINUTES = 20


class Slot(msgspec.Struct, frozen=True):
    """A time of day at which people are helped, and with what."""

    name: str
    hour: int
    minute: int
    shift: str
    help_given: str


MORNING = Slot("Morning", 7, 0, "early", "Help to wash and dress; breakfast")
MIDDAY = Slot("Midday", 11, 30, "early", "Lunch and a drink")
TEA = Slot("Tea", 15, 45, "late", "Tea; medicines from the tray")
BED = Slot("Bedtime", 19, 30, "late", "Help to undress and to bed")

_PACKAGES = ((MORNING,), (MORNING, TEA), (MORNING, MIDDAY, TEA))
_FULL_PACKAGE = (MORNING, MIDDAY, TEA, BED)


class HomeVisit(msgspec.Struct, frozen=True, kw_only=True):
    """One visit, planned or made."""

    slot: Slot
    carer: str
    """The key of the staff member."""
    starts: datetime
    ends: datetime


def round_of(person: Person) -> int:
    return person.position // CLIENTS_A_ROUND % ROUNDS


def area_of(person: Person) -> str:
    """The key of the area whose coordinator plans the visits."""
    return "north" if round_of(person) < ROUNDS // 2 else "south"


def package_of(person: Person) -> tuple[Slot, ...]:
    """The visits of a day that were agreed for this person."""
    drawn = Chance(person.organisation, person.position, "package").below(100)
    thresholds = (25, 60, 85)
    for threshold, package in zip(thresholds, _PACKAGES, strict=True):
        if drawn < threshold:
            return package
    return _FULL_PACKAGE


def visits_on(person: Person, day: date) -> Iterator[HomeVisit]:
    """Nobody is visited from the day of their death."""
    if person.died is not None and day >= person.died:
        return
    waiting = timedelta(
        minutes=person.position % CLIENTS_A_ROUND * _MINUTES_BETWEEN_CLIENTS
    )
    for slot in package_of(person):
        starts = moment(day, slot.hour, slot.minute) + waiting
        yield HomeVisit(
            slot=slot,
            carer=carer_key(round_of(person), slot.shift),
            starts=starts,
            ends=starts + timedelta(minutes=_VISIT_MINUTES),
        )
