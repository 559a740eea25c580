# SPDX-License-Identifier: Apache-2.0
"""What became of a case that was sent to another service, and what follows from it.

Whoever has the case reads how far each message is, what the partner said, and what
was sent; takes it back, books another time, asks how a booking stands, ends the case
once it is there. What nobody has read stays on the boards.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.responses import Response

from wardkeep.apps.urgent_queue.opening import (
    CHANGED,
    DONE,
    STAFF,
    TAKEN,
    leads,
    organisation_of,
    path_of,
    write,
)
from wardkeep.apps.urgent_queue.referral_ground import (
    Ground,
    ground_of,
)
from wardkeep.care.case_messages import LONGEST_WHY, taking_back
from wardkeep.care.colleagues import mine_of
from wardkeep.care.going_along import WITHOUT
from wardkeep.care.message_words import (
    BOOKINGS,
    ENDING,
    FAILURES,
    SORTS,
    STATES,
    WHYS,
    Meaning,
    meaning_of,
)
from wardkeep.care.of_patient import whole_number
from wardkeep.care.opening import opener_of
from wardkeep.care.queue_words import number_of
from wardkeep.care.stored import stored
from wardkeep.care.writing import content_of
from wardkeep.db.changes import Topic
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.bars.outgoing import (
    TOPIC,
    Outbox,
    Queued,
    Sort,
    Standing,
    bundle_in,
    standing_booking,
    standing_referral,
)
from wardkeep.fhir.bars.questions import Kind, Questions, Told
from wardkeep.fhir.bars.shown import Line, shown
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.store.change import Beside
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.urgent import outcome as outcomes
from wardkeep.fhir.urgent.moving import Cannot, advance
from wardkeep.fhir.urgent.outcome import Outcome, outcome_in
from wardkeep.fhir.urgent.queueing import Did, entry_content
from wardkeep.fhir.urgent.steps import Step
from wardkeep.web.forms import Form
from wardkeep.web.live import Signal
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

Json = dict[str, Any]
SAID: Mapping[str, tuple[str, bool]] = {
    "sent": ("It is on its way. How far it is stands below, by itself.", True),
    "without": (WITHOUT, False),
    "withdrawn": ("It is being taken back. How far that is stands below.", True),
    "booked": ("The booking is on its way.", True),
    "read": ("It is written down that you have read it.", True),
    "ended": ("The case is ended: it is with them now.", True),
    "changed": (
        "Somebody changed the case just before you pressed, so nothing was sent.",
        False,
    ),
    "no-partner": (
        "Nothing was sent: this partner is no longer set up, or it was done before.",
        False,
    ),
    "stands": (
        "This is with another service. Take it back before you send something else.",
        False,
    ),
    "nothing": ("There was nothing to do. This is how it stands now.", False),
    "not-there": ("It is not there yet, so the case stays open.", False),
    "no-why": ("Say why it is taken back. Nothing was done.", False),
}


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One message as the page shows it."""

    one: Standing
    sort: str
    words: str
    colour: str
    why: str = ""
    lines: Sequence[Line] = ()
    answer: Sequence[str] = ()
    """What the partner says in its CarePlan."""
    meaning: Meaning | None = None
    """What that means, of a request to look again."""


def place(visit: Visit, said: str = "") -> str:
    path = f"/patients/{visit.path('id')}/refer/{visit.path('entry')}/sent"
    return f"{path}?said={said}" if said else path


def _hears(visit: Visit) -> Signal:
    return Signal((Topic(TOPIC, visit.query("about")),))


@page("/patients/{id}/refer/{entry}/sent/now", gate=STAFF, hears=_hears)
async def show_sent_now(visit: Visit) -> Response:
    ground = await ground_of(visit)
    if isinstance(ground, Response):
        return ground
    part = await _part(visit, ground)
    if isinstance(part, Response):
        return part
    live = visit.live(show_sent_now, about=ground.here.entry.outcome)
    return visit.part(live, "urgent_queue/sent_part.html", **part)


@page("/patients/{id}/refer/{entry}/sent", gate=STAFF)
async def show_sent(visit: Visit) -> Response:
    return await show_one(visit)


async def show_one(
    visit: Visit, told: Told | None = None, *, times: Told | None = None
) -> Response:
    """The page; with how a booking stands there, or with free times."""
    ground = await ground_of(visit)
    if isinstance(ground, Response):
        return ground
    part = await _part(visit, ground)
    if isinstance(part, Response):
        return part
    return visit.render(
        "urgent_queue/sent.html",
        **part,
        banner=ground.banner,
        live=visit.live(show_sent_now, about=ground.here.entry.outcome),
        said=SAID.get(visit.query("said")),
        told=told,
        standing_there=_standing_there(told),
        times=times,
        failure=FAILURES.get(times.failure, "") if times is not None else "",
        problems=(),
    )


async def _part(visit: Visit, ground: Ground) -> dict[str, Any] | Response:
    sent, back = [], {one.follows for one in ground.sent}
    for one in reversed(ground.sent):
        found = await _told_of(visit, one, is_back=one.message in back)
        if isinstance(found, Response):
            return found
        sent.append(found)
    entry = ground.here.entry
    referral = standing_referral(ground.sent)
    booking = standing_booking(ground.sent)
    return {
        "id": visit.path("id"),
        "here": place(visit).removesuffix("/sent"),
        "case_path": path_of(entry.id),
        "entry": entry,
        "number": number_of(entry.id),
        "version": ground.here.version,
        "messages": sent,
        "referral": referral,
        "booking": booking,
        "can_end": entry.is_open and is_there(referral),
        "can_take_back": entry.is_open,
        "can_book": can_book(ground),
        "most_why": LONGEST_WHY,
    }


def can_book(ground: Ground) -> bool:
    """Whether their service has times, and none is booked there."""
    referral = standing_referral(ground.sent)
    if referral is None or standing_booking(ground.sent) is not None:
        return False
    return ground.here.entry.is_open and any(
        one.service == referral.service and one.books for one in ground.neighbours
    )


def is_there(referral: Standing | None) -> bool:
    """A referral that is there is theirs; what is only looked at again is ours.

    But for what they have dealt with themselves, as their answer's code says.
    """
    if referral is None:
        return False
    if referral.kind == Sort.VALIDATION:
        return referral.state == "answered" and referral.outcome in ENDING
    return referral.state in ("sent", "answered")


async def _told_of(visit: Visit, one: Standing, *, is_back: bool) -> Sent | Response:
    words, colour = STATES.get(one.state, (one.state, "grey"))
    if one.state == "sent" and one.kind in (Sort.WITHDRAWAL, Sort.CANCELLATION):
        words = "Taken back there"
    elif is_back:
        words, colour = "Taken back since", "grey"
    message = await _content(visit, "Communication", one.communication)
    if isinstance(message, Response):
        return message
    plan = await _content(visit, "CarePlan", one.plan)
    if isinstance(plan, Response):
        return plan
    return Sent(
        one=one,
        sort=SORTS.get(one.kind, "Message"),
        words=words,
        colour=colour,
        why=WHYS.get(one.last_error, one.last_error) if one.state == "refused" else "",
        lines=shown(_bundle(message)),
        answer=[word for line in shown(_alone(plan)) for word in line.words],
        meaning=_meaning(one),
    )


def _meaning(one: Standing) -> Meaning | None:
    """What was asked for because of it stands on the board."""
    if not one.answer or (one.kind != Sort.VALIDATION and not one.outcome):
        return None
    is_full = one.answer == "full" and one.state == "sent"
    return meaning_of(one.outcome, one.why, category="", asked="", is_full=is_full)


def _bundle(communication: Json) -> Json:
    raw = bundle_in(communication)
    return msgspec.json.decode(raw, type=Json) if raw else {}


def _alone(plan: Json) -> Json:
    kept = {"resourceType": "CarePlan", "activity": plan.get("activity", [])}
    return {"entry": [{"resource": kept}]}


async def _content(visit: Visit, type_: str, id_: str) -> Json | Response:
    """A resource of the patient; empty where there is none (any more)."""
    if not id_:
        return {}
    opened = await visit.services[Reader].one(type_, id_, opener=opener_of(visit))
    if isinstance(opened, Refusal):
        return visit.refuse(opened)
    if isinstance(opened, NotFound):
        return {}
    [one] = opened.resources
    return content_of(one.text) if one.patient == visit.path("id") else {}


class Press(msgspec.Struct, frozen=True, kw_only=True):
    """A press about one case, by whoever has it."""

    ground: Ground
    form: Form
    me: Person


async def press_on(visit: Visit) -> Press | Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    ground = await ground_of(visit)
    if isinstance(ground, Response):
        return ground
    if whole_number(form.values.get("version", "")) != ground.here.version:
        return visit.go_to(place(visit, "changed"))
    mine = await mine_of(visit)
    return Press(ground=ground, form=form, me=mine.me)


@page("/patients/{id}/refer/{entry}/withdraw", gate=STAFF, methods=("POST",))
async def withdraw(visit: Visit) -> Response:
    """Referral and booking are taken back; the case is with whoever has it."""
    found = await press_on(visit)
    if isinstance(found, Response):
        return found
    if not found.ground.here.entry.is_open:
        # Nobody has the case any more, so nobody would see to whoever came back.
        return visit.go_to(place(visit, "nothing"))
    why = found.form.text("why", called="why", at_most=LONGEST_WHY)
    if found.form.problems:
        return visit.go_to(place(visit, "no-why"))
    outcome = await _outcome(visit, found.ground)
    if not isinstance(outcome, Outcome):
        return outcome
    about = found.ground.about(outcome, ())
    sent = found.ground.sent
    messages = await taking_back(visit, about, sent, author=found.me, why=why)
    if isinstance(messages, Response):
        return messages
    if not messages:
        return visit.go_to(place(visit, "nothing"))
    return await stepped(visit, found, Step.WITHDRAW, why, messages, said="withdrawn")


async def _outcome(visit: Visit, ground: Ground) -> Outcome | Response:
    entry = ground.here.entry
    found = await stored(visit, outcomes.TYPE, entry.outcome, patient=entry.patient)
    if isinstance(found, Response):
        return found
    return outcome_in(found.content) or visit.tell(NOT_FOUND)


async def stepped(  # noqa: PLR0913 - a step, with all that goes with it
    visit: Visit,
    found: Press,
    step: Step,
    words: str,
    messages: Sequence[Queued] = (),
    *,
    more: Sequence[tuple[Json, int]] = (),
    beside: Sequence[Beside] = (),
    said: str,
) -> Response:
    """The step and what is sent with it, in one change."""
    here = found.ground.here
    did = Did(step=step, at=visit.clock.now(), by=found.me, words=words)
    changed = list(more)
    if here.entry.is_open:
        after = advance(here.entry, did, leads=leads(visit))
        if isinstance(after, Cannot):
            return visit.go_to(path_of(here.entry.id, "not-yours"))
        changed.insert(0, (entry_content(after, here.content), here.version))
    done = await write(
        visit,
        changed,
        beside=[*beside, *(one for message in messages for one in message.beside)],
        drafts=[one.draft for one in messages],
        patient=here.entry.patient,
    )
    if isinstance(done, Response):
        return done
    told = {DONE: said, CHANGED: "changed", TAKEN: "no-partner"}[done]
    return visit.go_to(place(visit, told))


@page("/patients/{id}/refer/{entry}/read", gate=STAFF, methods=("POST",))
async def mark_read(visit: Visit) -> Response:
    """That somebody has read what came of a message; it leaves the boards."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    ground = await ground_of(visit)
    if isinstance(ground, Response):
        return ground
    mine, message = await mine_of(visit), form.values.get("message", "")
    one = next((one for one in ground.sent if one.message == message), None)
    if one is None or not one.wants_reading or not mine.me.reference:
        return visit.go_to(place(visit, "nothing"))
    done = await visit.services[Outbox].read_by(
        organisation_of(visit),
        message,
        reader=mine.me.reference,
        now=visit.clock.now(),
    )
    return visit.go_to(place(visit, "read" if done else "nothing"))


@page("/patients/{id}/refer/{entry}/follow", gate=STAFF, methods=("POST",))
async def follow_up(visit: Visit) -> Response:
    """How the booking stands there, now."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    ground = await ground_of(visit)
    if isinstance(ground, Response):
        return ground
    booking = standing_booking(ground.sent)
    if booking is None or not booking.there:
        return visit.go_to(place(visit, "nothing"))
    told = await visit.services[Questions].ask(
        organisation_of(visit),
        booking.service,
        Kind.APPOINTMENT,
        booking.there,
        asker=visit.session.account,
    )
    return await show_one(visit, told)


def _standing_there(told: Told | None) -> str:
    if told is None:
        return ""
    if told.failure:
        return "They could not be asked just now. Telephone them, or ask again."
    return BOOKINGS.get(told.status, f"They say: {told.status or 'nothing'}.")
