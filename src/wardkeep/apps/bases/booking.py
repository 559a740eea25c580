# SPDX-License-Identifier: Apache-2.0
"""A time at a treatment centre for a case that is to be seen: booked, moved, cancelled.

Done means: the free times stand there as they are at this moment, those before the
deadline first; one press books, and the case's place in the queue says so in the same
change. Of two who press one time, one has it and the other is told. What was pressed by
mistake is taken back, the Appointment with it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from starlette.responses import Response

from wardkeep.base.clock import LONDON
from wardkeep.base.ids import derived_uuid, is_fhir_id
from wardkeep.base.time_of_day import time_of_day
from wardkeep.care.centres import centres_of
from wardkeep.care.colleagues import mine_of
from wardkeep.care.of_patient import who_is_it
from wardkeep.care.opening import opener_of
from wardkeep.care.queue_case import (
    CHANGED,
    NO_SLOT,
    STAFF,
    Here,
    at_version,
    find,
    leads,
    organisation_of,
    path_of,
)
from wardkeep.care.queue_times import can_undo, undo_last, write_step
from wardkeep.care.queue_words import ABSENT, COLOURS, left_words, number_of
from wardkeep.care.stored import Json, stored
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.clinics.clinic import Clinic
from wardkeep.fhir.clinics.outcomes import FreeSlot
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent.booked import Booked
from wardkeep.fhir.urgent.clocks import WORDS as PACES, pace_of
from wardkeep.fhir.urgent.moving import BASE, Cannot, advance
from wardkeep.fhir.urgent.queueing import Did, Entry, entry_content
from wardkeep.fhir.urgent.steps import State, Step
from wardkeep.fhir.visits import appointments, centres
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

SAID = {
    Step.BOOK: ("The time is booked.", True),
    Step.UNBOOK: ("The time is cancelled. The case waits in its old place.", True),
    Step.UNDO: ("It is as it was before.", True),
    NO_SLOT: (
        "Somebody else has just booked that time. These are free now.",
        False,
    ),
    "gone": ("That time has passed or was withdrawn. These are free now.", False),
    CHANGED: (
        (
            "Somebody changed it just before you pressed, so nothing was done. This is"
            " how it stands now."
        ),
        False,
    ),
    "not-yours": (
        (
            "Somebody else has this case, so nothing was done. Ask them, or the shift"
            " lead."
        ),
        False,
    ),
    "came": (
        "The desk has had this appointment meanwhile, so nothing was done.",
        False,
    ),
    "too-late": (
        (
            "It can be taken back for 15 minutes, by whoever did it, and only what was"
            " done last. Nothing was done."
        ),
        False,
    ),
}
LOOK_ON = timedelta(hours=24)
"""How long after the deadline times are still shown: a time that is late is better than
none, and whoever books sees that it is late."""
MOST_TIMES = 36


class Time(msgspec.Struct, frozen=True):
    """A free time, as it is pressed."""

    slot: str
    at: datetime
    is_late: bool
    is_other_day: bool


class Centre(msgspec.Struct, frozen=True, kw_only=True):
    """A treatment centre and its free times."""

    id: str
    name: str
    times: tuple[Time, ...]


def _path(entry: str, said: str = "") -> str:
    path = f"/bases/book/{entry}"
    return f"{path}?said={said}" if said else path


@page("/bases/book/{entry}", gate=STAFF)
async def show_times(visit: Visit) -> Response:
    here = await find(visit, visit.path("entry"))
    if isinstance(here, Response):
        return here
    entry, now = here.entry, visit.clock.now()
    if entry.skill != BASE or not entry.is_open:
        return visit.go_to(path_of(entry.id))
    who = await who_is_it(visit, entry.patient)
    if isinstance(who, Response):
        return who
    found = await centres_of(visit)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    free = [await _free(visit, one, entry) for one in found]
    pace = pace_of(given=entry.given, due=entry.due, now=now)
    return visit.render(
        "bases/times.html",
        banner=who[0],
        entry=entry,
        version=here.version,
        number=number_of(entry.id),
        centres=free,
        **_standing(here, visit),
        pace_words=PACES[pace],
        colour=COLOURS[pace],
        left=left_words(entry.due, now),
        can_undo=can_undo(here, await _me(visit), visit),
        said=SAID.get(visit.query("said")),
    )


def _standing(here: Here, visit: Visit) -> dict[str, Any]:
    entry = here.entry
    is_booked = entry.state is State.BOOKED
    return {
        "is_booked": is_booked,
        "absent": ABSENT.get(here.row.attendance, "") if is_booked else "",
        "is_leads": leads(visit),
    }


async def _me(visit: Visit) -> Person:
    return (await mine_of(visit)).me


async def _free(visit: Visit, one: Person, entry: Entry) -> Centre:
    """Its free times as they are now: nothing is remembered from page to page."""
    now, id_ = visit.clock.now(), one.reference.partition("/")[2]
    until = max(entry.due, now) + LOOK_ON
    free = await visit.services[Clinic].diary.free(
        id_, since=now, until=until, opener=opener_of(visit)
    )
    today = now.astimezone(LONDON).date()
    times = () if isinstance(free, Refusal) else free[:MOST_TIMES]
    return Centre(
        id=id_,
        name=one.display,
        times=tuple(
            Time(
                slot=slot.id,
                at=slot.starts_at,
                is_late=slot.starts_at > entry.due,
                is_other_day=slot.starts_at.astimezone(LONDON).date() != today,
            )
            for slot in times
        ),
    )


@page("/bases/book/{entry}", gate=STAFF, methods=("POST",))
async def book(visit: Visit) -> Response:
    """Book a time, or another one in its place."""
    back = _path(visit.path("entry"))
    found = await at_version(visit, Step.BOOK, back=back)
    if isinstance(found, Response):
        return found
    here, form = found.here, found.form
    chosen = await _chosen(visit, form.values.get("slot", ""), form.values.get("at"))
    if not isinstance(chosen, tuple):
        return visit.go_to(_path(here.entry.id, "gone")) if chosen is None else chosen
    slot, centre = chosen
    appointment = await _appointment(visit, here, slot, centre)
    if isinstance(appointment, Response):
        return appointment
    booked = Booked(
        appointment=str(appointment[0]["id"]), where=centre, at=slot.starts_at
    )
    did = Did(
        step=Step.BOOK,
        at=visit.clock.now(),
        by=found.me,
        to=centre,
        words=_when(slot.starts_at),
    )
    after = advance(here.entry, did, leads=leads(visit), booked=booked)
    return await _store(visit, here, after, [appointment], Step.BOOK)


def _when(at: datetime) -> str:
    return f"{at.astimezone(LONDON):%a %d %b}, {time_of_day(at)}"


async def _chosen(
    visit: Visit, slot_id: str, place: str | None
) -> tuple[FreeSlot, Person] | Response | None:
    """A slot of one of the centres, as the database has it; None: it is gone."""
    if not (is_fhir_id(slot_id) and place and is_fhir_id(place)):
        return visit.tell(NOT_FOUND)
    known = await centres_of(visit)
    if isinstance(known, Refusal):
        return visit.refuse(known)
    wanted = f"{centres.TYPE}/{place}"
    centre = next((one for one in known if one.reference == wanted), None)
    if centre is None:
        return visit.tell(NOT_FOUND)
    clinic, opener = visit.services[Clinic], opener_of(visit)
    slot = await clinic.rows.slot(
        organisation_of(visit), slot_id, since=visit.clock.now()
    )
    schedules = await clinic.places.schedules(place, opener=opener)
    if isinstance(schedules, Refusal):
        return visit.refuse(schedules)
    if slot is None or slot.schedule not in schedules:
        return None
    return slot, centre


async def _appointment(
    visit: Visit, here: Here, slot: FreeSlot, centre: Person
) -> tuple[Json, int] | Response:
    """The Appointment to write: a new one, or the one there is at another time."""
    entry, place = here.entry, centre.reference.partition("/")[2]
    if entry.state is not State.BOOKED:
        return _new(visit, here, slot, place), 0
    was = await _booked(visit, entry)
    if isinstance(was, Response):
        return was
    if was[0].get("status") != appointments.BOOKED:
        # That somebody did not come stays so: this is another appointment.
        return _new(visit, here, slot, place), 0
    return appointments.moved(was[0], slot, place=place), was[1]


def _new(visit: Visit, here: Here, slot: FreeSlot, place: str) -> Json:
    """Pressed twice at one version it is one appointment."""
    id_ = derived_uuid("treatment-centre", here.entry.id, str(here.version))
    return appointments.at_centre(
        here.entry, slot, id_=id_, place=place, made=visit.clock.now()
    )


async def _booked(visit: Visit, entry: Entry) -> tuple[Json, int] | Response:
    """The Appointment that stands; where a desk has had it, the page says so."""
    was = await stored(
        visit, appointments.TYPE, entry.booked.appointment, patient=entry.patient
    )
    if isinstance(was, Response):
        return was
    if was.content.get("status") not in (appointments.BOOKED, "noshow", "cancelled"):
        return visit.go_to(_path(entry.id, "came"))
    return was.content, was.version


@page("/bases/book/{entry}/cancel", gate=STAFF, methods=("POST",))
async def cancel(visit: Visit) -> Response:
    """The case waits again, in its old place."""
    back = _path(visit.path("entry"))
    found = await at_version(visit, Step.UNBOOK, back=back)
    if isinstance(found, Response):
        return found
    entry = found.here.entry
    did = Did(step=Step.UNBOOK, at=visit.clock.now(), by=found.me)
    after = advance(entry, did, leads=leads(visit))
    if isinstance(after, Cannot):
        return visit.go_to(_path(entry.id, CHANGED))
    was = await _booked(visit, entry)
    if isinstance(was, Response):
        return was
    over = {**was[0], "status": appointments.CANCELLED}
    is_open = was[0].get("status") == appointments.BOOKED
    changed = [(over, was[1])] if is_open else []
    return await _store(visit, found.here, after, changed, Step.UNBOOK)


@page("/bases/book/{entry}/undo", gate=STAFF, methods=("POST",))
async def undo(visit: Visit) -> Response:
    return await undo_last(visit, to=_path)


async def _store(
    visit: Visit,
    here: Here,
    after: Entry | Cannot,
    changed: Sequence[tuple[Json, int]],
    step: Step,
) -> Response:
    if isinstance(after, Cannot):
        return visit.go_to(_path(here.entry.id, "not-yours"))
    task = (entry_content(after, here.content), here.version)
    return await write_step(visit, after, [*changed, task], step, to=_path)
