# SPDX-License-Identifier: Apache-2.0
"""One question of a protocol: its name in conditions, its words, what it turns on."""

from starlette.responses import Response

from wardkeep.apps.protocols.rules import KEEP, NEW, kept_answer
from wardkeep.apps.protocols.shelf import (
    NOT_WRITTEN_ON,
    being_written,
    changed,
    protocol_of,
)
from wardkeep.base.outcome import Problem
from wardkeep.care.leads import LEADS
from wardkeep.care.of_patient import whole_number
from wardkeep.fhir.triage.authoring import (
    QUESTIONS,
    QuestionTyped,
    questions_typed,
    with_question,
    without_question,
)
from wardkeep.fhir.triage.judging import judged
from wardkeep.fhir.triage.protocol import WRITING, Protocol
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

_TAKEN = ("age", "sex", NEW)


@page("/protocols/{id}/questions/{link}", gate=LEADS)
async def show_question(visit: Visit) -> Response:
    found, link = await protocol_of(visit), visit.path("link")
    if isinstance(found, Response):
        return found
    if link == NEW:
        if found.stage != WRITING:
            return visit.tell(NOT_WRITTEN_ON)
        return _show(visit, found, QuestionTyped(link=""), Form({}))
    one = _question(found, link)
    if one is None:
        return visit.tell(NOT_FOUND)
    return _show(visit, found, one, Form({}))


def _question(protocol: Protocol, link: str) -> QuestionTyped | None:
    asked = questions_typed(protocol.asked)
    return next((one for one in asked if one.link == link), None)


def _show(
    visit: Visit, protocol: Protocol, typed: QuestionTyped, form: Form
) -> Response:
    problems = tuple(form.problems.values())
    told = judged(*protocol.pair)
    rules = told.content.rules if told.content is not None else ()
    return visit.render(
        "protocols/question.html",
        status=422 if problems else 200,
        one=protocol,
        typed=typed,
        link=visit.path("link"),
        is_new=visit.path("link") == NEW,
        is_written=protocol.stage == WRITING,
        kinds=_kinds(typed),
        told=told.of_question(typed.link),
        used=[one for one in rules if typed.link and typed.link in one.reads],
        problems=problems,
        said=visit.query("said"),
    )


def _kinds(typed: QuestionTyped) -> list[tuple[str, str]]:
    other = [] if typed.type in QUESTIONS else [(typed.type, "One of some answers")]
    return [*QUESTIONS.items(), *other]


@page("/protocols/{id}/questions/{link}", gate=LEADS, methods=("POST",))
async def save_question(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found, was = await being_written(visit), visit.path("link")
    if isinstance(found, Response):
        return found
    before = _question(found, was)
    if before is None and was != NEW:
        return visit.tell(NOT_FOUND)
    typed = _typed(form, found, before)
    kept: Protocol | Problem | Response
    if form.problems:
        kept = next(iter(form.problems.values()))
    else:
        asked = with_question(found.asked, typed, was=before.link if before else "")
        version = whole_number(form.values.get("version", ""))
        kept = await changed(visit, found, found.plan, asked, version)
    if form.values.get("press") == KEEP:
        return kept_answer(visit, kept)
    if isinstance(kept, Response):
        return kept
    if isinstance(kept, Problem):
        form.problems.setdefault(kept.place, kept)
        return _show(visit, found, typed, form)
    return visit.go_to(f"/protocols/{found.id}/questions/{typed.link}?said=saved")


def _typed(form: Form, found: Protocol, before: QuestionTyped | None) -> QuestionTyped:
    words = form.text("words", called="what is asked", at_most=500)
    helps = form.optional_text("help", called="what it turns on", at_most=500)
    if before is not None:
        chosen = form.values.get("type", "")
        kind = chosen if chosen in QUESTIONS else before.type
        return QuestionTyped(link=before.link, words=words, type=kind, help=helps)
    link = form.text("link", called="its name in conditions", at_most=60)
    kind = form.choice("type", called="how it is answered", among=tuple(QUESTIONS))
    is_taken = link in _TAKEN or _question(found, link) is not None
    if link and (is_taken or not link.isidentifier() or not link.isascii()):
        wrong = f"“{link}” is taken, or is no name for a condition"
        form.reject("link", wrong=wrong, mend="Use letters and digits, as in stridor.")
    return QuestionTyped(link=link, words=words, type=kind, help=helps)


@page("/protocols/{id}/questions/{link}/remove", gate=LEADS, methods=("POST",))
async def remove_question(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await being_written(visit)
    if isinstance(found, Response):
        return found
    asked = without_question(found.asked, visit.path("link"))
    version = whole_number(form.values.get("version", ""))
    kept = await changed(visit, found, found.plan, asked, version)
    if isinstance(kept, Response):
        return kept
    return visit.go_to(f"/protocols/{found.id}?said=removed#questions")
