# SPDX-License-Identifier: Apache-2.0
"""What is done from a clinic's list: one form, one press, and back to the list.

Whoever presses twice, or after somebody else, reads how it stands: no press fails.
"""

from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from starlette.responses import Response

from wardkeep.apps.clinics.gates import CLINIC, ROOMS
from wardkeep.apps.clinics.naming import words_for
from wardkeep.base.ids import is_fhir_id
from wardkeep.care.opening import author_of, opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.clinics.clinic import Clinic
from wardkeep.fhir.clinics.outcomes import (
    AlreadyIn,
    CheckedIn,
    Moved,
    NoSuchAppointment,
    NotOn,
    NotSo,
    WrongDay,
)
from wardkeep.fhir.clinics.resources import Outcome
from wardkeep.fhir.clinics.room import ROOM
from wardkeep.fhir.clinics.words import Channel, Doer, Note, ShownAs
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, NOT_YOUR_WORK, Trouble
from wardkeep.web.visit import Visit

_ID, _DIGITS = 64, 19
Said = str | Refusal | NoSuchAppointment
"""How the list tells of it: a key of `day.SAID`."""
Act = Callable[[Visit, Form, str], Awaitable[Said]]


@page("/clinics/{place}/do", gate=CLINIC, methods=("POST",))
async def act_on_day(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    appointment = form.text("appointment", called="the appointment", at_most=_ID)
    verb = form.choice("do", called="what to do", among=tuple({**_DESK, **_ROOM}))
    if form.problems or not is_fhir_id(appointment):
        return visit.tell(NOT_FOUND)
    if verb in _ROOM and not ROOMS.admits(visit.session.role):
        return visit.tell(NOT_YOUR_WORK)
    said = await {**_DESK, **_ROOM}[verb](visit, form, appointment)
    if isinstance(said, NoSuchAppointment):
        return visit.tell(NOT_FOUND)
    if isinstance(said, Refusal):
        return visit.refuse(said, form)
    return visit.go_to(_back(visit, form, said, appointment))


def _back(visit: Visit, form: Form, said: str, appointment: str) -> str:
    asked = {"said": said, "of": appointment}
    for name in ("room", "show"):
        value = form.values.get(name, "")
        if value:
            asked[name] = value
    place = visit.path("place")
    return f"/clinics/{place}?{urlencode(asked)}#a-{appointment}"


def doer_of(visit: Visit, channel: Channel = Channel.DESK) -> Doer:
    return Doer(visit.session.account, channel)


def _said(done: Moved | NotSo | NoSuchAppointment | Refusal, words: str) -> Said:
    if isinstance(done, Moved):
        return words
    return "not-so" if isinstance(done, NotSo) else done


async def _check_in(visit: Visit, _: Form, appointment: str) -> Said:
    done = await visit.services[Clinic].desk.arrive(
        appointment, by=doer_of(visit), opener=opener_of(visit), tells_route=False
    )
    match done:
        case CheckedIn():
            return "in"
        case AlreadyIn():
            return "already"
        case NotOn() | WrongDay():
            return "off"
        case Refusal() | NoSuchAppointment():
            return done
        case _:
            return "not-so"


async def _undo(visit: Visit, form: Form, appointment: str) -> Said:
    step = form.whole_number("step", called="what to undo", least=1, most=2**62)
    if step is None:
        return "not-so"
    done = await visit.services[Clinic].desk.undo(
        appointment, by=doer_of(visit), opener=opener_of(visit), step=step
    )
    return _said(done, "undone")


async def _no_show(visit: Visit, _: Form, appointment: str) -> Said:
    done = await visit.services[Clinic].desk.no_show(
        appointment, by=doer_of(visit), opener=opener_of(visit)
    )
    return _said(done, "missed")


async def _left(visit: Visit, _: Form, appointment: str) -> Said:
    done = await visit.services[Clinic].desk.left(
        appointment, by=doer_of(visit), opener=opener_of(visit)
    )
    return _said(done, "gone")


async def _cancel(visit: Visit, _: Form, appointment: str) -> Said:
    done = await visit.services[Clinic].desk.cancel(
        appointment,
        why="Cancelled at the desk",
        by=doer_of(visit),
        opener=opener_of(visit),
    )
    return _said(done, "cancelled")


async def _note(visit: Visit, form: Form, appointment: str) -> Said:
    note = form.choice("note", called="the note", among=tuple(Note))
    priority = form.choice("priority", called="when", among=("0", "1", "2"))
    shown_as = form.choice("shown_as", called="the call", among=tuple(ShownAs))
    if form.problems:
        return "not-so"
    desk, opener = visit.services[Clinic].desk, opener_of(visit)
    is_here = await desk.mark(
        appointment, note=Note(note), priority=int(priority), opener=opener
    ) and await desk.show_as(appointment, ShownAs(shown_as), opener=opener)
    return "noted" if is_here else "not-so"


async def _call(visit: Visit, form: Form, appointment: str) -> Said:
    room = form.optional_text("room", called="the room", at_most=20)
    after = form.values.get("step", "")
    if form.problems or not ROOM.fullmatch(room):
        return "no-room"
    opener = opener_of(visit)
    words = await words_for(visit, appointment, opener)
    if not isinstance(words, str):
        return words
    done = await visit.services[Clinic].room.call(
        appointment,
        room=room,
        words=words,
        by=doer_of(visit, Channel.ROOM),
        opener=opener,
        after=int(after) if after.isdecimal() and len(after) < _DIGITS else None,
    )
    return _said(done, "called")


async def _requeue(visit: Visit, _: Form, appointment: str) -> Said:
    done = await visit.services[Clinic].room.requeue(
        appointment, by=doer_of(visit, Channel.ROOM), opener=opener_of(visit)
    )
    return _said(done, "back")


async def _start(visit: Visit, form: Form, appointment: str) -> Said:
    room = form.optional_text("room", called="the room", at_most=20)
    done = await visit.services[Clinic].room.start(
        appointment,
        author=await author_of(visit),
        room=room if ROOM.fullmatch(room) else "",
        by=doer_of(visit, Channel.ROOM),
        opener=opener_of(visit),
    )
    return _said(done, "begun")


async def _finish(visit: Visit, form: Form, appointment: str) -> Said:
    outcome = form.choice("outcome", called="what comes next", among=tuple(Outcome))
    if form.problems:
        return "not-so"
    done = await visit.services[Clinic].room.finish(
        appointment,
        Outcome(outcome),
        by=doer_of(visit, Channel.ROOM),
        opener=opener_of(visit),
    )
    return _said(done, "over")


_DESK: dict[str, Act] = {
    "check-in": _check_in,
    "undo": _undo,
    "no-show": _no_show,
    "left": _left,
    "cancel": _cancel,
    "note": _note,
}
_ROOM: dict[str, Act] = {
    "call": _call,
    "requeue": _requeue,
    "start": _start,
    "finish": _finish,
}
