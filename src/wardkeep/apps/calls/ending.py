# SPDX-License-Identifier: Apache-2.0
"""How a call ended: what was answered, what it came to, and when to ring again.

What was asked and answered, what it came to and its place in a queue are written with
the case, in one change. Questions fill in what they come to; a health advisor goes not
below it. A third call in four days ends with somebody who waits for it, unless a
clinician has it.
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.calls.asking import (
    LONGEST_WHY,
    asked_here,
    log_before,
    may_judge,
    pressed,
    triage_draft,
)
from wardkeep.apps.calls.earlier_calls import known_of
from wardkeep.apps.calls.opening import (
    ANSWERERS,
    Stored,
    case_draft,
    case_here,
    here,
    own_case,
    read_case,
    write,
)
from wardkeep.apps.calls.questions import Asked, card_of, fill_in, fill_of
from wardkeep.apps.calls.showing import Ground, ground_of, repeats_here
from wardkeep.base.outcome import Problem
from wardkeep.care.ambulance_request import asked_by_message
from wardkeep.care.case_messages import who_takes
from wardkeep.care.journeys import journey_that_ends
from wardkeep.care.keeping import Keeping, finish, go_on, resume
from wardkeep.care.kept_forms import CALL_END
from wardkeep.care.of_patient import refused
from wardkeep.care.opening import me
from wardkeep.care.repeat_calls import rang
from wardkeep.care.telling import told_at_end
from wardkeep.care.writing import drafted, drafted_anew
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.post.telling import Told
from wardkeep.fhir.store.change import MUST_NOT_EXIST
from wardkeep.fhir.triage.call_end import barred, is_no_illness
from wardkeep.fhir.triage.record import Decision
from wardkeep.fhir.urgent.case import OPEN, OVER, Case, Content, Outcome, case_content
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, Disposition
from wardkeep.fhir.urgent.queueing import queued
from wardkeep.fhir.urgent.repeat import Repeats
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

LONGEST_SAID, LONGEST_ADVICE = 2000, 1000


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What is known when a call ends."""

    stored: Stored
    ground: Ground
    repeats: Repeats
    is_advisor: bool
    is_known_to_ring: bool = False
    """By the repeat caller service."""
    asked: Asked | None = None
    """Where its questions stand; None: decision support is off."""

    @property
    def needs_clinician(self) -> bool:
        """By what is known here, or by the repeat caller service."""
        rang = self.repeats.needs_clinician or self.is_known_to_ring
        return self.is_advisor and rang

    def offers(self, one: Disposition) -> bool:
        """Whether it is among the choices; the answers may bar it all the same."""
        if one.waits or not self.is_advisor:
            return True
        if self.needs_clinician:
            return False
        return self.asked is None or is_no_illness(one)


async def _here(visit: Visit, log: str | None = None) -> Sent | Response:
    """`log`: of the form that was sent; None: it is not known yet."""
    stored = await own_case(visit)
    if isinstance(stored, Response):
        return stored
    ground = await ground_of(visit)
    if isinstance(ground, Response):
        return ground
    repeats = await repeats_here(visit, stored.case, ground.patient)
    if isinstance(repeats, Response):
        return repeats
    if ground.unread(stored.case):
        return visit.go_to(here(visit))
    known = known_of(visit, stored.case, ground.patient)
    sent = Sent(
        stored=stored,
        ground=ground,
        repeats=repeats,
        is_advisor=not may_judge(visit),
        is_known_to_ring=known.needs_clinician,
    )
    return sent if log is None else await _asked(visit, sent, log)


async def _asked(visit: Visit, sent: Sent, log: str) -> Sent | Response:
    asked = await asked_here(visit, sent.ground, sent.stored.case, log)
    if isinstance(asked, Response):
        return asked
    return msgspec.structs.replace(sent, asked=asked)


@page("/patients/{id}/calls/{case}/end", gate=ANSWERERS)
async def show_ending(visit: Visit) -> Response:
    found = await _here(visit)
    if isinstance(found, Response):
        return found
    case = found.stored.case
    keeping = await resume(visit, CALL_END, note=case.id, based_on=found.stored.version)
    if isinstance(keeping, Response):
        return keeping
    form = Form(fill_of(None) | await _said_before(visit, found.stored))
    form.values.update(keeping.values)
    found = await _asked(visit, found, form.values.get("log", ""))
    if isinstance(found, Response):
        return found
    fill_in(form.values, fill_of(None), fill_of(found.asked))
    return _show(visit, found, form, keeping)


@page("/patients/{id}/calls/{case}/questions", gate=ANSWERERS, methods=("POST",))
async def press_answer(visit: Visit) -> Response:
    """An answer by a button, where no script asks; and a red flag that is set aside."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await _here(visit, form.values.get("log", ""))
    if isinstance(found, Response):
        return found
    before = found.asked
    if before is not None:
        now = await pressed(visit, before, form)
        found = msgspec.structs.replace(found, asked=now)
        fill_in(form.values, fill_of(before), fill_of(now))
    return await _again(visit, found, form)


@page("/patients/{id}/calls/{case}/end", gate=ANSWERERS, methods=("POST",))
async def end_call(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    code = form.choice(
        "disposition", called="what the call comes to", among=tuple(DISPOSITIONS)
    )
    said = form.text("said", called="what was said", at_most=LONGEST_SAID)
    advice = form.text("advice", called="when to ring again", at_most=LONGEST_ADVICE)
    why = form.optional_text("why", called="why", at_most=LONGEST_WHY)
    found = await _here(visit, form.values.get("log", ""))
    if isinstance(found, Response):
        return await _ended_before(visit, form, (code, said, advice)) or found
    if code:
        _judge(found, form, Decision(disposition=code, why=why))
    if form.problems:
        return await _again(visit, found, form)
    now, mine = visit.clock.now(), await me(visit)
    outcome = Outcome(code=code, at=now, said=said, advice=advice, by=mine)
    wrong = await _end(visit, found, outcome, form, why)
    if wrong is not None:
        return wrong
    await finish(visit, form)
    return await _go_on(visit, found.ground, code)


async def _go_on(visit: Visit, ground: Ground, code: str) -> Response:
    """To whoever takes it, where somebody does; else to the call."""
    fitting = await who_takes(visit, ground.patient, DISPOSITIONS[code])
    return visit.go_to(here(visit, "send") if fitting else here(visit))


async def _ended_before(
    visit: Visit, form: Form, words: tuple[str, str, str]
) -> Response | None:
    """Where it led, for a press that was stored and whose answer was lost."""
    stored = await case_here(visit)
    if isinstance(stored, Response) or not stored.is_mine:
        return None
    ended = stored.case.outcome
    if ended is None or (ended.code, ended.said, ended.advice) != words:
        return None
    ground = await ground_of(visit)
    if isinstance(ground, Response):
        return None
    await finish(visit, form)
    return await _go_on(visit, ground, ended.code)


def _judge(found: Sent, form: Form, decision: Decision) -> None:
    """What stands against ending it so."""
    if not DISPOSITIONS[decision.disposition].waits and found.needs_clinician:
        form.reject(
            "disposition",
            wrong="This person rang twice before in four days",
            mend="Choose something for which a clinician or a service here waits.",
        )
    asked = found.asked
    if asked is None:
        return
    problem = barred(asked.turn, decision, may_judge=not found.is_advisor)
    for one in (*asked.problems, *([problem] if problem else [])):
        form.reject(one.place, wrong=one.wrong, mend=one.mend)


async def _again(visit: Visit, found: Sent, form: Form) -> Response:
    keeping = await go_on(visit, CALL_END, form, note=found.stored.case.id)
    if isinstance(keeping, Response):
        return keeping
    return _show(visit, found, form, keeping)


async def _said_before(visit: Visit, stored: Stored) -> dict[str, str]:
    """The words and answers of an end that was just taken back, to go on with."""
    if visit.query("again") != "yes":
        return {}
    was = await read_case(visit, stored.case.id, version=stored.version - 1)
    if isinstance(was, Response) or was.case.outcome is None:
        return {}
    ended = was.case.outcome
    log = await log_before(visit, stored.case.id, was.version - 1)
    return {"said": ended.said, "advice": ended.advice, "log": log}


async def _end(
    visit: Visit, found: Sent, outcome: Outcome, form: Form, why: str
) -> Response | None:
    """The case, what was asked, what it came to, where it waits: all or nothing.

    What the surgery, the repeat caller service and the ambulance service are told goes
    with it.
    """
    stored, patient = found.stored, found.ground.patient
    disposition, case = DISPOSITIONS[outcome.code], stored.case
    ended = msgspec.structs.replace(
        stored.case,
        outcome=outcome,
        status=OPEN if disposition.waits else OVER,
        ended=None if disposition.waits else outcome.at,
    )
    made = queued(
        ended.id,
        ended.patient,
        disposition,
        given=outcome.at,
        author=outcome.by,
        why=ended.complaint,
    )
    over = await _journey(visit, stored, ended)
    if isinstance(over, Refusal):
        return refused(visit, over, form)
    contents = [case_content(ended, stored.content), *made]
    told = (
        await told_at_end(visit, case.patient, case.id, contents)
        if ended.status == OVER
        else Told()
    ).and_also(await rang(visit, ended, patient))
    messages = await asked_by_message(
        visit, contents, patient=patient, words=outcome.said
    )
    new = [
        *(drafted(one) for one in (*made, *told.contents)),
        *(one.draft for one in messages),
    ]
    if found.asked is not None and (found.is_advisor or found.asked.log):
        new.append(triage_draft(stored, found.asked, outcome, why))
    drafts = [
        *(case_draft(ended, stored), *new),
        *(drafted_anew(content) for content, _ in over),
    ]
    expected = [
        *(stored.version, *(MUST_NOT_EXIST for _ in new)),
        *(version for _, version in over),
    ]
    beside = [*told.beside, *(one for it in messages for one in it.beside)]
    return await write(visit, drafts, expected, form, beside=beside)


async def _journey(
    visit: Visit, stored: Stored, ended: Case
) -> list[tuple[Content, int]] | Refusal:
    """Its journey, where nobody has anything more to do."""
    if ended.ended is None:
        return []
    return await journey_that_ends(
        visit, stored.content, patient=ended.patient, at=ended.ended
    )


def _show(visit: Visit, found: Sent, form: Form, keeping: Keeping) -> Response:
    asked = found.asked
    problems = (*form.problems.values(), *_unread(asked, form))
    choices = [
        (one.code, one.words) for one in DISPOSITIONS.values() if found.offers(one)
    ]
    return visit.render(
        "calls/end.html",
        status=422 if problems else 200,
        id=visit.path("id"),
        case=found.stored.case,
        banner=found.ground.banner,
        repeats=found.repeats,
        needs_clinician=found.needs_clinician,
        choices=[("", "Choose what it comes to"), *choices],
        keeping=keeping,
        typed=form.values,
        problems=problems,
        longest=(LONGEST_SAID, LONGEST_ADVICE, LONGEST_WHY),
        is_again=visit.query("again") == "yes",
        asked=asked,
        card=card_of(asked) if asked is not None else None,
        filled=fill_of(asked),
        may_judge=not found.is_advisor,
    )


def _unread(asked: Asked | None, form: Form) -> tuple[Problem, ...]:
    """What of the answers was refused, and is not told yet."""
    told = () if asked is None else asked.problems
    return tuple(one for one in told if one.place not in form.problems)
