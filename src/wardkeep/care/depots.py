# SPDX-License-Identifier: Apache-2.0
"""Depot injections as other pages tell of them: in a record, on a list, on paper."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Protocol, TypeVar

import msgspec

from wardkeep.care.late import DueLine
from wardkeep.care.writing import content_of
from wardkeep.fhir.depots.codes import SYSTEM
from wardkeep.fhir.depots.due import Standing, Window, left_words
from wardkeep.fhir.depots.schedule import TYPE, Schedule, read_schedule
from wardkeep.fhir.store.outcomes import OpenedResource


class _Named(Protocol):
    """Whatever has an id."""

    @property
    def id(self) -> str: ...


M = TypeVar("M", bound=_Named)
TAGS = {
    Standing.OVERDUE: ("Overdue", "red"),
    Standing.PAST: ("Past its day", "orange"),
    Standing.OPEN: ("Can be given", "green"),
    Standing.AHEAD: ("", ""),
}
WORDS = "Depot injection"
_MARK = SYSTEM.encode()
"""What every schedule has in its text: the others of many are not read for it."""


class Depot(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule that goes on, as a record's pages show it."""

    id: str
    medicine: str
    dosage: str
    due: str
    """A FHIR date."""
    opens: str
    closes: str
    left: str
    tag: str
    colour: str
    last: str
    """When a dose was given last, a FHIR dateTime; empty: none yet."""
    place: str


def every_schedule_in(resources: Iterable[OpenedResource]) -> list[Schedule]:
    """Those that ended too, in no order."""
    read = (
        read_schedule(content_of(one.text))
        for one in resources
        if one.type == TYPE and _MARK in one.text
    )
    return [one for one in read if one is not None]


def schedules_in(resources: Iterable[OpenedResource]) -> list[Schedule]:
    """Those that go on, the soonest first."""
    found = [one for one in every_schedule_in(resources) if one.ended is None]
    return sorted(found, key=lambda one: (one.due, one.id))


def depots_in(resources: Iterable[OpenedResource], today: date) -> list[Depot]:
    """The same in words."""
    return [_depot(one, today) for one in schedules_in(resources)]


def beside(medicines: Iterable[M], depots: Iterable[Depot]) -> list[M]:
    """Medicines that do not stand among the depots already."""
    above = {one.id for one in depots}
    return [one for one in medicines if one.id not in above]


def _depot(one: Schedule, today: date) -> Depot:
    days, last = one.window, one.last_given
    tag, colour = TAGS[days.on(today)]
    return Depot(
        id=one.id,
        medicine=one.medicine,
        dosage=one.dosage,
        due=days.due.isoformat(),
        opens=days.opens.isoformat(),
        closes=days.closes.isoformat(),
        left=left_words(days.due, today),
        tag=tag,
        colour=colour,
        last="" if last is None else last.at.isoformat(timespec="seconds"),
        place=one.place.display,
    )


def due_lines_of(
    windows: Mapping[str, Sequence[Window]], patient: str, today: date
) -> tuple[DueLine, ...]:
    """What a list of people says: what is near or late, by days alone."""
    found = []
    for one in windows.get(patient, ()):
        standing = one.on(today)
        if one.is_near(today):
            words = f"{WORDS}, past its day" if standing is Standing.PAST else WORDS
            is_late = standing is Standing.OVERDUE
            found.append(DueLine(words, one.due.isoformat(), is_late=is_late))
    return tuple(found)
