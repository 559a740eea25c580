# SPDX-License-Identifier: Apache-2.0
"""What a desk finds an appointment by: when, where, and whether it still holds.

https://hl7.org/fhir/R4/appointment.html and slot.html. An appointment without a place
(a visit at home, a call) is no clinic's, and what is sealed is nobody's list.
"""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from wardkeep.base.clock import LONDON, from_microseconds
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.search.references import target_of
from wardkeep.fhir.work.expects import Content, listed, status_of, when

STATUSES = frozenset(
    {
        *("proposed", "pending", "booked", "arrived", "fulfilled", "cancelled"),
        *("noshow", "entered-in-error", "checked-in", "waitlist"),
    }
)
OVER = "entered-in-error"
"""Of what was deleted, or says no longer when and where."""
USUAL_MINUTES = 15
_SLOT_STATUSES = frozenset({"busy", "free", "busy-unavailable", "busy-tentative", OVER})


class Booking(NamedTuple):
    """An appointment in a clinic."""

    place: str
    """The id of a Location."""
    day: date
    """In London."""
    starts_at: datetime
    ends_at: datetime
    status: str
    slot: str | None


class FreeTime(NamedTuple):
    """A slot of a schedule, free or not."""

    schedule: str
    starts_at: datetime
    ends_at: datetime
    status: str


def booking_of(resource: Resource) -> Booking | None:
    """What an Appointment says; None where it is in no clinic."""
    content = resource.content
    times = _times(content)
    place = _first(content, "participant", "actor", "Location")
    if times is None or place is None or status_of(content) not in STATUSES:
        return None
    starts, ends = times
    return Booking(
        place=place,
        day=starts.astimezone(LONDON).date(),
        starts_at=starts,
        ends_at=ends,
        status=status_of(content),
        slot=_slot(content),
    )


def free_time_of(resource: Resource) -> FreeTime | None:
    """What a Slot says; None where it does not say when."""
    content = resource.content
    times = _times(content)
    schedule = _named(content.get("schedule"), "Schedule")
    if times is None or schedule is None or status_of(content) not in _SLOT_STATUSES:
        return None
    return FreeTime(schedule, *times, status_of(content))


def _times(content: Content) -> tuple[datetime, datetime] | None:
    span = when(content.get("start"))
    if span is None:
        return None
    said = when(content.get("end"))
    try:
        starts = from_microseconds(span.low)
        ends = starts + timedelta(minutes=_minutes(content))
        return starts, max(starts, from_microseconds(said.low)) if said else ends
    except OverflowError:
        return None


def _minutes(content: Content) -> int:
    said = content.get("minutesDuration")
    return said if isinstance(said, int) and 0 < said < 24 * 60 else USUAL_MINUTES


def _first(content: Content, name: str, part: str, type_: str) -> str | None:
    found = (_named(one.get(part), type_) for one in listed(content, name))
    return next((one for one in found if one is not None), None)


def _slot(content: Content) -> str | None:
    found = (_named(one, "Slot") for one in listed(content, "slot"))
    return next((one for one in found if one is not None), None)


def _named(node: object, type_: str) -> str | None:
    said = node.get("reference") if isinstance(node, dict) else None
    target = target_of(said) if isinstance(said, str) else None
    return target[1] if target is not None and target[0] == type_ else None
