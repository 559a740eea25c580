# SPDX-License-Identifier: Apache-2.0
"""Free times as a partner tells them: read from its answer, and handed on in a form."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec

from wardkeep.base.clock import from_microseconds
from wardkeep.base.ids import is_fhir_id
from wardkeep.fhir.work.expects import when

Json = dict[str, Any]
MOST = 12
"""As many as somebody reads out on the telephone; the first ones."""
_BETWEEN = "|"
_PARTS = 4


class FreeTime(msgspec.Struct, frozen=True, kw_only=True):
    """One slot of somebody else's, free when they were asked."""

    slot: str
    """Its id there."""
    schedule: str
    start: datetime
    end: datetime
    where: str = ""

    @property
    def value(self) -> str:
        """As a form says it."""
        times = (self.start.isoformat(), self.end.isoformat())
        return _BETWEEN.join((self.slot, self.schedule, *times))


def time_in(value: str) -> FreeTime | None:
    """Undo `value`; None where it is none."""
    parts = value.split(_BETWEEN)
    if len(parts) != _PARTS or not is_fhir_id(parts[0]):
        return None
    return _time(parts[0], parts[1], parts[2], parts[3])


def _time(
    slot: str, schedule: str, start: object, end: object, where: str = ""
) -> FreeTime | None:
    first, last = when(start), when(end)
    if first is None or last is None or first.low >= last.low:
        return None
    if schedule and not is_fhir_id(schedule):
        return None
    return FreeTime(
        slot=slot,
        schedule=schedule,
        start=from_microseconds(first.low),
        end=from_microseconds(last.low),
        where=where,
    )


def times_in(answer: Json, *, now: datetime) -> tuple[FreeTime, ...]:
    """Of a searchset of Slots, with their Schedules where they came along."""
    entries = answer.get("entry")
    resources = [
        one["resource"]
        for one in (entries if isinstance(entries, list) else [])
        if isinstance(one, dict) and isinstance(one.get("resource"), dict)
    ]
    places = dict(_places(resources))
    found = [
        time
        for one in resources
        if one.get("resourceType") == "Slot" and one.get("status") == "free"
        for time in [_read(one, places)]
        if time is not None and time.start > now
    ]
    return tuple(sorted(found, key=lambda one: (one.start, one.slot))[:MOST])


def _read(slot: Json, places: dict[str, str]) -> FreeTime | None:
    id_, said = slot.get("id"), slot.get("schedule")
    if not isinstance(id_, str) or not is_fhir_id(id_):
        return None
    reference = said.get("reference", "") if isinstance(said, dict) else ""
    schedule = str(reference).rpartition("/")[2]
    where = places.get(schedule, "")
    return _time(id_, schedule, slot.get("start"), slot.get("end"), where)


def _places(resources: Iterable[Json]) -> Iterator[tuple[str, str]]:
    """By a Schedule's id, what its place is called."""
    found = list(resources)
    named = {
        f"Location/{one.get('id')}": one["name"]
        for one in found
        if one.get("resourceType") == "Location" and isinstance(one.get("name"), str)
    }
    for one in found:
        if one.get("resourceType") != "Schedule" or not isinstance(one.get("id"), str):
            continue
        actors = one.get("actor")
        said = actors if isinstance(actors, list) else []
        for actor in filter(lambda one: isinstance(one, dict), said):
            words = named.get(_end(actor.get("reference"))) or actor.get("display")
            if isinstance(words, str):
                yield one["id"], words[:120]
                break


def _end(reference: object) -> str:
    """Its type and id, without a server's address."""
    parts = str(reference).split("/")
    return "/".join(parts[-2:])
