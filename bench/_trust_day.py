# SPDX-License-Identifier: Apache-2.0
"""A day of a trust while it is made: what is written, who opens whom, who is where."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from bench._trust_people import Places, Worker, place_of
from wardkeep.assembly.demo.chance import Chance
from wardkeep.disclosure.purpose import Action

START = datetime(2026, 11, 23, tzinfo=UTC)
"""A Monday."""
ARCHIVE = 50_000
"""People whom the trust treated once and no more."""
LATE_MINUTES = 90
ACT_CODES = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
Json = dict[str, Any]
SHEET = ("Patient", "AllergyIntolerance", "Flag")
"""What a prescription or an envelope shows: no record."""


class Published(NamedTuple):
    """What a week supposes."""

    without_item_in_100: int
    """Of a hundred openings, those that have no item of work at all."""
    late_in_100: int
    """Of a hundred items, those that are written after the opening."""
    wrong_in_100_000: int = 500
    """Of searches that show several people, those in which a wrong one is taken; four
    times as often something is typed wrongly."""


class Written(NamedTuple):
    """A resource that is written at a moment."""

    at: datetime
    patient: str
    content: Json
    by: str = "program"


class Seated(NamedTuple):
    """Somebody is put into teams until then."""

    at: datetime
    account: str
    teams: tuple[str, ...]
    until: datetime


class Leaving(NamedTuple):
    """What is printed of a record that was opened, or goes along with a referral."""

    action: Action
    types: tuple[str, ...]


class Opening(NamedTuple):
    """Somebody opens a record."""

    at: datetime
    who: Worker
    patient: str
    label: str
    is_listed: bool = True
    """Whether they are on a list to choose from, and not searched for."""
    is_emergency: bool = False
    said: str = ""
    """The reason that the page itself gives: a call that is open is its own."""
    leaves: tuple[Leaving, ...] = ()


Happening = Written | Seated | Opening


class Day:
    """What happens, in no order, and what the makers of it share."""

    def __init__(self, published: Published, places: Places, archive: int) -> None:
        self.published = published
        self.places = places
        self.archive = archive
        self.chance = Chance("trust", *published)
        self.happenings: list[Happening] = []
        self.mates: dict[str, list[str]] = {}
        """Patients of a team."""
        self.is_listed = True
        """Whether the item made last was written before the opening."""
        self._number = 0

    def new(self, kind: str) -> str:
        self._number += 1
        return f"{kind}-{self._number}"

    def anybody(self) -> str:
        """Somebody known here: from the archive, or of a team in the community."""
        if self.chance.happens(50):
            return f"x-{self.chance.below(self.archive)}"
        team = self.chance.below(self.places.community)
        return self.chance.pick(self.mates[f"community-{team}"])

    def written(
        self, at: datetime, patient: str, content: Json, by: str = "program"
    ) -> Written:
        return Written(at, patient, {"id": self.new("i"), **content}, by)

    def write(
        self, at: datetime, patient: str, content: Json, by: str = "program"
    ) -> None:
        self.happenings.append(self.written(at, patient, content, by))

    def when(self, at: datetime) -> datetime:
        """When an item is written that somebody opens a record for at `at`."""
        minutes = self.chance.below(2 * LATE_MINUTES)
        is_late = self.chance.happens(self.published.late_in_100)
        self.is_listed = not is_late
        return at + timedelta(minutes=minutes if is_late else -10 - 4 * minutes)

    def item(self, at: datetime, content: Json, patient: str) -> str:
        written = self.when(at)
        content.setdefault("authoredOn", written.isoformat())
        self.write(written, patient, content)
        return patient


# What is written


def episode(team: str, manager: str = "", *, ended: datetime | None = None) -> Json:
    period = {"start": (START - timedelta(days=200)).isoformat()}
    if ended is not None:
        period["end"] = ended.isoformat()
    content: Json = {
        "resourceType": "EpisodeOfCare",
        "status": "active" if ended is None else "finished",
        "period": period,
        "team": [{"reference": place_of(team)}],
    }
    if manager:
        content["careManager"] = {"reference": manager}
    return content


def stay(
    place: str, patient: str, began: datetime, *, ended: datetime | None = None
) -> Json:
    period = {"start": began.isoformat()}
    if ended is not None:
        period["end"] = ended.isoformat()
    return {
        "resourceType": "Encounter",
        "id": f"stay-{patient}",
        "status": "in-progress" if ended is None else "finished",
        "class": {"system": ACT_CODES, "code": "IMP"},
        "period": period,
        "location": [{"location": {"reference": place_of(place)}}],
    }


def contact(class_: str, at: datetime, who: str = "", place: str = "") -> Json:
    """A call, a note of a contact, an attendance."""
    content: Json = {
        "resourceType": "Encounter",
        "status": "in-progress" if place else "finished",
        "class": {"system": ACT_CODES, "code": class_},
        "period": {"start": at.isoformat()},
    }
    if who:
        content["period"]["end"] = at.isoformat()
        content["participant"] = [{"individual": {"reference": who}}]
    if place:
        content["location"] = [{"location": {"reference": place_of(place)}}]
    return content


def appointment(starts: datetime, *who: str, is_at_home: bool = False) -> Json:
    content: Json = {
        "resourceType": "Appointment",
        "status": "booked",
        "start": starts.isoformat(),
        "minutesDuration": 45,
        "participant": [
            {"actor": {"reference": one}, "status": "accepted"} for one in who
        ],
    }
    if is_at_home:
        coding = [{"system": ACT_CODES, "code": "HH"}]
        content["serviceType"] = [{"coding": coding}]
    return content


def referral(performer: str) -> Json:
    return {
        "resourceType": "ServiceRequest",
        "status": "active",
        "performer": [{"reference": performer}],
    }


def task(owner: str) -> Json:
    return {
        "resourceType": "Task",
        "status": "requested",
        "owner": {"reference": owner},
    }


def entry(place: str, at: datetime) -> Json:
    """A call that waits in an urgent care queue."""
    code = {"coding": [{"system": "urn:wardkeep:task", "code": "urgent-care"}]}
    return {
        "resourceType": "Task",
        "status": "requested",
        "code": code,
        "authoredOn": at.isoformat(),
        "location": {"reference": place_of(place)},
    }


def report(issued: datetime, interpreter: str) -> Json:
    return {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "issued": issued.isoformat(),
        "resultsInterpreter": [{"reference": interpreter}],
    }
