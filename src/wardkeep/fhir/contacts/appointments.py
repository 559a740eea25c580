# SPDX-License-Identifier: Apache-2.0
"""The Appointments of a contact: the one that it was, and the one that comes next.

https://hl7.org/fhir/R4/appointment.html. Neither says why somebody is seen: they lie
with what a desk reads.
"""

from datetime import datetime, timedelta

import msgspec

from wardkeep.base.clock import from_microseconds
from wardkeep.fhir.contacts.codes import NEXT_WAYS
from wardkeep.fhir.model.person import Person, reference_to
from wardkeep.fhir.store.outcomes import OpenedResource
from wardkeep.fhir.tasks.to_do import instant_of
from wardkeep.fhir.work.expects import when
from wardkeep.fhir.work.home import ACT_CODES, HOME_HEALTH, any_is_home

TYPE = "Appointment"
OPEN = frozenset({"booked", "pending", "arrived"})
"""Whoever was checked in at a clinic is seen by its list."""
BOOKED, CANCELLED = "booked", "cancelled"
USUAL_MINUTES = 30
Content = dict[str, object]


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """An appointment that a contact may have been."""

    id: str
    words: str
    starts: datetime
    minutes: int
    status: str
    is_home: bool
    version: int


class _Appointment(msgspec.Struct, frozen=True, rename="camel"):
    status: str = ""
    description: str = ""
    start: str = ""
    end: str = ""
    minutes_duration: int = 0


def planned_in(stored: OpenedResource) -> Planned | None:
    """What an Appointment says; None where it does not say when."""
    try:
        found = msgspec.json.decode(stored.text, type=_Appointment)
        content = msgspec.json.decode(stored.text)
    except msgspec.DecodeError:
        return None
    starts, ends = when(found.start), when(found.end)
    if starts is None:
        return None
    begins = from_microseconds(starts.low)
    lasts = found.minutes_duration or USUAL_MINUTES
    if ends is not None:
        lasts = int((from_microseconds(ends.low) - begins).total_seconds() // 60)
    return Planned(
        id=stored.id,
        words=found.description or "Appointment",
        starts=begins,
        minutes=max(0, lasts),
        status=found.status,
        is_home=any_is_home(
            content, "serviceCategory", "serviceType", "appointmentType"
        ),
        version=stored.version,
    )


def with_outcome(content: Content, status: str, *, why: str) -> Content:
    """The same appointment once it is known what became of it."""
    changed = {**content, "status": status}
    changed.pop("cancelationReason", None)
    if status == CANCELLED:
        changed["cancelationReason"] = {"text": why}
    return changed


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """An appointment that is made with a contact."""

    way: str
    """One of `NEXT_WAYS`."""
    starts: datetime
    minutes: int


def next_appointment(
    one: Next, *, id_: str, patient: str, author: Person, made: datetime
) -> Content:
    """It as the content of a resource, with whoever makes it."""
    people = [{"reference": f"Patient/{patient}"}]
    if author.reference:
        people.append(reference_to(author))
    content: Content = {
        "resourceType": TYPE,
        "id": id_,
        "status": BOOKED,
        "description": NEXT_WAYS[one.way],
        "start": instant_of(one.starts),
        "end": instant_of(one.starts + timedelta(minutes=one.minutes)),
        "minutesDuration": one.minutes,
        "created": instant_of(made),
        "participant": [{"actor": who, "status": "accepted"} for who in people],
    }
    if one.way == "home":
        coding = {"system": ACT_CODES, "code": HOME_HEALTH, "display": "home health"}
        content["serviceType"] = [{"coding": [coding]}]
    return content
