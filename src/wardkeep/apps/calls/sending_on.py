# SPDX-License-Identifier: Apache-2.0
"""Whoever had the call refers and books, while the caller is still there.

What the call came to waits in its queue already, and stays there: a partner who is
slow, refuses or is never reached leaves somebody here who rings. One press refers and
books; the time is read out; another press ends the case, once it is there.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.responses import Response

from wardkeep.apps.calls.how_it_stands import can_end, state_words
from wardkeep.apps.calls.opening import ANSWERERS, Stored, case_here, here
from wardkeep.apps.calls.showing import Ground, ground_of
from wardkeep.apps.calls.taking_back import is_of_a_colleague, where_it_waits
from wardkeep.care.ambulance_request import in_reserve
from wardkeep.care.case_closing import closing, place_in_queue
from wardkeep.care.case_messages import (
    LONGEST_WHY,
    LONGEST_WORDS,
    About,
    Referring,
    booking_of,
    messages_of,
    referral_of,
)
from wardkeep.care.message_words import FAILURES
from wardkeep.care.of_patient import whole_number
from wardkeep.care.opening import me, opener_of
from wardkeep.care.queue_case import DONE, TAKEN, write
from wardkeep.care.stored import Json, stored as stored_here
from wardkeep.care.telling import told_at_end
from wardkeep.fhir.bars.building import Party
from wardkeep.fhir.bars.directory import (
    Directory,
    Neighbour,
    ages_words,
    is_validation,
    taking,
    why_not,
)
from wardkeep.fhir.bars.outgoing import (
    Outbox,
    Queued,
    Sort,
    Standing,
    queued,
    standing_booking,
    standing_referral,
)
from wardkeep.fhir.bars.questions import Kind, Questions, Told
from wardkeep.fhir.bars.shown import shown
from wardkeep.fhir.bars.times import FreeTime, time_in
from wardkeep.fhir.clinics.resources import instant
from wardkeep.fhir.urgent import outcome as outcomes
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, Disposition
from wardkeep.fhir.urgent.moving import Cannot, advance
from wardkeep.fhir.urgent.outcome import Outcome, outcome_in
from wardkeep.fhir.urgent.queueing import Did, Entry, entry_content
from wardkeep.fhir.urgent.steps import UNDO_WITHIN, State, Step
from wardkeep.ui.format import show_moment, years_old
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.parts import tree_of
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

WAIT_SECONDS = 5.0
"""For which the press waits for the partner; the call goes on after that."""
_EVERY_SECONDS = 0.1
MOST_ASKED = 4
"""Partners whose times are asked for at once."""
NOT_YOURS = Trouble(
    status=409,
    title="It is too late to send this from the call",
    why="Whoever had the call sends it on while nobody else has the case, within a"
    " quarter of an hour. So nothing was sent.",
    mend="Ask whoever has the case, or the shift lead.",
)
_SAID = {
    "changed": "The case was changed just before you pressed, so nothing was sent.",
    "no-partner": "This service is no longer set up, so nothing was sent.",
    "no-service": "No service was chosen, so nothing was sent.",
    "no-time": "That time cannot be booked. Nothing was sent: look for another.",
    "not-there": "It is not there yet, so the case stays open.",
}


class Sendable(msgspec.Struct, frozen=True, kw_only=True):
    """A call that ended, and waits, with all that a message is made of."""

    stored: Stored
    ground: Ground
    entry: Entry
    content: Json
    """Of the Task."""
    version: int
    outcome: Outcome
    disposition: Disposition
    neighbours: tuple[Neighbour, ...]
    age: int | None
    sent: tuple[Standing, ...]

    @property
    def fitting(self) -> tuple[Neighbour, ...]:
        return taking(self.neighbours, self.disposition, age=self.age)

    @property
    def about(self) -> About:
        return About(
            patient=self.ground.patient,
            case=self.stored.content,
            outcome=self.outcome,
        )

    def why_not(self) -> Sequence[tuple[Neighbour, str]]:
        """Who does not take it, and why."""
        found = [
            (one, why_not(one, self.disposition, age=self.age))
            for one in self.neighbours
        ]
        return [(one, why) for one, why in found if why is not None]


async def sendable(visit: Visit) -> Sendable | Response:
    """The call in the address, where whoever had it may send it on."""
    case = await case_here(visit)
    if isinstance(case, Response):
        return case
    row = await where_it_waits(visit, case.case)
    if row is None:
        return visit.go_to(here(visit))
    ended = case.case.outcome
    is_late = ended is None or visit.clock.now() - ended.at > UNDO_WITHIN
    if not case.is_mine or is_late or row.state != State.NEW or row.owner:
        return visit.tell(NOT_YOURS)
    ground = await ground_of(visit)
    if isinstance(ground, Response):
        return ground
    return await _opened(visit, case, ground, row.entry)


async def _opened(
    visit: Visit, case: Stored, ground: Ground, entry: str
) -> Sendable | Response:
    place = await place_in_queue(visit, entry, visit.path("id"))
    if isinstance(place, Response):
        return place
    one, content, version = place
    patient, organisation = visit.path("id"), opener_of(visit).organisation
    asked = await stored_here(visit, outcomes.TYPE, one.outcome, patient=patient)
    if isinstance(asked, Response):
        return asked
    if is_of_a_colleague(asked.content):
        return visit.tell(NOT_YOURS)
    outcome, disposition = outcome_in(asked.content), DISPOSITIONS.get(one.code)
    if outcome is None or disposition is None:
        return visit.tell(NOT_FOUND)
    return Sendable(
        stored=case,
        ground=ground,
        entry=one,
        content=content,
        version=version,
        outcome=outcome,
        disposition=disposition,
        neighbours=await visit.services[Directory].all(organisation),
        age=years_old(str(ground.patient.get("birthDate", "")), visit.today),
        sent=await visit.services[Outbox].standing(organisation, one.outcome),
    )


@page("/patients/{id}/calls/{case}/send", gate=ANSWERERS)
async def show_sending(visit: Visit) -> Response:
    """Who takes it; free times are asked for beside the page."""
    found = await sendable(visit)
    if isinstance(found, Response):
        return found
    is_asked = visit.query("times") == "yes"
    times = await _times(visit, found) if is_asked else None
    return _show(visit, found, Form({"summary": _words(found)}), times=times)


@page("/patients/{id}/calls/{case}/send/times", gate=ANSWERERS)
async def show_times(visit: Visit) -> Response:
    """Free times of this moment, by service, as the page's script takes them."""
    found = await sendable(visit)
    if isinstance(found, Response):
        return found
    times = await _times(visit, found)
    referral = standing_referral(found.sent)
    told = {
        one.service: tree_of(
            visit.ground.fill(
                "calls/free_times.html",
                one=one,
                told=times.get(one.service),
                referral=referral,
                failures=FAILURES,
            )
        )
        for one in _open_to_book(found)
        if one.books
    }
    return visit.answer_json(told)


def _words(found: Sendable) -> str:
    """What the call taker wrote already, to be sent as it is or changed."""
    case = found.stored.case
    said = case.outcome.said if case.outcome is not None else ""
    return "\n".join(filter(None, (case.complaint, said)))[:LONGEST_WORDS]


async def _times(visit: Visit, found: Sendable) -> Mapping[str, Told]:
    """By service, what partners say now: asked at once, each within its bound."""
    until = found.entry.due
    asked = [one for one in _open_to_book(found) if one.books][:MOST_ASKED]
    told = await asyncio.gather(
        *(
            visit.services[Questions].ask(
                opener_of(visit).organisation,
                one.service,
                Kind.TIMES,
                instant(until),
                asker=visit.session.account,
            )
            for one in asked
        )
    )
    return {one.service: said for one, said in zip(asked, told, strict=True)}


def _open_to_book(found: Sendable) -> tuple[Neighbour, ...]:
    """Who may be asked for times: all who take it, or the one to whom it went."""
    referral = standing_referral(found.sent)
    if referral is None:
        return found.fitting
    if standing_booking(found.sent) is not None:
        return ()
    return tuple(it for it in found.neighbours if it.service == referral.service)


def _show(
    visit: Visit,
    found: Sendable,
    form: Form,
    *,
    times: Mapping[str, Told] | None = None,
) -> Response:
    problems = tuple(form.problems.values())
    referral, booking = standing_referral(found.sent), standing_booking(found.sent)
    return visit.render(
        "calls/send.html",
        status=422 if problems else 200,
        id=visit.path("id"),
        here=here(visit),
        banner=found.ground.banner,
        entry=found.entry,
        version=found.version,
        disposition=found.disposition,
        is_validation=is_validation(found.disposition),
        fitting=found.fitting,
        others=found.why_not(),
        ages={one.service: ages_words(one) for one in found.neighbours},
        bookable=_open_to_book(found),
        times=times,
        failures=FAILURES,
        sent=found.sent,
        referral=referral,
        booking=booking,
        state=state_words(found.sent),
        can_end=can_end(referral),
        lines=_lines(visit, found, form.values.get("summary", "")),
        typed=form.values,
        said=_SAID.get(visit.query("said"), ""),
        most=LONGEST_WORDS,
        problems=problems,
    )


def _lines(visit: Visit, found: Sendable, summary: str) -> Sequence[Any]:
    """What goes along to whoever is chosen, word by word; to nobody: nothing."""
    if not found.fitting or standing_referral(found.sent) is not None:
        return ()
    said = Referring(
        disposition=found.disposition,
        to=Neighbour(service="", name="the service that you choose"),
        summary=summary,
        passed={},
    )
    return shown(referral_of(visit, found.about, said, visit.clock.now()))


@page("/patients/{id}/calls/{case}/send", gate=ANSWERERS, methods=("POST",))
async def send_on(visit: Visit) -> Response:
    """One press: it is referred, and the time is booked."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await sendable(visit)
    if isinstance(found, Response):
        return found
    referral = standing_referral(found.sent)
    if whole_number(form.values.get("version", "")) != found.version:
        # Pressed twice, it is sent once: how it stands is on the page.
        return visit.go_to(_back(visit, "" if referral else "changed"))
    if referral is not None:
        return await _book_again(visit, found, form, referral)
    chosen = _chosen(found, form)
    if isinstance(chosen, str):
        return visit.go_to(_back(visit, chosen))
    said = _said(found, form, *chosen)
    if form.problems:
        return _show(visit, found, form)
    now, mine = visit.clock.now(), await me(visit)
    messages = messages_of(
        visit, found.about, said, author=mine, answer_by=found.entry.due, now=now
    )
    messages += in_reserve(
        visit,
        found.about,
        said,
        neighbours=found.neighbours,
        entry=found.entry.id,
        author=mine,
        now=now,
    )
    at = f", {show_moment(said.time.start.isoformat())}" if said.time else ""
    return await _written(visit, found, messages, words=f"{said.to.name}{at}")


def _chosen(found: Sendable, form: Form) -> tuple[Neighbour, FreeTime | None] | str:
    """The service that was pressed, with a time or without; or what is wrong."""
    service, _, slot = form.values.get("choice", "").partition("|")
    to = next((one for one in found.fitting if one.service == service), None)
    if to is None:
        return "no-service"
    time = time_in(slot)
    if slot and (time is None or not to.books):
        return "no-time"
    return to, time


def _said(
    found: Sendable, form: Form, to: Neighbour, time: FreeTime | None
) -> Referring:
    summary = form.text("summary", called="what was said", at_most=LONGEST_WORDS)
    passed = {
        one.name: why
        for one in found.fitting
        if one is not to
        for why in [
            form.optional_text(
                f"not-{one.service}", called=f"why not {one.name}", at_most=LONGEST_WHY
            )
        ]
        if why
    }
    return Referring(
        disposition=found.disposition,
        to=to,
        summary=summary,
        passed=passed,
        time=time,
    )


async def _book_again(
    visit: Visit, found: Sendable, form: Form, referral: Standing
) -> Response:
    """Another time at the service that has the referral."""
    service, _, slot = form.values.get("choice", "").partition("|")
    time = time_in(slot)
    bookable = [one.service for one in _open_to_book(found) if one.books]
    if time is None or service not in bookable:
        return visit.go_to(_back(visit, "no-time"))
    to = Party(name=referral.partner, service=referral.service)
    booking = queued(
        booking_of(visit, found.ground.patient, to, time, back=None),
        organisation=opener_of(visit).organisation,
        patient=found.entry.patient,
        about=referral.about,
        partner=referral.service,
        author=await me(visit),
        now=visit.clock.now(),
        kind=Sort.BOOKING,
        time=time,
    )
    words = f"{referral.partner}, {show_moment(time.start.isoformat())}"
    return await _written(visit, found, [booking], words=words)


async def _written(
    visit: Visit, found: Sendable, messages: Sequence[Queued], *, words: str
) -> Response:
    """The step and what is sent with it, in one change; then how far it came."""
    done = await _step(visit, found, Step.SEND_ON, words, messages)
    if isinstance(done, Response):
        return done
    if done != DONE:
        return visit.go_to(_back(visit, "no-partner" if done == TAKEN else "changed"))
    if not await _is_settled(visit, found.entry.outcome):
        slow = await _opened(visit, found.stored, found.ground, found.entry.id)
        if isinstance(slow, Sendable):
            # Whoever takes the case reads it; where somebody has it already, they do.
            await _step(visit, slow, Step.NO_WORD, words)
    return visit.go_to(_back(visit))


async def _step(
    visit: Visit,
    found: Sendable,
    step: Step,
    words: str,
    messages: Sequence[Queued] = (),
) -> str | Response:
    did = Did(step=step, at=visit.clock.now(), by=await me(visit), words=words)
    after = advance(found.entry, did)
    if isinstance(after, Cannot):
        return visit.tell(NOT_YOURS)
    return await write(
        visit,
        [(entry_content(after, found.content), found.version)],
        beside=[one for message in messages for one in message.beside],
        drafts=[one.draft for one in messages],
        patient=found.entry.patient,
    )


async def _is_settled(visit: Visit, about: str) -> bool:
    """Whether the partner answered while the caller waits."""
    outbox, organisation = visit.services[Outbox], opener_of(visit).organisation
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                sent = await outbox.standing(organisation, about)
                if all(one.state != "waiting" for one in sent):
                    return True
                await asyncio.sleep(_EVERY_SECONDS)
    except TimeoutError:
        return False


def _back(visit: Visit, said: str = "") -> str:
    path = here(visit, "send")
    return f"{path}?said={said}" if said else path


@page("/patients/{id}/calls/{case}/send/end", gate=ANSWERERS, methods=("POST",))
async def end_sent(visit: Visit) -> Response:
    """The caller knows, and it is there: the case is theirs, and over here."""
    await visit.leave_nothing_unread()
    found = await sendable(visit)
    if isinstance(found, Response):
        return found
    referral = standing_referral(found.sent)
    if referral is None or not can_end(referral):
        return visit.go_to(_back(visit, "not-there"))
    entry, patient = found.entry, found.entry.patient
    over = await closing(
        visit,
        entry.id,
        patient,
        by=await me(visit),
        words=f"Referred to {referral.partner} by message, and there.",
        now=visit.clock.now(),
        takes=True,
    )
    if isinstance(over, Response):
        return over
    if isinstance(over, Cannot):
        return visit.tell(NOT_YOURS)
    told = await told_at_end(visit, patient, entry.case, [one for one, _ in over])
    done = await write(
        visit,
        [*over, *((content, 0) for content in told.contents)],
        beside=told.beside,
        patient=patient,
    )
    if isinstance(done, Response):
        return done
    return visit.go_to(here(visit) if done == DONE else _back(visit, "changed"))
