# SPDX-License-Identifier: Apache-2.0
"""What is done with a home visit: given to a car, moved in its list, driven, visited.

Each press carries the version that it was drawn beside. Of two dispatchers who press,
the database takes the first, and the second reads how it stands now.
"""

from datetime import UTC, datetime, time, timedelta

from starlette.responses import Response

from wardkeep.apps.home_visits.one import ACTS, LONGEST_NOTE, visit_path
from wardkeep.apps.home_visits.opening import (
    HOME,
    in_turn,
    line_of,
    on_shift,
    visits_now,
)
from wardkeep.base.clock import LONDON
from wardkeep.base.ids import derived_uuid
from wardkeep.base.time_of_day import comes_twice, time_of_day
from wardkeep.care.colleagues import mine_of
from wardkeep.care.crews import cars_of, is_crew_of
from wardkeep.care.of_patient import whole_number
from wardkeep.care.queue_case import (
    CHANGED,
    DONE,
    LEADS,
    NOBODY_YET,
    STAFF,
    Here,
    Pressed,
    at_version,
    find,
    leads,
    write,
)
from wardkeep.care.queue_times import undo_last, write_step
from wardkeep.care.stored import Json, stored
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent.booked import Booked
from wardkeep.fhir.urgent.moving import NOT_YOURS, Cannot, advance
from wardkeep.fhir.urgent.queueing import Did, Entry, entry_content
from wardkeep.fhir.urgent.steps import State, Step
from wardkeep.fhir.visits import appointments, turns
from wardkeep.fhir.visits.cars import Car
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

_TIME_DIGITS = 5
_BACK = timedelta(hours=2)
"""A time of day that is further past than this is tomorrow's."""
_STATUS = {
    Step.RECALL: appointments.CANCELLED,
    Step.LEAVE: appointments.FULFILLED,
}
_PLANNED = frozenset({State.BOOKED, State.ON_THE_WAY, State.ARRIVED})
"""An Appointment stands: it is sent anew, and not a second one."""
EARLIER, LATER = "earlier", "later"


@page(f"{HOME}/visits/{{entry}}/send", gate=LEADS, methods=("POST",))
async def send(visit: Visit) -> Response:
    """Give it to a car, expected at a time; once more, to another, or later."""
    found = await at_version(visit, Step.SEND, back=visit_path(visit.path("entry")))
    if isinstance(found, Response):
        return found
    entry, now = found.here.entry, visit.clock.now()
    known = await cars_of(visit)
    if isinstance(known, Refusal):
        return visit.refuse(known)
    wanted = found.form.values.get("car", "")
    car = next((one for one in on_shift(known, now) if one.id == wanted), None)
    if car is None:
        return visit.go_to(visit_path(entry.id, "no-car"))
    starts = expected_at(found.form.values.get("expected", ""), now)
    if starts is None:
        return visit.go_to(visit_path(entry.id, "no-time"))
    appointment = await _appointment(visit, found, car, starts)
    if isinstance(appointment, Response):
        return appointment
    booked = Booked(
        appointment=str(appointment[0]["id"]),
        where=car_as_person(car),
        at=starts,
        turn=await _turn(visit, entry, car),
    )
    did = Did(
        step=Step.SEND,
        at=now,
        by=found.me,
        to=car.crew[0],
        words=f"{car.name}, expected {time_of_day(starts)}",
    )
    after = advance(entry, did, leads=True, booked=booked)
    if isinstance(after, Cannot):
        return _told(visit, entry, after)
    task = (entry_content(after, found.here.content), found.here.version)
    return await write_step(visit, after, [appointment, task], Step.SEND, to=visit_path)


def car_as_person(car: Car) -> Person:
    return Person(car.reference, car.name)


def expected_at(typed: str, now: datetime) -> datetime | None:
    """A time of day in London, today's or tomorrow's; None: it is none.

    Of one that comes twice it is the first, until that is over.
    """
    if len(typed) > _TIME_DIGITS:
        return None
    try:
        at = time.fromisoformat(typed)
    except ValueError:
        return None
    local = now.astimezone(LONDON)
    found = datetime.combine(local.date(), at, LONDON)
    if found < local - _BACK:
        found = datetime.combine(local.date() + timedelta(days=1), at, LONDON)
    if comes_twice(found) and found.astimezone(UTC) < now:
        found = found.replace(fold=1)
    return found.astimezone(UTC)


async def _turn(visit: Visit, entry: Entry, car: Car) -> int:
    """At the end of the list; where the same car has it, where it is."""
    if entry.booked.where.reference == car.reference and entry.booked.turn:
        return entry.booked.turn
    here = [one.turn for one in await visits_now(visit) if one.place == car.reference]
    return turns.last(here)


async def _appointment(
    visit: Visit, found: Pressed, car: Car, starts: datetime
) -> tuple[Json, int] | Response:
    entry = found.here.entry
    if entry.state in _PLANNED:
        was = await _standing(visit, entry)
        if isinstance(was, Response):
            return was
        return appointments.sent_anew(was[0], car, starts=starts), was[1]
    # Pressed twice at one version it is one appointment.
    id_ = derived_uuid("home-visit", entry.id, str(found.here.version))
    now = visit.clock.now()
    return appointments.at_home(entry, car, id_=id_, starts=starts, made=now), 0


async def _standing(visit: Visit, entry: Entry) -> tuple[Json, int] | Response:
    was = await stored(
        visit, appointments.TYPE, entry.booked.appointment, patient=entry.patient
    )
    return was if isinstance(was, Response) else (was.content, was.version)


@page(f"{HOME}/visits/{{entry}}/recall", gate=LEADS, methods=("POST",))
async def recall(visit: Visit) -> Response:
    """Off the car's list: it waits again, in its old place."""
    found = await at_version(visit, Step.RECALL, back=visit_path(visit.path("entry")))
    if isinstance(found, Response):
        return found
    did = Did(step=Step.RECALL, at=visit.clock.now(), by=found.me)
    after = advance(found.here.entry, did, leads=True)
    if isinstance(after, Cannot):
        return _told(visit, found.here.entry, after)
    changed = await changes_of(visit, found.here, after, Step.RECALL)
    if isinstance(changed, Response):
        return changed
    return await write_step(visit, after, changed, Step.RECALL, to=visit_path)


@page(f"{HOME}/visits/{{entry}}/turn/{{way}}", gate=LEADS, methods=("POST",))
async def turn(visit: Visit) -> Response:
    """One place sooner or later on its car's list.

    Pressed on the board, which shows no versions: it carries the turn that was seen, so
    that of two who press the second reads how it stands now.
    """
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    way, here = visit.path("way"), await find(visit, visit.path("entry"))
    if isinstance(here, Response):
        return here
    me = (await mine_of(visit)).me
    if way not in (EARLIER, LATER) or not me.reference:
        return visit.tell(NOBODY_YET if not me.reference else NOT_FOUND)
    if whole_number(form.values.get("turn", "")) != here.entry.booked.turn:
        return visit.go_to(f"{HOME}?said={CHANGED}")
    moved = await _moved(visit, here.entry, way)
    if moved is None:
        return visit.go_to(f"{HOME}?said=no-room")
    did = Did(step=Step.TURN, at=visit.clock.now(), by=me, words=way.capitalize())
    after = advance(here.entry, did, leads=True, booked=Booked(turn=moved))
    done: str | Response = CHANGED
    if isinstance(after, Entry):
        changed = [(entry_content(after, here.content), here.version)]
        done = await write(visit, changed, patient=after.patient)
    if isinstance(done, Response):
        return done
    return visit.go_to(f"{HOME}?said={Step.TURN if done == DONE else done}")


async def _moved(visit: Visit, entry: Entry, way: str) -> int | None:
    """Its number one place on; None: it is the first or last, or on no list."""
    now = visit.clock.now()
    listed = in_turn(
        line_of(one, now)
        for one in await visits_now(visit)
        if one.place == entry.booked.where.reference and one.state == State.BOOKED
    )
    numbers = [one.turn for one in listed]
    nth = next((n for n, it in enumerate(listed) if it.entry == entry.id), -1)
    return (turns.earlier if way == EARLIER else turns.later)(numbers, nth)


@page(f"{HOME}/visits/{{entry}}/do/{{step}}", gate=STAFF, methods=("POST",))
async def act(visit: Visit) -> Response:
    """What the crew does: set off, arrived, all is well, left; or writes down."""
    said = visit.path("step")
    step = next((one for one in (*ACTS, Step.NOTE) if one == said), None)
    if step is None:
        return visit.tell(NOT_FOUND)
    found = await at_version(visit, step, back=visit_path(visit.path("entry")))
    if isinstance(found, Response):
        return found
    words = ""
    if step is Step.NOTE:
        words = found.form.values.get("words", "").strip()[:LONGEST_NOTE]
        if not words:
            return visit.go_to(visit_path(found.here.entry.id, "no-words"))
    did = Did(step=step, at=visit.clock.now(), by=found.me, words=words)
    is_crew = await is_crew_of(visit, found.here.entry, found.me)
    after = advance(found.here.entry, did, leads=leads(visit), is_crew=is_crew)
    if isinstance(after, Cannot):
        return _told(visit, found.here.entry, after)
    changed = await changes_of(visit, found.here, after, step)
    if isinstance(changed, Response):
        return changed
    return await write_step(visit, after, changed, step, to=visit_path)


async def changes_of(
    visit: Visit, here: Here, after: Entry, step: Step
) -> list[tuple[Json, int]] | Response:
    """What is written with a step; the Appointment says too that it is over."""
    task = (entry_content(after, here.content), here.version)
    status = _STATUS.get(step)
    if status is None:
        return [task]
    was = await _standing(visit, here.entry)
    if isinstance(was, Response):
        return was
    return [({**was[0], "status": status}, was[1]), task]


@page(f"{HOME}/visits/{{entry}}/undo", gate=STAFF, methods=("POST",))
async def undo(visit: Visit) -> Response:
    return await undo_last(visit, to=visit_path)


def _told(visit: Visit, entry: Entry, cannot: Cannot) -> Response:
    said = "not-yours" if cannot == NOT_YOURS else CHANGED
    return visit.go_to(visit_path(entry.id, said))
