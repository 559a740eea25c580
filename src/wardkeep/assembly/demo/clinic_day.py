# SPDX-License-Identifier: Apache-2.0
"""An outpatient day around the moment at which the demo is made.

Some were seen, some wait, some are still to come; and free times in the days after it.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from wardkeep.assembly.demo.chart.codes import Json
from wardkeep.assembly.demo.chart.sheet import entry_of
from wardkeep.assembly.demo.moments import instant, moment, weekday_on_or_after
from wardkeep.assembly.demo.organisations import DemoOrganisation
from wardkeep.assembly.demo.stable_ids import stable_id
from wardkeep.base.clock import LONDON

_STEP, _STEPS, _STRIDE = 5, 50, 37
_EARLIEST = -105
"""Minutes before the demo's start at which the first of the day was booked."""
_BEFORE, _AFTER = timedelta(hours=2), timedelta(hours=3)
_TODAYS_DAYS = 8
"""Whoever is booked this week or next comes today: a clinic needs people."""
_VISIT = timedelta(minutes=15)
_FREE_DAYS, _FREE_HOURS, _FREE_MINUTES = 5, (9, 10, 11, 14), (0, 30)


def middle_of(now: datetime) -> datetime:
    """The moment around which the day lies, so that all of it is on one date."""
    here = now.astimezone(LONDON)
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
    first, last = midnight + _BEFORE, midnight + timedelta(days=1) - _AFTER
    inside = min(max(here, first), last)
    return inside.replace(minute=inside.minute // 5 * 5, second=0, microsecond=0)


def brought_to_today(bundle: Json, nth: int, now: datetime) -> None:
    """Have the patient's clinic appointment of these days take place around now."""
    middle = middle_of(now)
    for booked in _clinic_appointments(bundle):
        starts = datetime.fromisoformat(booked["start"])
        if not 0 <= (starts.date() - middle.date()).days < _TODAYS_DAYS:
            continue
        minutes = _EARLIEST + nth * _STRIDE % _STEPS * _STEP
        starts = middle + timedelta(minutes=minutes)
        booked["start"], booked["end"] = instant(starts), instant(starts + _VISIT)
        booked["status"] = _status(minutes, nth)


def _clinic_appointments(bundle: Json) -> Iterator[Json]:
    for entry in bundle["entry"]:
        one = entry["resource"]
        if one["resourceType"] == "Appointment":
            actors = [part["actor"]["reference"] for part in one["participant"]]
            if any(actor.startswith("Location/") for actor in actors):
                yield one


def _status(minutes: int, nth: int) -> str:
    """Most came; one in nine did not, and one in seven is late."""
    if minutes < -45:  # noqa: PLR2004 - three quarters of an hour ago
        return "noshow" if nth % 9 == 0 else "fulfilled"
    if minutes <= 0:
        return "booked" if nth % 7 == 3 else "checked-in"  # noqa: PLR2004 - one in seven
    return "checked-in" if minutes <= 30 and nth % 2 else "booked"  # noqa: PLR2004 - half of the next


def free_times(organisation: DemoOrganisation, now: datetime) -> Iterator[Json]:
    """A schedule for each clinic, and its free times of the next working days."""
    for place in organisation.places:
        if place.kind == "clinic":
            schedule = stable_id(organisation.slug, "Schedule", place.key)
            where = f"urn:uuid:{organisation.place_id(place.key)}"
            fields: Json = {"active": True, "actor": [{"reference": where}]}
            yield entry_of("Schedule", schedule, fields)
            yield from _slots(organisation, place.key, schedule, now)


def _slots(
    organisation: DemoOrganisation, place: str, schedule: str, now: datetime
) -> Iterator[Json]:
    day = now.astimezone(LONDON).date()
    for _ in range(_FREE_DAYS):
        day = weekday_on_or_after(day + timedelta(days=1))
        for hour in _FREE_HOURS:
            for minute in _FREE_MINUTES:
                starts = moment(day, hour, minute)
                named = f"{place} {starts:%Y-%m-%d %H:%M}"
                fields: Json = {
                    "schedule": {"reference": f"urn:uuid:{schedule}"},
                    "status": "free",
                    "start": instant(starts),
                    "end": instant(starts + timedelta(minutes=30)),
                }
                yield entry_of(
                    "Slot", stable_id(organisation.slug, "Slot", named), fields
                )
