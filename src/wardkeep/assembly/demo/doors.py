# SPDX-License-Identifier: Apache-2.0
"""Services of each organisation to which the other one sends people by message.

Fernhill has an emergency department with times; Larkspur goes to people's homes within
two hours, and has an ambulance desk, to which Fernhill's requests for an ambulance go.
Each has an id in the directory of services, of nobody else's.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from wardkeep.assembly.demo.chart.codes import Json
from wardkeep.assembly.demo.chart.sheet import entry_of
from wardkeep.assembly.demo.moments import instant
from wardkeep.assembly.demo.organisations import (
    FERNHILL,
    LARKSPUR,
    DemoOrganisation,
)
from wardkeep.assembly.demo.stable_ids import stable_id
from wardkeep.fhir.bars.codes import SERVICE_ID
from wardkeep.fhir.work.referral import TEAM

_EVERY, _FOR = timedelta(minutes=20), timedelta(hours=48)


class Door(msgspec.Struct, frozen=True, kw_only=True):
    """A service that takes people by message."""

    key: str
    name: str
    number: str
    """Its id in the directory of services; invented."""
    members: tuple[str, ...]
    """Keys of staff."""
    takes: tuple[str, ...]
    """Codes of dispositions."""
    books: bool = False
    validates: bool = True
    sends_ambulances: bool = False

    def id_at(self, organisation: DemoOrganisation) -> str:
        """Of its FHIR HealthcareService."""
        return stable_id(organisation.slug, TEAM, self.key)


_DOORS = {
    FERNHILL.slug: (
        Door(
            key="emergency-department",
            name="Fernhill emergency department",
            number="2000000111",
            members=("coordinator", "dr-kestrel"),
            takes=("emergency-department-1h", "emergency-department-validate"),
            books=True,
        ),
    ),
    LARKSPUR.slug: (
        Door(
            key="urgent-response",
            name="Larkspur urgent response at home",
            number="2000000222",
            members=("coordinator-north", "coordinator-south", "nurse"),
            takes=("visit-2h", "visit-6h", "ambulance-3-validate"),
        ),
        Door(
            key="ambulance-desk",
            name="Larkspur ambulance desk",
            number="2000000333",
            members=("coordinator-north", "coordinator-south", "nurse"),
            takes=("ambulance-1", "ambulance-2", "ambulance-3", "ambulance-4"),
            validates=False,
            sends_ambulances=True,
        ),
    ),
}


def doors_of(organisation: DemoOrganisation) -> tuple[Door, ...]:
    return _DOORS[organisation.slug]


def door_entries(organisation: DemoOrganisation, now: datetime) -> Iterator[Json]:
    """The services, and their times from now on where they have some."""
    for door in doors_of(organisation):
        yield from _entries(organisation, door, now)


def _entries(
    organisation: DemoOrganisation, door: Door, now: datetime
) -> Iterator[Json]:
    id_ = door.id_at(organisation)
    fields: Json = {
        "identifier": [{"system": SERVICE_ID, "value": door.number}],
        "active": True,
        "name": door.name,
    }
    yield entry_of(TEAM, id_, fields)
    if not door.books:
        return
    place = stable_id(organisation.slug, "Location", door.key)
    where: Json = {"status": "active", "name": "Front door, Fernhill"}
    yield entry_of("Location", place, where)
    schedule = stable_id(organisation.slug, "Schedule", door.key)
    actors = [
        {"reference": f"urn:uuid:{place}"},
        {"reference": f"urn:uuid:{id_}", "display": door.name},
    ]
    yield entry_of("Schedule", schedule, {"active": True, "actor": actors})
    starts, last = _first(now), now + _FOR
    while starts < last:
        slot: Json = {
            "schedule": {"reference": f"urn:uuid:{schedule}"},
            "status": "free",
            "start": instant(starts),
            "end": instant(starts + _EVERY),
        }
        named = f"{door.key} {starts:%Y-%m-%d %H:%M}"
        yield entry_of("Slot", stable_id(organisation.slug, "Slot", named), slot)
        starts += _EVERY


def _first(now: datetime) -> datetime:
    """The next full third of an hour."""
    begun = now.replace(minute=now.minute // 20 * 20, second=0, microsecond=0)
    return begun + _EVERY
