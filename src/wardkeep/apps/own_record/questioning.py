# SPDX-License-Identifier: Apache-2.0
"""I do not recognise this: a patient asks, and a privacy officer looks."""

from starlette.responses import Response

from wardkeep.apps.own_record.openings import PATIENTS
from wardkeep.disclosure.answers import Done, Refusal
from wardkeep.disclosure.containment import QuestionOpening
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

LONGEST_WORDS = 500


def _show(visit: Visit, form: Form) -> Response:
    entry = visit.path("entry")
    if not entry.isdecimal():
        return visit.tell(NOT_FOUND)
    problems = tuple(form.problems.values())
    return visit.render(
        "own_record/question.html",
        status=422 if problems else 200,
        entry=int(entry),
        words=form.values.get("words", ""),
        problems=problems,
    )


@page("/my-record/{entry}/question", gate=PATIENTS)
async def show_question(visit: Visit) -> Response:
    return _show(visit, Form({}))


@page("/my-record/{entry}/question", gate=PATIENTS, methods=("POST",))
async def question_opening(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    words = form.optional_text("words", called="what you say", at_most=LONGEST_WORDS)
    if form.problems or not visit.path("entry").isdecimal():
        return _show(visit, form)
    question = QuestionOpening(visit.token, int(visit.path("entry")), words)
    given = await visit.warden.ask(question, Done)
    if isinstance(given, Refusal):
        return visit.refuse(given)
    return visit.go_to("/my-record?said=asked")
