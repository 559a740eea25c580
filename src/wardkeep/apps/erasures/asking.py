# SPDX-License-Identifier: Apache-2.0
"""Asking that a record be erased: nothing happens until a second person approves."""

from starlette.responses import Response

from wardkeep.apps.erasures.overview import DECIDERS, GROUNDS
from wardkeep.base.ids import is_fhir_id
from wardkeep.disclosure.answers import Created, Refusal
from wardkeep.disclosure.questions import AskErasure
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

FEWEST_REASON_CHARACTERS = 10


def _show(visit: Visit, form: Form) -> Response:
    problems = tuple(form.problems.values())
    return visit.render(
        "erasures/ask.html",
        status=422 if problems else 200,
        typed={name: form.values.get(name, "") for name in ("patient", "reason")},
        ground=form.values.get("ground", ""),
        grounds=GROUNDS,
        problems=problems,
    )


@page("/erasures/ask", gate=DECIDERS)
async def show_question(visit: Visit) -> Response:
    return _show(visit, Form({"patient": visit.query("patient")}))


@page("/erasures/ask", gate=DECIDERS, methods=("POST",))
async def ask_erasure(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    patient = form.text("patient", called="the record’s id", at_most=64)
    ground = form.choice("ground", called="a ground", among=tuple(GROUNDS))
    reason = form.text("reason", called="the reason")
    if patient and not is_fhir_id(patient):
        mend = "Copy it from the address of the record’s page."
        form.reject("patient", wrong="that is not a record’s id", mend=mend)
    if reason and len(reason) < FEWEST_REASON_CHARACTERS:
        mend = "Say in a sentence who asked, and when."
        form.reject("reason", wrong="the reason is too short", mend=mend)
    if form.problems:
        return _show(visit, form)
    question = AskErasure(visit.token, patient, ground, reason)
    given = await visit.warden.ask(question, Created)
    if isinstance(given, Refusal):
        form.reject("patient", wrong=given.why.rstrip("."), mend=given.mend)
        return _show(visit, form)
    return visit.go_to("/erasures?said=asked")
