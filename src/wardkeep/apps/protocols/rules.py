# SPDX-License-Identifier: Apache-2.0
"""One rule of a protocol: its words, condition, source and examples, and what they do.

Done means, to an author: I type, and it is kept as I type, wrong or not; when I save I
see beside each example what came out of it. Rejected: refusing to store a rule that is
wrong (half a rule is work too; sending it to review is what is refused).
"""

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from wardkeep.apps.protocols.shelf import (
    NOT_WRITTEN_ON,
    STAGE_WORDS,
    being_written,
    changed,
    protocol_of,
)
from wardkeep.base.ids import is_fhir_id, new_uuid
from wardkeep.base.outcome import Problem
from wardkeep.base.time_of_day import time_of_day
from wardkeep.care.leads import LEADS
from wardkeep.care.of_patient import whole_number
from wardkeep.fhir.triage.authoring import (
    Json,
    RuleTyped,
    examples_read,
    questions_typed,
    rules_typed,
    with_rule,
    without_rule,
)
from wardkeep.fhir.triage.judging import Ran, examples_run, judged
from wardkeep.fhir.triage.protocol import WRITING, Protocol
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

NEW = "new"
KEEP = "keep"
"""The press of the script, while somebody types."""
LONGEST_FIELD_BYTES = 40_000
_LONGEST = {
    "words": 500,
    "condition": 2_000,
    "citation": 500,
    "clause": 300,
    "url": 500,
    "unchecked": 1_000,
    "examples": 10_000,
}
_CALLED = {
    "words": "what it means",
    "condition": "the condition",
    "citation": "who published it",
    "clause": "the clause",
    "url": "the address",
    "unchecked": "what was not checked",
    "examples": "the examples",
}


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as its page shows it."""

    typed: RuleTyped
    problems: Sequence[Problem] = ()
    """Of the protocol, about this rule."""
    ran: Sequence[Ran] = ()
    following: str = ""
    """The id of the next rule; empty: it is the last."""


@page("/protocols/{id}/rules/{rule}", gate=LEADS)
async def show_rule(visit: Visit) -> Response:
    found = await protocol_of(visit)
    if isinstance(found, Response):
        return found
    if visit.path("rule") == NEW:
        if found.stage != WRITING:
            return visit.tell(NOT_WRITTEN_ON)
        typed = RuleTyped(id=f"rule-{new_uuid()[:8]}")
        return _show(visit, found, Shown(typed=typed), Form({}))
    shown = shown_rule(found, visit.path("rule"))
    if shown is None:
        return visit.tell(NOT_FOUND)
    return _show(visit, found, shown, Form({}))


def shown_rule(protocol: Protocol, id_: str) -> Shown | None:
    """A stored rule with what is wrong with it and what its examples did."""
    rules = rules_typed(protocol.plan)
    number = next((at for at, one in enumerate(rules) if one.id == id_), None)
    if number is None:
        return None
    told = judged(*protocol.pair)
    compiled = told.content.rule(id_) if told.content is not None else None
    following = rules[number + 1].id if number + 1 < len(rules) else ""
    return Shown(
        typed=rules[number],
        problems=told.of_rule(number),
        ran=examples_run(told.content, compiled)
        if told.content is not None and compiled is not None
        else (),
        following=following,
    )


def _show(visit: Visit, protocol: Protocol, shown: Shown, form: Form) -> Response:
    problems = tuple(form.problems.values())
    return visit.render(
        "protocols/rule.html",
        status=422 if problems else 200,
        one=protocol,
        shown=shown,
        rule=shown.typed,
        is_written=protocol.stage == WRITING,
        stage=STAGE_WORDS[protocol.stage],
        questions=questions_typed(protocol.asked),
        dispositions=[("", "Choose"), *((c, d.words) for c, d in DISPOSITIONS.items())],
        words_of=DISPOSITIONS,
        problems=problems,
        said=visit.query("said"),
    )


@page("/protocols/{id}/rules/{rule}", gate=LEADS, methods=("POST",))
async def save_rule(visit: Visit) -> Response:
    form = await visit.form(longest=LONGEST_FIELD_BYTES)
    if isinstance(form, Trouble):
        return visit.tell(form)
    found, id_ = await being_written(visit), visit.path("rule")
    if isinstance(found, Response):
        return found
    if not is_fhir_id(id_) or id_ == NEW:
        return visit.tell(NOT_FOUND)
    typed = _typed(form, id_)
    examples = examples_read(typed.examples)
    if isinstance(examples, Problem):
        form.problems.setdefault("examples", examples)
        examples = ()
    kept = await _kept(visit, found, form, typed, examples)
    if form.values.get("press") == KEEP:
        return kept_answer(visit, kept)
    if isinstance(kept, Response):
        return kept
    if isinstance(kept, Problem):
        form.problems.setdefault(kept.place, kept)
        return _show(visit, found, Shown(typed=typed), form)
    return visit.go_to(f"/protocols/{found.id}/rules/{id_}?said=saved")


def _typed(form: Form, id_: str) -> RuleTyped:
    said = {
        name: form.optional_text(name, called=_CALLED[name], at_most=most)
        for name, most in _LONGEST.items()
    }
    chosen = form.values.get("disposition", "")
    return RuleTyped(
        id=id_,
        disposition=chosen if chosen in DISPOSITIONS else "",
        is_red_flag=form.values.get("red-flag") == "yes",
        **said,
    )


async def _kept(
    visit: Visit,
    protocol: Protocol,
    form: Form,
    typed: RuleTyped,
    examples: tuple[Json, ...],
) -> Protocol | Problem | Response:
    if form.problems:
        return next(iter(form.problems.values()))
    plan = with_rule(protocol.plan, typed, examples, was=typed.id)
    version = whole_number(form.values.get("version", ""))
    return await changed(visit, protocol, plan, protocol.asked, version)


def kept_answer(visit: Visit, kept: Protocol | Problem | Response) -> Response:
    """What the script is told after each pause of whoever types."""
    if isinstance(kept, Response):
        words = "Not kept: somebody else changed this protocol, or you were signed out."
        return visit.answer_json({"wrong": words}, status=409)
    if isinstance(kept, Problem):
        return visit.answer_json({"wrong": f"Not kept: {kept.wrong}."})
    at = time_of_day(visit.clock.now(), seconds=True)
    return visit.answer_json({"version": kept.version, "at": at})


@page("/protocols/{id}/rules/{rule}/remove", gate=LEADS, methods=("POST",))
async def remove_rule(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await being_written(visit)
    if isinstance(found, Response):
        return found
    plan = without_rule(found.plan, visit.path("rule"))
    version = whole_number(form.values.get("version", ""))
    kept = await changed(visit, found, plan, found.asked, version)
    if isinstance(kept, Response):
        return kept
    return visit.go_to(f"/protocols/{found.id}?said=removed#rules")
