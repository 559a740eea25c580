# SPDX-License-Identifier: Apache-2.0
"""How a call ended: what it came to, what was said, and when to ring again.

What it came to and its place in a queue are written with the case, in one change. A
third call in four days ends with somebody who waits for it, unless a clinician has it.
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.calls.earlier_calls import known_of
from wardkeep.apps.calls.opening import (
    ADVISORS,
    ANSWERERS,
    Stored,
    case_draft,
    here,
    open_case,
    read_case,
    write,
)
from wardkeep.apps.calls.showing import Ground, ground_of, repeats_here
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
from wardkeep.fhir.urgent.case import OPEN, OVER, Case, Content, Outcome, case_content
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.fhir.urgent.queueing import queued
from wardkeep.fhir.urgent.repeat import Repeats
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

LONGEST_SAID, LONGEST_ADVICE = 2000, 1000
ADVICE = (
    "If it gets worse, if something new starts, or if you are worried, ring 111 again."
    " If somebody cannot breathe, will not wake or bleeds heavily, ring 999."
)
"""What the form begins with; whoever reads it out changes it to fit."""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What is known when a call ends."""

    stored: Stored
    ground: Ground
    repeats: Repeats

    def needs_clinician(self, visit: Visit) -> bool:
        """By what is known here, or by the repeat caller service."""
        is_advisor = ADVISORS.admits(visit.session.role)
        rang = known_of(visit, self.stored.case, self.ground.patient)
        return is_advisor and (self.repeats.needs_clinician or rang.needs_clinician)


async def _here(visit: Visit) -> Sent | Response:
    stored = await open_case(visit)
    if isinstance(stored, Response):
        return stored
    ground = await ground_of(visit)
    if isinstance(ground, Response):
        return ground
    repeats = await repeats_here(visit, stored.case, ground.patient)
    if isinstance(repeats, Response):
        return repeats
    return Sent(stored=stored, ground=ground, repeats=repeats)


@page("/patients/{id}/calls/{case}/end", gate=ANSWERERS)
async def show_ending(visit: Visit) -> Response:
    found = await _here(visit)
    if isinstance(found, Response):
        return found
    if found.ground.unread(found.stored.case):
        return visit.go_to(here(visit))
    case = found.stored.case
    keeping = await resume(visit, CALL_END, note=case.id, based_on=found.stored.version)
    if isinstance(keeping, Response):
        return keeping
    begun = {"advice": ADVICE} | await _said_before(visit, found.stored)
    return _show(visit, found, Form(begun | keeping.values), keeping)


@page("/patients/{id}/calls/{case}/end", gate=ANSWERERS, methods=("POST",))
async def end_call(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await _here(visit)
    if isinstance(found, Response):
        return found
    if found.ground.unread(found.stored.case):
        return visit.go_to(here(visit))
    code = form.choice(
        "disposition", called="what the call comes to", among=tuple(DISPOSITIONS)
    )
    said = form.text("said", called="what was said", at_most=LONGEST_SAID)
    advice = form.text("advice", called="when to ring again", at_most=LONGEST_ADVICE)
    chosen = DISPOSITIONS.get(code)
    if chosen and not chosen.waits and found.needs_clinician(visit):
        form.reject(
            "disposition",
            wrong="This person rang twice before in four days",
            mend="Choose something for which a clinician or a service here waits.",
        )
    if form.problems or chosen is None:
        case = found.stored.case
        keeping = await go_on(visit, CALL_END, form, note=case.id)
        if isinstance(keeping, Response):
            return keeping
        return _show(visit, found, form, keeping)
    now, mine = visit.clock.now(), await me(visit)
    outcome = Outcome(code=code, at=now, said=said, advice=advice, by=mine)
    wrong = await _end(visit, found, outcome, form)
    if wrong is not None:
        return wrong
    await finish(visit, form)
    return visit.go_to(here(visit))


async def _said_before(visit: Visit, stored: Stored) -> dict[str, str]:
    """The words of an end that was just taken back, to go on with."""
    if visit.query("again") != "yes":
        return {}
    was = await read_case(visit, stored.case.id, version=stored.version - 1)
    if isinstance(was, Response) or was.case.outcome is None:
        return {}
    return {"said": was.case.outcome.said, "advice": was.case.outcome.advice}


async def _end(
    visit: Visit, found: Sent, outcome: Outcome, form: Form
) -> Response | None:
    """The case, what it came to, and where it waits: all or nothing.

    What the surgery and the repeat caller service are told goes with it.
    """
    stored, patient = found.stored, found.ground.patient
    disposition, case = DISPOSITIONS[outcome.code], stored.case
    ended = msgspec.structs.replace(
        case,
        outcome=outcome,
        status=OPEN if disposition.waits else OVER,
        ended=None if disposition.waits else outcome.at,
    )
    made = queued(
        case.id,
        case.patient,
        disposition,
        given=outcome.at,
        author=outcome.by,
        why=case.complaint,
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
    more = [*made, *told.contents]
    drafts = [
        *(case_draft(ended, stored), *map(drafted, more)),
        *(drafted_anew(content) for content, _ in over),
    ]
    expected = [
        *(stored.version, *(MUST_NOT_EXIST for _ in more)),
        *(version for _, version in over),
    ]
    return await write(visit, drafts, expected, form, beside=told.beside)


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
    problems = tuple(form.problems.values())
    needs = found.needs_clinician(visit)
    choices = [
        (one.code, one.words) for one in DISPOSITIONS.values() if one.waits or not needs
    ]
    return visit.render(
        "calls/end.html",
        status=422 if problems else 200,
        id=visit.path("id"),
        case=found.stored.case,
        banner=found.ground.banner,
        repeats=found.repeats,
        needs_clinician=needs,
        choices=[("", "Choose what it comes to"), *choices],
        keeping=keeping,
        typed=form.values,
        problems=problems,
        longest=(LONGEST_SAID, LONGEST_ADVICE),
        is_again=visit.query("again") == "yes",
    )
