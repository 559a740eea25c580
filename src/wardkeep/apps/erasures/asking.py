# SPDX-License-Identifier: Apache-2.0
"""Asking that a record be erased: nothing happens until a second person approves."""

from starlette.responses import Response

from wardkeep.apps.erasures.overview import DECIDERS, GROUNDS, RULE_WORDS
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
        rule=_rule(form),
        rules=RULE_WORDS,
        ground=form.values.get("ground", ""),
        grounds=GROUNDS,
        problems=problems,
    )


@page("/erasures/ask", gate=DECIDERS)
async def show_question(visit: Visit) -> Response:
    known = {name: visit.query(name) for name in ("patient", "rule", "ground")}
    return _show(visit, Form(known))


def _rule(form: Form) -> str:
    """The rule whose items are to go; empty where it is one person's record."""
    rule = form.values.get("rule", "")
    return rule if rule in RULE_WORDS else ""


@page("/erasures/ask", gate=DECIDERS, methods=("POST",))
async def ask_erasure(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    question = _question(visit, form)
    if form.problems:
        return _show(visit, form)
    given = await visit.warden.ask(question, Created)
    if isinstance(given, Refusal):
        form.reject("reason", wrong=given.why.rstrip("."), mend=given.mend)
        return _show(visit, form)
    return visit.go_to("/erasures?said=asked")


def _question(visit: Visit, form: Form) -> AskErasure:
    """What the form asks for; its problems tell what is missing."""
    rule, patient, ground = _rule(form), "", "retention-ended"
    if not rule:
        patient = form.text("patient", called="the record’s id", at_most=64)
        ground = form.choice("ground", called="a ground", among=tuple(GROUNDS))
        if patient and not is_fhir_id(patient):
            mend = "Copy it from the address of the record’s page."
            form.reject("patient", wrong="that is not a record’s id", mend=mend)
    reason = form.text("reason", called="the reason")
    if reason and len(reason) < FEWEST_REASON_CHARACTERS:
        mend = "Say in a sentence who asked, and when."
        form.reject("reason", wrong="the reason is too short", mend=mend)
    return AskErasure(visit.token, patient, ground, reason, rule)
