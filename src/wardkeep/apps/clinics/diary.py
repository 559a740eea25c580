# SPDX-License-Identifier: Apache-2.0
"""A clinic's diary: a week's free times, to book somebody or to move an appointment.

Of two who book the same time one does; the other is offered the next free ones.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import msgspec
from starlette.responses import Response

from wardkeep.apps.clinics.gates import CLINIC
from wardkeep.apps.clinics.showing import clock
from wardkeep.apps.clinics.slots import free_slot
from wardkeep.base.clock import LONDON
from wardkeep.base.ids import is_fhir_id
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.clinics.clinic import Clinic
from wardkeep.fhir.clinics.diary import Wanted
from wardkeep.fhir.clinics.outcomes import Booked, FreeSlot, SlotTaken
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

_WEEKS = 26
_GONE = Trouble(
    status=409,
    title="That cannot be booked any more",
    why="The time has passed or was withdrawn, or the appointment has changed.",
    mend="Go back to the diary and choose another time.",
)

_NO_REASON = Trouble(
    status=422,
    title="It is not said why it is booked",
    why="A booking says in a few words why it is made, so nothing was booked.",
    mend="Go back and write a few words.",
)


class Day(msgspec.Struct, frozen=True):
    """A day of the week that is shown."""

    date: str
    booked: int
    free: tuple[tuple[str, str], ...]
    """(id of the slot, time)."""


@page("/clinics/{place}/diary", gate=CLINIC)
async def show_diary(visit: Visit) -> Response:
    return await _show(visit)


async def _show(visit: Visit, *, taken: SlotTaken | None = None) -> Response:
    clinic, opener, place = (
        visit.services[Clinic],
        opener_of(visit),
        visit.path("place"),
    )
    names = await clinic.places.names(opener=opener)
    if isinstance(names, Refusal):
        return visit.refuse(names)
    if place not in names:
        return visit.tell(NOT_FOUND)
    week = _week(visit)
    since = clinic.desk.today() + timedelta(days=7 * week)
    days = [since + timedelta(days=n) for n in range(7)]
    begins = datetime.combine(days[0], datetime.min.time(), LONDON)
    free = await clinic.diary.free(
        place,
        since=max(begins, visit.clock.now()),
        until=begins + timedelta(days=7),
        opener=opener,
    )
    if isinstance(free, Refusal):
        return visit.refuse(free)
    booked = await clinic.rows.booked_on(opener.organisation, place, days)
    return visit.render(
        "clinics/diary.html",
        status=409 if taken else 200,
        place=place,
        name=names[place],
        week=week,
        is_last=week >= _WEEKS,
        days=[_day(one, booked.get(one, 0), free) for one in days],
        move=_moved(visit),
        offered=_offered(taken.free if taken else ()),
        is_taken=taken is not None,
    )


def _week(visit: Visit) -> int:
    asked = visit.query("week")
    return min(int(asked), _WEEKS) if asked.isascii() and asked.isdigit() else 0


def _moved(visit: Visit) -> str:
    asked = visit.query("move")
    return asked if is_fhir_id(asked) else ""


def _day(day: date, booked: int, free: Sequence[FreeSlot]) -> Day:
    mine = [one for one in free if one.starts_at.astimezone(LONDON).date() == day]
    return Day(
        f"{day:%A %d %B}",
        booked,
        tuple((one.id, clock(one.starts_at)) for one in mine),
    )


def _offered(free: Sequence[FreeSlot]) -> list[tuple[str, str]]:
    return [
        (one.id, f"{one.starts_at.astimezone(LONDON):%a %d %b}, {clock(one.starts_at)}")
        for one in free
    ]


@page("/clinics/{place}/move", gate=CLINIC, methods=("POST",))
async def move_appointment(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    slot, moved = (
        await free_slot(visit, form.values.get("slot", "")),
        form.values.get("move", ""),
    )
    if slot is None or not is_fhir_id(moved):
        return visit.tell(_GONE)
    place = visit.path("place")
    done = await visit.services[Clinic].diary.move(
        moved, slot, place=place, opener=opener_of(visit)
    )
    if isinstance(done, Refusal):
        return visit.refuse(done, form)
    if isinstance(done, SlotTaken):
        return await _show(visit, taken=done)
    if not isinstance(done, Booked):
        return visit.tell(_GONE)
    return visit.go_to(f"/clinics/{place}?said=moved&of={moved}")


@page("/clinics/{place}/book", gate=CLINIC, methods=("POST",))
async def book_slot(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    slot = await free_slot(visit, form.values.get("slot", ""))
    patient, booking = form.values.get("patient", ""), form.values.get("booking", "")
    reason = form.text("reason", called="why it is booked", at_most=120)
    if slot is None or not (is_fhir_id(patient) and is_fhir_id(booking)):
        return visit.tell(_GONE)
    if form.problems:
        return visit.tell(_NO_REASON)
    place = visit.path("place")
    wanted = Wanted(
        id=booking, patient=patient, place=place, words="Clinic visit", slot=slot
    )
    done = await visit.services[Clinic].diary.book(
        wanted, opener=opener_of(visit, reason=reason)
    )
    if isinstance(done, Refusal):
        return visit.refuse(done, form)
    if isinstance(done, SlotTaken):
        return await _show(visit, taken=done)
    return visit.go_to(f"/clinics/{place}?said=booked&of={booking}")
