# SPDX-License-Identifier: Apache-2.0
"""Bookings by message: a slot is one appointment's, and whoever is second is told so.

Slots are never remembered: what is free is read in the moment, and a rule of the
database decides between two (`clinic.booking_one_a_slot`).
"""

from datetime import datetime
from typing import Any

from wardkeep.base.clock import from_microseconds
from wardkeep.base.ids import new_uuid
from wardkeep.fhir.bars.codes import Error, Reason
from wardkeep.fhir.bars.errors import Fault, answer_of
from wardkeep.fhir.bars.message import Message, named_message
from wardkeep.fhir.bars.rows import Arrivals, Time, brought
from wardkeep.fhir.bars.taking import Ground, new_patient
from wardkeep.fhir.bars.writing import (
    AGAIN,
    ATTEMPTS,
    NEW,
    Arriving,
    Done,
    Match,
    conflict,
    match,
    not_found,
    stored,
    write,
)
from wardkeep.fhir.clinics.resources import instant
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.rest.answer import Answer
from wardkeep.fhir.rest.store import Store
from wardkeep.fhir.search.references import target_of
from wardkeep.fhir.work.expects import when

Json = dict[str, Any]
TYPE = "Appointment"
_PLACE = "Bundle.entry.resource.ofType(Appointment)"
_OPEN = frozenset({"proposed", "pending", "booked"})
_TOLD = ("resourceType", "id", "status", "start", "end", "slot", "created")


class BookingDesk:
    """Books, and takes bookings back."""

    def __init__(self, store: Store, arrivals: Arrivals) -> None:
        self._store = store
        self._arrivals = arrivals

    async def take(self, arriving: Arriving) -> Done | Answer:
        if arriving.message.reason is not Reason.NEW:
            return await self._changed(arriving)
        for _ in range(ATTEMPTS):
            done = await self._new(arriving)
            if done is not AGAIN:
                return done
        return conflict("Others write of the same patient just now. Send it again.")

    async def _new(self, arriving: Arriving) -> Done | Answer:
        booked = await self._time(arriving)
        if isinstance(booked, Answer):
            return booked
        slot, time, places = booked
        whose = await match(arriving, self._store)
        if isinstance(whose, Answer):
            return whose
        made = _appointment(arriving, whose.patient, slot, time, places)
        contents = [(made, NEW)]
        if whose.is_new:
            ground = Ground(patient=whose.patient, team=Person(), now=arriving.now)
            contents.insert(0, (new_patient(arriving.message, ground), NEW))
        mark = brought(
            arriving.sender,
            TYPE,
            made["id"],
            patient=whose.patient,
            message=arriving.message.id,
        )
        wrong = await write(arriving, self._store, contents, whose=whose, beside=[mark])
        return Done(focus=_told(made)) if wrong is None else wrong

    async def _time(self, arriving: Arriving) -> tuple[str, Time, list[str]] | Answer:
        """The slot, when it is, and where: as it stands here, now."""
        id_ = _slot_of(arriving.message)
        found = await self._arrivals.slot(arriving.sender.organisation, id_)
        if found is None:
            return not_found("There is no such slot here.", f"{_PLACE}.slot")
        if found.status != "free" or found.starts < arriving.now:
            return conflict("This slot is not free.", f"{_PLACE}.slot")
        entry = arriving.message.one(TYPE)
        if entry is None or _moment(entry.content.get("start")) != found.starts:
            words = "The appointment begins at another time than its slot."
            fault = Fault(
                error=Error.UNPROCESSABLE,
                code="invariant",
                words=words,
                place=f"{_PLACE}.start",
            )
            return answer_of((fault,))
        schedule = await stored(arriving, self._store, "Schedule", found.schedule)
        if isinstance(schedule, Answer):
            return schedule
        said = schedule.content.get("actor", [])
        actors = [str(one.get("reference", "")) for one in said]
        kinds = ("Location/", "Practitioner/", "HealthcareService/")
        return id_, found, [one for one in actors if one.startswith(kinds)]

    async def _changed(self, arriving: Arriving) -> Done | Answer:
        """Cancelled, or moved to another slot; by whoever booked it alone."""
        entry = arriving.message.one(TYPE)
        id_ = str(entry.content.get("id", "")) if entry is not None else ""
        own = await self._arrivals.own(
            arriving.sender, TYPE, id_, message=named_message(entry)
        )
        if own is None:
            return not_found("No message of yours made such an appointment.", _PLACE)
        current = await stored(arriving, self._store, TYPE, own.id)
        if isinstance(current, Answer):
            return current
        if current.content.get("status") not in _OPEN:
            return conflict("The patient came, or it is over. Telephone.", _PLACE)
        made = {**current.content}
        if arriving.message.is_over:
            is_mistake = arriving.message.reason is Reason.DELETE
            made["status"] = "entered-in-error" if is_mistake else "cancelled"
            made["cancelationReason"] = {"text": arriving.session.display_name}
        else:
            booked = await self._time(arriving)
            if isinstance(booked, Answer):
                return booked
            slot, time, _ = booked
            made["start"], made["end"] = instant(time.starts), instant(time.ends)
            made["slot"] = [{"reference": f"Slot/{slot}"}]
        wrong = await write(
            arriving,
            self._store,
            [(made, current.version)],
            whose=Match(patient=own.patient),
        )
        return Done(focus=_told(made)) if wrong is None else wrong


def _slot_of(message: Message) -> str:
    """The id that the slot has here, as its sender was told when it searched."""
    entry = message.one("Slot")
    if entry is not None and isinstance(entry.content.get("id"), str):
        return str(entry.content["id"])
    appointment = message.one(TYPE)
    for one in appointment.content.get("slot", []) if appointment is not None else []:
        target = target_of(str(one.get("reference", "")))
        if target is not None and target[0] == "Slot":
            return target[1]
    return ""


def _appointment(
    arriving: Arriving, patient: str, slot: str, time: Time, places: list[str]
) -> Json:
    """Ours, in our words: of theirs no more than which slot it is.

    Clinical words are left with the referral, for a desk reads this one; and who booked
    it is said by the name that the operator gave them.
    """
    actors = [f"Patient/{patient}", *places]
    return {
        "resourceType": TYPE,
        "id": new_uuid(),
        "status": "booked",
        "description": f"Booked by {arriving.session.display_name}",
        "start": instant(time.starts),
        "end": instant(time.ends),
        "created": instant(arriving.now),
        "slot": [{"reference": f"Slot/{slot}"}],
        "participant": [
            {"actor": {"reference": one}, "status": "accepted"} for one in actors
        ],
    }


def _moment(said: object) -> datetime | None:
    span = when(said)
    return None if span is None else from_microseconds(span.low)


def _told(content: Json) -> Json:
    return {name: content[name] for name in _TOLD if name in content}
