# SPDX-License-Identifier: Apache-2.0
"""A clinic's diary: free times, booking one, moving it; and whoever walks in."""

from datetime import UTC, datetime, timedelta

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.clinics.outcomes import (
    Booked,
    FreeSlot,
    Line,
    NoSuchAppointment,
    NotSo,
    SlotTaken,
)
from wardkeep.fhir.clinics.places import Places
from wardkeep.fhir.clinics.resources import (
    appointment,
    content_of,
    draft,
    instant,
)
from wardkeep.fhir.clinics.rows import ClinicRows
from wardkeep.fhir.clinics.scribe import Scribe
from wardkeep.fhir.clinics.words import Standing
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.outcomes import (
    AlreadyThere,
    Conflict,
    Invalid,
    Opener,
    Written,
)
from wardkeep.fhir.store.taken import SLOT_TAKEN
from wardkeep.fhir.store.writing import Writer

OFFERED = 6
"""Free times that are offered in place of one that is taken."""
OFFERED_DAYS = 28
WALK_IN_MINUTES = 15


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A booking to be made."""

    id: str
    """Made beforehand: sent twice, it books once."""
    patient: str
    place: str
    words: str
    slot: FreeSlot | None = None
    """None: now, whoever walks in."""
    practitioner: str = ""


class BookingRefusedError(Exception):
    """The store takes no such appointment: our own fault."""


class Diary:
    """Books, moves, and lets people in who have no appointment."""

    def __init__(
        self,
        rows: ClinicRows,
        scribe: Scribe,
        writer: Writer,
        places: Places,
        *,
        clock: Clock,
    ) -> None:
        self._rows = rows
        self._scribe = scribe
        self._writer = writer
        self._places = places
        self._clock = clock

    async def free(
        self, place: str, *, since: datetime, until: datetime, opener: Opener
    ) -> tuple[FreeSlot, ...] | Refusal:
        """A clinic's free times, the earliest first."""
        schedules = await self._places.schedules(place, opener=opener)
        if isinstance(schedules, Refusal):
            return schedules
        return await self._rows.free(
            opener.organisation, schedules, since=since, until=until
        )

    async def book(
        self, wanted: Wanted, *, opener: Opener
    ) -> Booked | SlotTaken | Refusal:
        """Book a free time; a walk-in is booked for now."""
        now = self._clock.now()
        starts, ends = _times(wanted, now)
        made = appointment(
            id_=wanted.id,
            patient=wanted.patient,
            place=wanted.place,
            starts=starts,
            ends=ends,
            words=wanted.words,
            slot=wanted.slot.id if wanted.slot else "",
            practitioner=wanted.practitioner,
            made=now,
        )
        change = Change(drafts=[draft(made, wanted.id)], expected=[0])
        written = await self._writer.write(change, opener=opener)
        match written:
            case Refusal():
                return written
            case Written():
                return Booked(appointment=wanted.id, starts_at=starts)
            case Conflict():
                # The same form, sent again: it is booked, once.
                line = await self._rows.one(opener.organisation, wanted.id)
                return Booked(
                    appointment=wanted.id,
                    starts_at=line.starts_at if line else starts,
                )
            case Invalid(problems=(problem,)) if problem == SLOT_TAKEN:
                return await self._taken(wanted.place, starts, opener)
            case _:
                raise BookingRefusedError

    async def move(
        self, appointment_id: str, slot: FreeSlot, *, place: str, opener: Opener
    ) -> Booked | SlotTaken | NotSo | NoSuchAppointment | Refusal:
        """Book another time in place of the one that there is."""
        line = await self._rows.one(opener.organisation, appointment_id)
        if line is None:
            return NoSuchAppointment()
        if line.standing not in (Standing.EXPECTED, Standing.NO_SHOW):
            return NotSo(line=line)
        written = await self._moved(line, slot, opener)
        if isinstance(written, Invalid) and SLOT_TAKEN in written.problems:
            return await self._taken(place, slot.starts_at, opener)
        if isinstance(written, Written):
            return Booked(appointment=appointment_id, starts_at=slot.starts_at)
        if isinstance(written, Refusal):
            return written
        now = await self._rows.one(opener.organisation, appointment_id)
        return NotSo(line=now or line)

    async def _moved(
        self, line: Line, slot: FreeSlot, opener: Opener
    ) -> Written | Invalid | Conflict | AlreadyThere | Refusal | None:
        found = await self._scribe.appointments([line], opener)
        if isinstance(found, Refusal):
            return found
        if not found:
            return None
        content = content_of(found[0].text) | {
            "status": "booked",
            "start": instant(slot.starts_at),
            "end": instant(slot.ends_at),
            "slot": [{"reference": f"Slot/{slot.id}"}],
        }
        change = Change(
            drafts=[draft(content, line.appointment)], expected=[found[0].version]
        )
        return await self._writer.write(change, opener=opener)

    async def _taken(
        self, place: str, wanted: datetime, opener: Opener
    ) -> SlotTaken | Refusal:
        since = max(wanted, self._clock.now())
        until = since + timedelta(days=OFFERED_DAYS)
        free = await self.free(place, since=since, until=until, opener=opener)
        return free if isinstance(free, Refusal) else SlotTaken(free=free[:OFFERED])


def _times(wanted: Wanted, now: datetime) -> tuple[datetime, datetime]:
    if wanted.slot is not None:
        return wanted.slot.starts_at, wanted.slot.ends_at
    starts = now.astimezone(UTC).replace(second=0, microsecond=0)
    return starts, starts + timedelta(minutes=WALK_IN_MINUTES)
