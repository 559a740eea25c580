# SPDX-License-Identifier: Apache-2.0
"""A case is sent to another service by message, with a time there where it has some.

Done means: who takes it is on the page, and who does not says why; free times are those
of this moment, and a neighbour who is slow holds up nobody; what leaves is read first,
word by word, and leaves with one press. The case then waits for what becomes of it, so
that it is in no queue at no moment.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from starlette.responses import Response

from wardkeep.apps.urgent_queue.opening import (
    CHANGED,
    DONE,
    NOBODY_YET,
    STAFF,
    TAKEN,
    leads,
    organisation_of,
    path_of,
    write,
)
from wardkeep.apps.urgent_queue.referral_ground import (
    Ground,
    chosen_code,
    ground_of,
    typed_in,
)
from wardkeep.base.ids import new_uuid
from wardkeep.care.ambulance_request import in_reserve
from wardkeep.care.case_messages import (
    LONGEST_WHY,
    LONGEST_WORDS,
    Referring,
    booking_of,
    messages_of,
    referral_of,
    them,
)
from wardkeep.care.colleagues import mine_of
from wardkeep.care.going_along import (
    choice_for,
    contents_of,
    sending,
    ticked_in,
)
from wardkeep.care.keeping import Keeping, finish, go_on, resume
from wardkeep.care.kept_forms import REFER
from wardkeep.care.message_words import FAILURES
from wardkeep.care.queue_words import number_of
from wardkeep.care.stored import stored
from wardkeep.fhir.along.choosing import Choice, Going
from wardkeep.fhir.bars.directory import ages_words, is_validation
from wardkeep.fhir.bars.outgoing import standing_referral
from wardkeep.fhir.bars.questions import Kind, Questions, Told
from wardkeep.fhir.bars.shown import shown
from wardkeep.fhir.clinics.resources import instant
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent import outcome as outcomes
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, Disposition
from wardkeep.fhir.urgent.moving import Cannot, advance
from wardkeep.fhir.urgent.outcome import Outcome, outcome_content, outcome_in
from wardkeep.fhir.urgent.queueing import NO_TIME, Did, Entry, entry_content
from wardkeep.fhir.urgent.steps import Step
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

Json = dict[str, Any]
_TIMES, _CHECK, _SEND = "times", "check", "send"
"""What a button asks for; any other one shows the form once more."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is written with the messages."""

    entry: Entry
    outcome: Outcome
    is_new: bool
    """Whether what it comes to is another than before."""


def here(visit: Visit, said: str = "") -> str:
    path = f"/patients/{visit.path('id')}/refer/{visit.path('entry')}"
    return f"{path}/{said}" if said else path


@page("/patients/{id}/refer/{entry}", gate=STAFF)
async def show_referring(visit: Visit) -> Response:
    ground = await ground_of(visit)
    if isinstance(ground, Response):
        return ground
    if not ground.here.entry.is_open:
        return visit.go_to(here(visit, "sent"))
    entry = ground.here.entry
    keeping = await resume(visit, REFER, note=entry.id, based_on=ground.here.version)
    if isinstance(keeping, Response):
        return keeping
    return await _show(visit, ground, Form(keeping.values), keeping)


@page("/patients/{id}/refer/{entry}", gate=STAFF, methods=("POST",))
async def refer(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    ground = await ground_of(visit)
    if isinstance(ground, Response):
        return ground
    if not ground.here.entry.is_open:
        return visit.go_to(here(visit, "sent"))
    do = form.values.get("do", _CHECK)
    typed = typed_in(form, ground) if do in (_CHECK, _SEND) else None
    if typed is None:
        return await _again(visit, ground, form, times=do == _TIMES)
    return await _typed(visit, ground, form, typed, sends=do == _SEND)


async def _typed(
    visit: Visit, ground: Ground, form: Form, typed: Referring, *, sends: bool
) -> Response:
    """Sent, where it is what was read; else shown as it is now."""
    choice = await _choice(visit, ground, typed.disposition)
    if isinstance(choice, Response):
        return choice
    going = choice.going(ticked_in(form.values))
    if sends and form.values.get("seen") == ground.seen(going):
        return await _send(visit, ground, form, typed, going)
    return await _check(visit, ground, form, typed, going, is_changed=sends)


async def _choice(
    visit: Visit, ground: Ground, code: Disposition | None
) -> Choice | Response:
    return await choice_for(visit, ground.here.entry.patient, ground.case, code)


async def _again(visit: Visit, ground: Ground, form: Form, *, times: bool) -> Response:
    """The form once more: with free times, another list, or what is wrong."""
    keeping = await go_on(visit, REFER, form, note=ground.here.entry.id)
    if isinstance(keeping, Response):
        return keeping
    told = await _free_times(visit, ground, form) if times else None
    return await _show(visit, ground, form, keeping, told=told)


async def _free_times(visit: Visit, ground: Ground, form: Form) -> Told | None:
    """Asked now; None where the form names nobody who has any."""
    code = chosen_code(form, ground)
    fitting = ground.fitting(code) if code is not None else ()
    service = form.values.get("service", "")
    to = next((one for one in fitting if one.service == service), None)
    if code is None or to is None or not to.books:
        form.reject(
            "service",
            wrong="No service with times is chosen",
            mend="Choose a service that offers times, then ask for them.",
        )
        return None
    until = code.deadline(visit.clock.now()) or visit.clock.now() + NO_TIME
    return await visit.services[Questions].ask(
        organisation_of(visit),
        to.service,
        Kind.TIMES,
        instant(until),
        asker=visit.session.account,
    )


async def _show(
    visit: Visit,
    ground: Ground,
    form: Form,
    keeping: Keeping,
    *,
    told: Told | None = None,
) -> Response:
    problems = tuple(form.problems.values())
    code = chosen_code(form, ground)
    fitting = ground.fitting(code) if code is not None else ()
    choice = await _choice(visit, ground, code)
    if isinstance(choice, Response):
        return choice
    return visit.render(
        "urgent_queue/refer.html",
        status=422 if problems else 200,
        **_frame(visit, ground),
        keeping=keeping,
        choice=choice,
        going=choice.going(ticked_in(form.values)),
        typed=form.values,
        code="" if code is None else code.code,
        is_validation=code is not None and is_validation(code),
        dispositions=_choices(ground),
        fitting=fitting,
        others=ground.others(code) if code is not None else (),
        ages={one.service: ages_words(one) for one in ground.neighbours},
        has_times=any(one.books for one in fitting),
        told=told,
        failure=FAILURES.get(told.failure, "") if told is not None else "",
        most=(LONGEST_WORDS, LONGEST_WHY),
        problems=problems,
    )


def _frame(visit: Visit, ground: Ground) -> dict[str, Any]:
    return {
        "id": visit.path("id"),
        "banner": ground.banner,
        "entry": ground.here.entry,
        "number": number_of(ground.here.entry.id),
        "here": here(visit),
        "case_path": path_of(ground.here.entry.id),
        "sent": ground.sent,
        "version": ground.here.version,
    }


def _choices(ground: Ground) -> list[tuple[str, str]]:
    """Dispositions that somebody takes, and what it came to before."""
    return [
        (one.code, one.words)
        for one in DISPOSITIONS.values()
        if ground.fitting(one) or one.code == ground.here.entry.code
    ]


async def _check(
    visit: Visit,
    ground: Ground,
    form: Form,
    typed: Referring,
    going: Sequence[Going],
    *,
    is_changed: bool,
) -> Response:
    """What leaves, in words, before it leaves."""
    now = visit.clock.now()
    wanted = await _wanted(visit, ground, typed, now)
    if isinstance(wanted, Response):
        return wanted
    about = ground.about(wanted.outcome, contents_of(going))
    message = referral_of(visit, about, typed, now)
    booking = (
        booking_of(visit, ground.patient, them(typed.to), typed.time, back=None)
        if typed.time
        else None
    )
    kept = {
        name: value for name, value in form.values.items() if name not in ("do", "seen")
    }
    return visit.render(
        "urgent_queue/refer_check.html",
        **_frame(visit, ground),
        seen=ground.seen(going),
        typed=typed,
        lines=shown(message),
        time=typed.time,
        booked=shown(booking) if booking is not None else (),
        kept=kept,
        answer_by=wanted.entry.due if typed.is_validation else None,
        is_changed=is_changed,
    )


async def _wanted(
    visit: Visit, ground: Ground, typed: Referring, now: datetime
) -> Wanted | Response:
    """The place in the queue and what it comes to, as they are once it is sent."""
    mine = await mine_of(visit)
    if not mine.me.reference:
        return visit.tell(NOBODY_YET)
    entry = ground.here.entry
    words = f"{typed.to.name}: {typed.disposition.words}"
    did = Did(step=Step.REFER, at=now, by=mine.me, words=words)
    after = advance(entry, did, leads=leads(visit))
    if isinstance(after, Cannot):
        return visit.go_to(path_of(entry.id, "not-yours"))
    if typed.disposition.code == entry.code and entry.outcome:
        found = await stored(visit, outcomes.TYPE, entry.outcome, patient=entry.patient)
        if isinstance(found, Response):
            return found
        as_it_was = outcome_in(found.content)
        if as_it_was is not None:
            return Wanted(entry=after, outcome=as_it_was, is_new=False)
    if standing_referral(ground.sent) is not None:
        # Another disposition is another request: what went for this one would be
        # followed by nobody.
        return visit.go_to(f"{here(visit, 'sent')}?said=stands")
    return _changed(after, typed.disposition, mine.me, typed.summary, now)


def _changed(
    entry: Entry, disposition: Disposition, by: Person, why: str, now: datetime
) -> Wanted:
    """Another disposition, on the same place: who has the case keeps it."""
    due = disposition.deadline(now)
    outcome = Outcome(
        id=new_uuid(),
        patient=entry.patient,
        case=entry.case,
        code=disposition.code,
        words=disposition.words,
        given=now,
        due=due,
        by=by,
        why=why,
        replaces=entry.outcome,
    )
    after = msgspec.structs.replace(
        entry,
        outcome=outcome.id,
        code=disposition.code,
        words=disposition.words,
        priority=disposition.priority,
        given=now,
        due=due or now + NO_TIME,
    )
    return Wanted(entry=after, outcome=outcome, is_new=True)


async def _send(
    visit: Visit,
    ground: Ground,
    form: Form,
    typed: Referring,
    going: Sequence[Going],
) -> Response:
    """Everything in one change: it is asked for or it is not, whatever dies."""
    now = visit.clock.now()
    wanted = await _wanted(visit, ground, typed, now)
    if isinstance(wanted, Response):
        return wanted
    changed = await _contents(visit, ground, wanted)
    if isinstance(changed, Response):
        return changed
    patient = ground.here.entry.patient
    ready = await sending(visit, patient, ground.case, going, to=typed.to.full_name)
    if isinstance(ready, Response):
        return ready
    messages = messages_of(
        visit,
        ground.about(wanted.outcome, ready.contents),
        typed,
        author=wanted.entry.did[-1].by,
        answer_by=wanted.entry.due,
        now=now,
    )
    messages += in_reserve(
        visit,
        ground.about(wanted.outcome, ()),
        typed,
        neighbours=ground.neighbours,
        entry=wanted.entry.id,
        author=wanted.entry.did[-1].by,
        now=now,
    )
    done = await write(
        visit,
        changed,
        beside=[one for queued_one in messages for one in queued_one.beside],
        drafts=[one.draft for one in messages],
        patient=patient,
    )
    if isinstance(done, Response):
        return done
    if done == DONE:
        await finish(visit, form)
        told = "without" if ready.is_without else "sent"
        return visit.go_to(f"{here(visit, 'sent')}?said={told}")
    said = {CHANGED: "changed", TAKEN: "no-partner"}[done]
    return visit.go_to(f"{here(visit, 'sent')}?said={said}")


async def _contents(
    visit: Visit, ground: Ground, wanted: Wanted
) -> Sequence[tuple[Json, int]] | Response:
    changed: list[tuple[Json, int]] = [
        (entry_content(wanted.entry, ground.here.content), ground.here.version)
    ]
    if not wanted.is_new:
        return changed
    changed.append((outcome_content(wanted.outcome), 0))
    before = ground.here.entry.outcome
    if before:
        was = await stored(
            visit, outcomes.TYPE, before, patient=ground.here.entry.patient
        )
        if isinstance(was, Response):
            return was
        changed.append(({**was.content, "status": outcomes.COMPLETED}, was.version))
    return changed
