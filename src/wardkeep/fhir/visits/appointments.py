# SPDX-License-Identifier: Apache-2.0
"""The Appointments of urgent care: at a treatment centre, or in somebody's home.

https://hl7.org/fhir/R4/appointment.html. Both are based on what the call came to, and
say nothing clinical: a desk reads them. A visit to a home names whoever is in the car,
so that the door gives them the way in around its time, and nobody else.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from wardkeep.fhir.clinics.outcomes import FreeSlot
from wardkeep.fhir.clinics.resources import appointment, instant
from wardkeep.fhir.model.person import Person, reference_to
from wardkeep.fhir.urgent import outcome
from wardkeep.fhir.urgent.queueing import Entry
from wardkeep.fhir.visits.cars import Car
from wardkeep.fhir.work.expects import Content
from wardkeep.fhir.work.home import ACT_CODES, HOME_HEALTH

TYPE = "Appointment"
BOOKED, CANCELLED, FULFILLED = "booked", "cancelled", "fulfilled"
VISIT_TAKES = timedelta(minutes=60)
"""As long as the way in is given for, with half an hour before and an hour after."""
_CENTRE, _HOME = "Treatment centre", "Home visit"


def at_centre(
    entry: Entry, slot: FreeSlot, *, id_: str, place: str, made: datetime
) -> Content:
    """A time that is free, for this case; `place` is the id of a Location."""
    content = appointment(
        id_=id_,
        patient=entry.patient,
        place=place,
        starts=slot.starts_at,
        ends=slot.ends_at,
        words=_CENTRE,
        slot=slot.id,
        made=made,
    )
    return {**content, **_based_on(entry)}


def moved(content: Content, slot: FreeSlot, *, place: str) -> Content:
    """The same at another time, or in another centre."""
    actors = [
        f"Patient/{_patient_of(content)}",
        f"Location/{place}",
    ]
    return {
        **content,
        "status": BOOKED,
        "start": instant(slot.starts_at),
        "end": instant(slot.ends_at),
        "slot": [{"reference": f"Slot/{slot.id}"}],
        "participant": [
            {"actor": {"reference": one}, "status": "accepted"} for one in actors
        ],
    }


def at_home(
    entry: Entry, car: Car, *, id_: str, starts: datetime, made: datetime
) -> Content:
    """A visit by a car, expected at a time."""
    return {
        "resourceType": TYPE,
        "id": id_,
        "status": BOOKED,
        "serviceCategory": [
            {"coding": [{"system": ACT_CODES, "code": HOME_HEALTH}], "text": _HOME}
        ],
        "description": _HOME,
        "start": instant(starts),
        "end": instant(starts + VISIT_TAKES),
        "created": instant(made),
        "supportingInformation": [{"reference": car.reference, "display": car.name}],
        "participant": _crew(entry.patient, car.crew),
        **_based_on(entry),
    }


def sent_anew(content: Content, car: Car, *, starts: datetime) -> Content:
    """The same by another car, or at another time."""
    return {
        **content,
        "status": BOOKED,
        "start": instant(starts),
        "end": instant(starts + VISIT_TAKES),
        "supportingInformation": [{"reference": car.reference, "display": car.name}],
        "participant": _crew(_patient_of(content), car.crew),
    }


def _crew(patient: str, crew: Sequence[Person]) -> list[Content]:
    actors = [{"reference": f"Patient/{patient}"}, *map(reference_to, crew)]
    return [{"actor": one, "status": "accepted"} for one in actors]


def _based_on(entry: Entry) -> Content:
    if not entry.outcome:
        return {}
    return {"basedOn": [{"reference": f"{outcome.TYPE}/{entry.outcome}"}]}


def _patient_of(content: Content) -> str:
    said = [
        str(one.get("actor", {}).get("reference", ""))
        for one in content.get("participant", [])
    ]
    people = (one.partition("/")[2] for one in said if one.startswith("Patient/"))
    return next(people, "")
