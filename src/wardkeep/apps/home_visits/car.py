# SPDX-License-Identifier: Apache-2.0
"""Cars of this shift: who is in which, where it drives, and until when.

Done means: a car is there with a name, its clinician and its hours; whoever changes it
changes it for everybody who dispatches. With another crew its visits follow, all of
them or none, so that nobody drives to a home whose way in is somebody else's.
"""

from datetime import datetime, timedelta

from starlette.responses import Response

from wardkeep.apps.home_visits.opening import HOME, SAID, visits_now
from wardkeep.base.ids import is_fhir_id, new_uuid
from wardkeep.care.asked import options
from wardkeep.care.colleagues import colleagues, mine_of
from wardkeep.care.crews import cars_of
from wardkeep.care.of_patient import CHANGED, whole_number
from wardkeep.care.opening import opener_of
from wardkeep.care.queue_case import LEADS, NOBODY_YET, find
from wardkeep.care.stored import Json, stored
from wardkeep.care.writing import NOT_SAVED, drafted, drafted_anew
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.outcomes import Conflict, Written
from wardkeep.fhir.store.writing import Writer
from wardkeep.fhir.urgent.moving import NOT_NOW, Cannot, advance
from wardkeep.fhir.urgent.queueing import Did, entry_content
from wardkeep.fhir.urgent.steps import State, Step
from wardkeep.fhir.visits import appointments
from wardkeep.fhir.visits.cars import Car, car_content
from wardkeep.ui.format import show_moment
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

CARS = f"{HOME}/cars"
_HOURS = ("4", "6", "8", "10", "12")
_NEW, _AS_IT_IS = "new", "as-it-is"
_NAME, _AREA = 40, 80
_BUSY, _BUSY_STATUS = "crew-busy", 409
RUNG = "rung"
FIELDS = ("name", "area", "first", "second", "hours")
Known = list[tuple[Car, int]]
Changes = list[tuple[Json, int]]
"""Content, with the version in whose place it is written."""


@page(CARS, gate=LEADS)
async def show_cars(visit: Visit) -> Response:
    known = await cars_of(visit)
    if isinstance(known, Refusal):
        return visit.refuse(known)
    now = visit.clock.now()
    return visit.render(
        "home_visits/cars.html",
        on_shift=[car for car, _ in known if car.is_on_shift(now)],
        others=[car for car, _ in known if not car.is_on_shift(now)],
        said=SAID.get(visit.query("said")),
    )


@page(f"{CARS}/{{car}}", gate=LEADS)
async def edit_car(visit: Visit) -> Response:
    found = await _find(visit)
    if isinstance(found, Response):
        return found
    return await _show(visit, *found, Form({}))


async def _find(visit: Visit) -> tuple[Car | None, int] | Response:
    """The car in the address; None: it is to be made."""
    wanted = visit.path("car")
    if wanted == _NEW:
        return None, 0
    known = await cars_of(visit)
    if isinstance(known, Refusal):
        return visit.refuse(known)
    found = next((one for one in known if one[0].id == wanted), None)
    return found if found is not None else visit.tell(NOT_FOUND)


async def _show(
    visit: Visit, car: Car | None, version: int, form: Form, said: str = ""
) -> Response:
    problems = tuple(form.problems.values())
    has_visits = car is not None and any(
        one.place == car.reference for one in await visits_now(visit)
    )
    status = _BUSY_STATUS if said else 200
    crew = [one.reference for one in car.crew] if car else []
    hours = _until(visit, car)
    was = {
        "name": car.name if car else "",
        "area": car.area if car else "",
        "first": crew[0] if crew else "",
        "second": crew[1] if len(crew) > 1 else "",
        "hours": _AS_IT_IS if len(hours) > len(_HOURS) else "8",
    }
    return visit.render(
        "home_visits/car.html",
        status=422 if problems else status,
        car=car,
        has_visits=has_visits,
        has_rung=form.values.get(RUNG) == "yes",
        id=form.values.get("id", "") or (car.id if car else new_uuid()),
        version=version,
        values={name: form.values.get(name, was[name]) for name in FIELDS},
        people=[("", "Choose"), *options(await colleagues(visit))],
        hours=hours,
        problems=problems,
        said=SAID.get(said or visit.query("said")),
    )


def _until(visit: Visit, car: Car | None) -> list[tuple[str, str]]:
    """Until when it drives; of one on shift first as it is.

    So nobody who changes a crew moves the end of its shift without knowing.
    """
    hours = [(one, f"{one} hours from now") for one in _HOURS]
    if car is not None and car.until is not None and car.is_on_shift(visit.clock.now()):
        words = f"As it is, until {show_moment(car.until.isoformat())}"
        return [(_AS_IT_IS, words), *hours]
    return hours


@page(f"{CARS}/{{car}}", gate=LEADS, methods=("POST",))
async def keep_car(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await _find(visit)
    if isinstance(found, Response):
        return found
    was, version = found
    id_ = was.id if was else form.values.get("id", "")
    if not is_fhir_id(id_):
        return visit.tell(NOT_FOUND)
    if whole_number(form.values.get("version", "")) != version:
        return visit.tell(CHANGED)
    car = await _typed(visit, form, id_, was)
    if form.problems:
        return await _show(visit, was, version, form)
    return await _keep(visit, form, was, version, car)


async def _keep(
    visit: Visit, form: Form, was: Car | None, version: int, car: Car
) -> Response:
    """The car, and with another crew its visits; what was typed is lost by nothing."""
    followed = await _followed(visit, was, car)
    if isinstance(followed, Response):
        return followed
    if isinstance(followed, Cannot):
        return await _show(visit, was, version, form, _BUSY)
    if followed and form.values.get(RUNG) != "yes":
        form.reject(
            RUNG,
            wrong="Say that you have rung the crew that has its visits now",
            mend="What they pressed or wrote where there is no signal comes in no more"
            " once the visits are others’.",
        )
        return await _show(visit, was, version, form)
    done = await _store(
        visit, car, version, "followed" if followed else "kept", followed
    )
    return done or await _show(visit, was, version, form, _BUSY)


async def _followed(
    visit: Visit, was: Car | None, car: Car
) -> Changes | Cannot | Response:
    """What is written with another crew: all visits of the car, or nothing.

    Whoever is in a home stays who it is: they are looked after by what they say.
    """
    if was is None or [one.reference for one in was.crew] == [
        one.reference for one in car.crew
    ]:
        return []
    me = (await mine_of(visit)).me
    if not me.reference:
        return visit.tell(NOBODY_YET)
    changed: Changes = []
    for row in await visits_now(visit):
        if row.place == car.reference:
            found = await _given_on(visit, row.entry, car, me)
            if not isinstance(found, list):
                return found
            changed += found
    return changed


async def _given_on(
    visit: Visit, id_: str, car: Car, me: Person
) -> Changes | Cannot | Response:
    """One visit and its Appointment, as the new crew has them."""
    here = await find(visit, id_)
    if isinstance(here, Response):
        return here
    entry = here.entry
    if entry.state is State.AWAITING_ACTION:
        # Whoever was there writes what came of it.
        return []
    if entry.state is State.ARRIVED:
        return NOT_NOW
    did = Did(
        step=Step.SEND,
        at=visit.clock.now(),
        by=me,
        to=car.crew[0],
        words=f"{car.name}, another crew",
    )
    after = advance(entry, did, leads=True, booked=entry.booked)
    was = await stored(
        visit, appointments.TYPE, entry.booked.appointment, patient=entry.patient
    )
    if isinstance(was, Response):
        return was
    if isinstance(after, Cannot) or entry.booked.at is None:
        return NOT_NOW
    content = appointments.sent_anew(was.content, car, starts=entry.booked.at)
    return [
        (content, was.version),
        (entry_content(after, here.content), here.version),
    ]


async def _typed(visit: Visit, form: Form, id_: str, was: Car | None) -> Car:
    people = {one.reference: one for one in await colleagues(visit)}
    name = form.text("name", called="the car's name", at_most=_NAME)
    area = form.optional_text("area", called="where it drives", at_most=_AREA)
    first = form.choice("first", called="the clinician in it", among=tuple(people))
    second = form.values.get("second", "")
    among = tuple(one for one, _ in _until(visit, was))
    hours = form.choice("hours", called="until when", among=among)
    if second and (second not in people or second == first):
        form.reject("second", wrong="Not a second person", mend="choose another one")
    since, until = _shift(visit, hours, was)
    return Car(
        id=id_,
        name=name,
        area=area,
        crew=tuple(
            Person(one, people[one].display) for one in (first, second) if one in people
        ),
        since=since,
        until=until,
    )


def _shift(
    visit: Visit, hours: str, was: Car | None
) -> tuple[datetime | None, datetime | None]:
    """From when until when, of what was chosen."""
    if hours == _AS_IT_IS and was is not None:
        return was.since, was.until
    now = visit.clock.now().replace(second=0, microsecond=0)
    return now, now + timedelta(hours=int(hours)) if hours in _HOURS else None


async def _store(
    visit: Visit, car: Car, version: int, said: str, followed: Changes | None = None
) -> Response | None:
    """Both, or neither; None: a visit that was to follow changed meanwhile."""
    visits = followed or []
    change = Change(
        drafts=[
            drafted(car_content(car)),
            *(drafted_anew(content) for content, _ in visits),
        ],
        expected=[version, *(number for _, number in visits)],
    )
    done = await visit.services[Writer].write(change, opener=opener_of(visit))
    match done:
        case Written():
            return visit.go_to(f"{CARS}?said={said}")
        case Refusal():
            return visit.refuse(done)
        case Conflict() if not version:
            # The same form, sent again: it is there.
            return visit.go_to(f"{CARS}?said={said}")
        case Conflict() if visits:
            return None
        case Conflict():
            return visit.tell(CHANGED)
        case _:
            return visit.tell(NOT_SAVED)


@page(f"{CARS}/{{car}}/end", gate=LEADS, methods=("POST",))
async def end_car(visit: Visit) -> Response:
    """Its shift is over; not while visits are on its list."""
    await visit.leave_nothing_unread()
    found = await _find(visit)
    if isinstance(found, Response):
        return found
    car, version = found
    if car is None:
        return visit.tell(NOT_FOUND)
    if any(one.place == car.reference for one in await visits_now(visit)):
        return visit.go_to(f"{CARS}?said=has-visits")
    over = Car(
        id=car.id,
        name=car.name,
        area=car.area,
        crew=car.crew,
        since=car.since,
        until=visit.clock.now(),
        is_active=False,
    )
    return await _store(visit, over, version, "ended") or visit.tell(CHANGED)
