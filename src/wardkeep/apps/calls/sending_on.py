# SPDX-License-Identifier: Apache-2.0
"""Whoever had the call refers and books, while the caller is still there.

What the call came to waits in its queue already, and stays there: a partner who is
slow, refuses or is never reached leaves somebody here who rings. One press refers and
books; the time is read out; another press ends the case, once it is there.
"""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec
from starlette.responses import Response

from wardkeep.apps.calls.how_it_stands import can_end, state_words
from wardkeep.apps.calls.opening import ANSWERERS, here
from wardkeep.apps.calls.sendable import NOT_YOURS, Sendable, opened_for, sendable
from wardkeep.care.ambulance_request import in_reserve
from wardkeep.care.case_closing import closing
from wardkeep.care.case_messages import (
    LONGEST_WHY,
    LONGEST_WORDS,
    Referring,
    booking_of,
    messages_of,
    referral_of,
)
from wardkeep.care.going_along import (
    WITHOUT,
    choice_for,
    contents_of,
    sending,
    ticked_in,
)
from wardkeep.care.message_words import FAILURES
from wardkeep.care.of_patient import whole_number
from wardkeep.care.opening import me, opener_of
from wardkeep.care.queue_case import DONE, TAKEN, write
from wardkeep.care.stored import Json, stored as stored_here
from wardkeep.care.telling import told_at_end
from wardkeep.fhir.along.choosing import Choice, Going
from wardkeep.fhir.bars.building import Party
from wardkeep.fhir.bars.directory import (
    Neighbour,
    ages_words,
    is_validation,
)
from wardkeep.fhir.bars.outgoing import (
    Outbox,
    Queued,
    Sort,
    Standing,
    bundle_in,
    queued,
    standing_booking,
    standing_referral,
)
from wardkeep.fhir.bars.questions import Kind, Questions, Told
from wardkeep.fhir.bars.shown import Line, shown
from wardkeep.fhir.bars.times import FreeTime, time_in
from wardkeep.fhir.clinics.resources import instant
from wardkeep.fhir.urgent.moving import Cannot, advance
from wardkeep.fhir.urgent.queueing import Did, entry_content
from wardkeep.fhir.urgent.steps import Step
from wardkeep.ui.format import show_moment
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.parts import tree_of
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

WAIT_SECONDS = 5.0
"""For which the press waits for the partner; the call goes on after that."""
_EVERY_SECONDS = 0.1
_NOT_SENT = 409
MOST_ASKED = 4
"""Partners whose times are asked for at once."""
_SAID = {
    "changed": "The case was changed just before you pressed, so nothing was sent.",
    "no-partner": "This service is no longer set up, so nothing was sent.",
    "no-service": "No service was chosen, so nothing was sent.",
    "no-time": "That time cannot be booked. Nothing was sent: look for another.",
    "not-there": "It is not there yet, so the case stays open.",
    "without": WITHOUT,
}


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """What goes along with it, before; what went, afterwards."""

    choice: Choice = Choice()
    going: tuple[Going, ...] = ()
    went: Sequence[Line] = ()


@page("/patients/{id}/calls/{case}/send", gate=ANSWERERS)
async def show_sending(visit: Visit) -> Response:
    """Who takes it; free times are asked for beside the page."""
    found = await sendable(visit)
    if isinstance(found, Response):
        return found
    is_asked = visit.query("times") == "yes"
    times = await _times(visit, found) if is_asked else None
    form = Form({"summary": _words(found)})
    beside = await _beside(visit, found, form)
    if isinstance(beside, Response):
        return beside
    return _show(visit, found, form, beside, times=times)


async def _beside(visit: Visit, found: Sendable, form: Form) -> Beside | Response:
    patient, referral = found.entry.patient, standing_referral(found.sent)
    if referral is not None:
        kept = await stored_here(
            visit, "Communication", referral.communication, patient=patient
        )
        if isinstance(kept, Response):
            return kept
        raw = bundle_in(kept.content)
        return Beside(went=shown(msgspec.json.decode(raw, type=Json)) if raw else ())
    if not found.fitting:
        return Beside()
    case = found.stored.content
    choice = await choice_for(visit, patient, case, found.disposition)
    if isinstance(choice, Response):
        return choice
    return Beside(choice=choice, going=choice.going(ticked_in(form.values)))


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
    beside: Beside,
    *,
    times: Mapping[str, Told] | None = None,
    said: str = "",
) -> Response:
    problems = tuple(form.problems.values())
    status = _NOT_SENT if said else 200
    referral, booking = standing_referral(found.sent), standing_booking(found.sent)
    return visit.render(
        "calls/send.html",
        status=422 if problems else status,
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
        lines=_lines(visit, found, form.values.get("summary", ""), beside.going),
        choice=beside.choice,
        going=beside.going,
        went=beside.went,
        typed=form.values,
        said=_SAID.get(said or visit.query("said"), ""),
        most=LONGEST_WORDS,
        problems=problems,
    )


def _lines(
    visit: Visit, found: Sendable, summary: str, going: Sequence[Going]
) -> Sequence[Line]:
    """What goes along to whoever is chosen, word by word; to nobody: nothing."""
    if not found.fitting or standing_referral(found.sent) is not None:
        return ()
    said = Referring(
        disposition=found.disposition,
        to=Neighbour(service="", name="the service that you choose"),
        summary=summary,
        passed={},
    )
    about = msgspec.structs.replace(found.about, along=contents_of(going))
    return shown(referral_of(visit, about, said, visit.clock.now()))


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
        is_sent = referral is not None
        return visit.go_to(_back(visit)) if is_sent else await _not_sent(visit, form)
    if referral is not None:
        return await _book_again(visit, found, form, referral)
    chosen = _chosen(found, form)
    if isinstance(chosen, str):
        return await _not_sent(visit, form, chosen)
    said = _said(found, form, *chosen)
    return await _sent(visit, found, form, said)


async def _not_sent(visit: Visit, form: Form, said: str = "changed") -> Response:
    """How it stands now; what was typed and ticked is still in the form."""
    found = await sendable(visit)
    if isinstance(found, Response):
        return found
    if standing_referral(found.sent) is not None:
        return visit.go_to(_back(visit, said))
    beside = await _beside(visit, found, form)
    if isinstance(beside, Response):
        return beside
    return _show(visit, found, form, beside, said=said)


async def _sent(visit: Visit, found: Sendable, form: Form, said: Referring) -> Response:
    """It leaves with what was ticked, or without it where the door says so."""
    beside = await _beside(visit, found, form)
    if isinstance(beside, Response):
        return beside
    if form.problems:
        return _show(visit, found, form, beside)
    ready = await sending(
        visit,
        found.entry.patient,
        found.stored.content,
        beside.going,
        to=said.to.full_name,
    )
    if isinstance(ready, Response):
        return ready
    now, mine = visit.clock.now(), await me(visit)
    about = msgspec.structs.replace(found.about, along=ready.contents)
    messages = messages_of(
        visit, about, said, author=mine, answer_by=found.entry.due, now=now
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
    words, told = f"{said.to.name}{at}", "without" if ready.is_without else ""
    return await _written(visit, found, form, messages, words=words, said=told)


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
    return await _written(visit, found, form, [booking], words=words)


async def _written(
    visit: Visit,
    found: Sendable,
    form: Form,
    messages: Sequence[Queued],
    *,
    words: str,
    said: str = "",
) -> Response:
    """The step and what is sent with it, in one change; then how far it came."""
    done = await _step(visit, found, Step.SEND_ON, words, messages)
    if isinstance(done, Response):
        return done
    if done != DONE:
        said = "no-partner" if done == TAKEN else "changed"
        return await _not_sent(visit, form, said)
    if not await _is_settled(visit, found.entry.outcome):
        slow = await opened_for(visit, found.stored, found.ground, found.entry.id)
        if isinstance(slow, Sendable):
            # Whoever takes the case reads it; where somebody has it already, they do.
            await _step(visit, slow, Step.NO_WORD, words)
    return visit.go_to(_back(visit, said))


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
