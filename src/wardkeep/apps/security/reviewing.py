# SPDX-License-Identifier: Apache-2.0
"""Looking at one item: who, whom, when, why, and what to think of it."""

from starlette.responses import Response

from wardkeep.apps.security.overview import (
    DECIDERS,
    KINDS,
    containment_of,
    hours_left,
)
from wardkeep.disclosure.answers import Done, Refusal
from wardkeep.disclosure.containment import VERDICTS, ReviewAlarm
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit


async def _show(visit: Visit, form: Form) -> Response:
    found = await containment_of(visit)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    id_ = visit.path("id")
    alarm = next((one for one in found.alarms if one.id == id_), None)
    if alarm is None:
        return visit.tell(NOT_FOUND)
    problems = tuple(form.problems.values())
    return visit.render(
        "security/alarm.html",
        status=422 if problems else 200,
        one=alarm,
        kinds=KINDS,
        verdicts=VERDICTS,
        hours_left=hours_left(visit, alarm),
        is_officer=visit.session.role == "privacy_officer",
        problems=problems,
        typed=form.values,
    )


@page("/security/alarms/{id}", gate=DECIDERS)
async def show_alarm(visit: Visit) -> Response:
    return await _show(visit, Form({}))


@page("/security/alarms/{id}", gate=DECIDERS, methods=("POST",))
async def review(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    verdict = form.choice("verdict", called="what you think", among=tuple(VERDICTS))
    note = form.optional_text("note", called="the note", at_most=200)
    if form.problems:
        return await _show(visit, form)
    question = ReviewAlarm(visit.token, visit.path("id"), verdict, note)
    given = await visit.warden.ask(question, Done)
    if isinstance(given, Refusal):
        return visit.refuse(given)
    return visit.go_to("/security?said=reviewed")
