# SPDX-License-Identifier: Apache-2.0
"""The checklist: present or absent by keyboard, scores and suggestion as they stand.

Done means, to a clinician on the telephone at four in the morning: I tick as I hear it,
in any order; a red flag is at the top and stays there; I see what is suggested and why,
I decide, and say why where I decide otherwise. Whatever dies, my ticks are there when I
come back. Without scripts a button works it out. Rejected: a decision that is filled in
beforehand (it would be sent without having been made).
"""

from datetime import datetime
from typing import NamedTuple

import msgspec
from starlette.responses import Response

from wardkeep.apps.triage.opening import (
    ASSESSORS,
    InHand,
    Person,
    Sent,
    engine_in_use,
    form_sent,
    person_of,
    sent_in,
    set_aside,
)
from wardkeep.apps.triage.showing import groups_of
from wardkeep.base.ids import derived_uuid, is_uuid, new_uuid
from wardkeep.base.outcome import Problem
from wardkeep.care.keeping import Keeping, finish, go_on, resume
from wardkeep.care.kept_forms import TRIAGE
from wardkeep.care.of_patient import refused, whole_number
from wardkeep.care.opening import me, opener_of
from wardkeep.care.triage_shown import shown_in
from wardkeep.care.writing import drafted_anew
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.change import MUST_NOT_EXIST, Change
from wardkeep.fhir.store.outcomes import Conflict, Written
from wardkeep.fhir.store.writing import Writer
from wardkeep.fhir.triage.checklist import Checklist
from wardkeep.fhir.triage.engine import About, SetAside
from wardkeep.fhir.triage.held import counted
from wardkeep.fhir.triage.record import Decision, Triaged, response, undecided
from wardkeep.fhir.urgent.call_rows import CallRows
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.fhir.urgent.repeat import WINDOW
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.parts import tree_of
from wardkeep.web.trouble import MALFORMED, Trouble
from wardkeep.web.visit import Visit

LONGEST_WHY = 2_000
_ASIDE = "aside:"
_GOING = frozenset({"open", "ended"})
"""States of a call: on the telephone, or waiting for what it came to."""
_NOT_SAVED = Trouble(
    status=409,
    title="It could not be saved",
    why="The record does not take it as it is.",
    mend="Go back and look at it again.",
)


@page("/patients/{id}/triage/new", gate=ASSESSORS)
async def show_checklist(visit: Visit) -> Response:
    hand = await engine_in_use(visit)
    if isinstance(hand, Response):
        return hand
    person = await person_of(visit)
    if isinstance(person, Response):
        return person
    keeping = await resume(visit, TRIAGE)
    if isinstance(keeping, Response):
        return keeping
    form = Form({"which": new_uuid()} | keeping.values)
    sent = await _sent(visit, hand.engine, person.about, form)
    return _show(visit, Drawn(hand, person, form), keeping, sent)


async def _sent(visit: Visit, engine: Checklist, about: About, form: Form) -> Sent:
    by = await _who(visit)
    return sent_in(engine, about, form, by=by, at=_at(visit.clock.now()))


async def _who(visit: Visit) -> str:
    """Whoever is signed in, as a log names them."""
    mine = await me(visit)
    return mine.reference or mine.display


def _at(now: datetime) -> str:
    return now.isoformat(timespec="seconds")


class Drawn(NamedTuple):
    """What the form is drawn from."""

    hand: InHand
    person: Person
    form: Form


def _show(visit: Visit, drawn: Drawn, keeping: Keeping, sent: Sent) -> Response:
    content = drawn.hand.engine.content
    return visit.render(
        "triage/assess.html",
        status=422 if sent.problems else 200,
        id=visit.path("id"),
        banner=drawn.person.banner,
        about=drawn.person.about,
        content=content,
        held=counted(content, drawn.hand.marks),
        groups=groups_of(content),
        fields=sent.fields,
        log=sent.log,
        shown=shown_in(content, sent.turn, drawn.hand.marks),
        dispositions=[("", "Choose"), *((c, d.words) for c, d in DISPOSITIONS.items())],
        typed=drawn.form.values,
        problems=sent.problems,
        keeping=keeping,
        most=LONGEST_WHY,
    )


@page("/patients/{id}/triage/work-out", gate=ASSESSORS, methods=("POST",))
async def work_out(visit: Visit) -> Response:
    """What the ticks come to, for the page that asks after each one.

    It opens nothing: the page says what it was told of age and sex. What is saved is
    worked out anew from the record.
    """
    form = await form_sent(visit)
    if isinstance(form, Trouble):
        return visit.tell(form)
    hand = await engine_in_use(visit)
    if isinstance(hand, Response):
        return hand
    years = form.values.get("of-years", "")
    about = About(
        years=whole_number(years) if years else None,
        sex=form.values.get("of-sex", ""),
    )
    sent = await _sent(visit, hand.engine, about, form)
    part = visit.ground.fill(
        "triage/result.html",
        shown=shown_in(hand.engine.content, sent.turn, hand.marks),
        problems=sent.problems,
    )
    return visit.answer_json({"log": sent.log, "parts": tree_of(part)})


@page("/patients/{id}/triage/new", gate=ASSESSORS, methods=("POST",))
async def assess(visit: Visit) -> Response:
    form = await form_sent(visit)
    if isinstance(form, Trouble):
        return visit.tell(form)
    if not is_uuid(form.values.get("which", "")):
        return visit.tell(MALFORMED)
    hand = await engine_in_use(visit)
    if isinstance(hand, Response):
        return hand
    person = await person_of(visit)
    if isinstance(person, Response):
        return person
    sent = await _stepped(visit, hand.engine, person.about, form)
    if not form.values.get("press") and not sent.problems:
        saved = await _save(visit, hand.engine, form, sent)
        if isinstance(saved, Response):
            return saved
        sent = msgspec.structs.replace(sent, problems=(saved,))
    keeping = await go_on(visit, TRIAGE, form, note=form.values["which"])
    if isinstance(keeping, Response):
        return keeping
    return _show(visit, Drawn(hand, person, form), keeping, sent)


async def _stepped(visit: Visit, engine: Checklist, about: About, form: Form) -> Sent:
    """The form as it was sent, and the red flag that a button sets aside."""
    sent = await _sent(visit, engine, about, form)
    step = form.values.get("press", "")
    if not step.startswith(_ASIDE):
        return sent
    return await _aside(visit, engine, form, sent, step.removeprefix(_ASIDE))


async def _aside(
    visit: Visit, engine: Checklist, form: Form, sent: Sent, rule: str
) -> Sent:
    why = form.optional_text("aside-why", called="why", at_most=LONGEST_WHY)
    at = _at(visit.clock.now())
    setting = SetAside(rule=rule, by=await _who(visit), why=why, at=at)
    found = set_aside(engine, sent, setting)
    if not found.problems:
        form.values["aside-why"] = ""
    return found


async def _call(visit: Visit, patient: str) -> str:
    """The call that it belongs to: the one about this patient that is not over.

    Empty where there is none, or where nothing tells which of several it is.
    """
    since = visit.clock.now() - WINDOW
    rows = await visit.services[CallRows].of_patient(
        opener_of(visit).organisation, patient, since=since
    )
    going = [one.case for one in rows if one.state in _GOING]
    return going[0] if len(going) == 1 else ""


async def _save(
    visit: Visit, engine: Checklist, form: Form, sent: Sent
) -> Response | Problem:
    """Written once, whatever is pressed twice; a Problem where it cannot be decided."""
    why = form.optional_text("why", called="why", at_most=LONGEST_WHY)
    if form.problems:
        return next(iter(form.problems.values()))
    decision = Decision(disposition=form.values.get("disposition", ""), why=why)
    problem = undecided(sent.turn, decision)
    if problem is not None:
        return problem
    patient = visit.path("id")
    who = Triaged(
        id=derived_uuid("triage", patient, form.values["which"]),
        patient=patient,
        author=await me(visit),
        completed=visit.clock.now(),
        encounter=await _call(visit, patient),
    )
    made = response(engine.content, sent.turn, decision, who)
    written = await visit.services[Writer].write(
        Change(drafts=[drafted_anew(made.content)], expected=[MUST_NOT_EXIST]),
        opener=opener_of(visit),
    )
    if isinstance(written, Refusal):
        return refused(visit, written, form)
    if not isinstance(written, Written | Conflict):
        return visit.tell(_NOT_SAVED)
    await finish(visit, form)
    return visit.go_to(f"/patients/{patient}/triage/{who.id}?said=saved")
