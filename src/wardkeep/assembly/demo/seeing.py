# SPDX-License-Identifier: Apache-2.0
"""Where people are seen on the demo's day: a treatment centre's times, and one car."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from wardkeep.assembly.demo.chart.codes import Json
from wardkeep.assembly.demo.chart.sheet import entry_of
from wardkeep.assembly.demo.organisations import DemoOrganisation
from wardkeep.assembly.demo.staff import staff_of
from wardkeep.assembly.demo.urgent_care import person_of
from wardkeep.base.ids import derived_uuid
from wardkeep.fhir.clinics.resources import instant
from wardkeep.fhir.visits import centres
from wardkeep.fhir.visits.cars import Car, car_content
from wardkeep.fhir.work.expects import Content

CENTRE, NAME = "moor-lane-treatment-centre", "Moor Lane treatment centre"
MEMBERS = frozenset({"reception-1", "reception-2", "advice-doctor", "shift-lead"})
_CREW = ("advice-nurse", "advice-doctor")
_SHIFT = timedelta(hours=10)
_VISIT = timedelta(minutes=15)


def seen_entries(organisation: DemoOrganisation, now: datetime) -> Iterator[Json]:
    """The centre with its free times, and the car of whoever visits."""
    if organisation.kind != "hospital":
        return
    yield entry_of("Location", CENTRE, _place())
    schedule = derived_uuid("demo-schedule", organisation.slug, CENTRE)
    actor = [{"reference": f"{centres.TYPE}/{CENTRE}"}]
    yield entry_of("Schedule", schedule, {"active": True, "actor": actor})
    first = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0) + _VISIT
    for nth in range(int(_SHIFT / _VISIT)):
        starts = first + nth * _VISIT
        fields: Json = {
            "schedule": {"reference": f"Schedule/{schedule}"},
            "status": "free",
            "start": instant(starts),
            "end": instant(starts + _VISIT),
        }
        named = derived_uuid(schedule, "slot", str(nth))
        yield entry_of("Slot", named, fields)
    car = dict(_car(organisation, now))
    yield entry_of(car.pop("resourceType"), car.pop("id"), car)


def _place() -> Json:
    coding = {"system": centres.SYSTEM, "code": centres.CODE}
    return {
        "status": "active",
        "name": NAME,
        "mode": "instance",
        "type": [{"coding": [coding], "text": "Treatment centre"}],
    }


def _car(organisation: DemoOrganisation, now: datetime) -> Content:
    crew = tuple(person_of(staff_of(organisation)[one]) for one in _CREW)
    return car_content(
        Car(
            id=derived_uuid("demo-car", organisation.slug),
            name="Car 1",
            area="The whole town",
            crew=crew,
            since=now,
            until=now + _SHIFT,
        )
    )
