# SPDX-License-Identifier: Apache-2.0
"""Rules are held against their original publications, one by one, by a named person.

Done means, to a clinician at the checklist: beside the rule I read who held it, when,
and which clause; or that nobody did. A mark is of the rule's own words: whoever changes
them has an unmarked rule. Taken back, it is gone from then on, and the record of the
organisation's Library says who took it.
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.protocols.shelf import protocol_of
from wardkeep.apps.protocols.trying import NOT_RUN
from wardkeep.care.leads import LEADS
from wardkeep.care.of_patient import CHANGED, whole_number
from wardkeep.care.opening import opener_of
from wardkeep.care.writing import drafted
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.outcomes import Written
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer
from wardkeep.fhir.triage.content import Content, Rule
from wardkeep.fhir.triage.held import Held, counted, marks_library
from wardkeep.fhir.triage.judging import judged
from wardkeep.fhir.triage.library import NAMES, PLACES
from wardkeep.fhir.triage.standing import Standing, standing
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """A content, and the marks of the organisation."""

    content: Content
    standing: Standing

    def held(self, rule: Rule) -> Held | None:
        return self.standing.marks.get(rule.digest)


async def _looked(visit: Visit) -> Looked | Response:
    """The address names what stands in use, or a protocol of one's own."""
    name, content = visit.path("id"), None
    if name not in NAMES:
        found = await protocol_of(visit)
        if isinstance(found, Response):
            return found
        content = judged(*found.pair).content
        if content is None:
            return visit.tell(NOT_RUN)
        name = PLACES[content.engine]
    stands = await standing(visit.services[Reader], name, opener=opener_of(visit))
    if isinstance(stands, Refusal):
        return visit.refuse(stands)
    return Looked(content=content or stands.content, standing=stands)


@page("/protocols/{id}/held", gate=LEADS)
async def show_held(visit: Visit) -> Response:
    found = await _looked(visit)
    if isinstance(found, Response):
        return found
    return visit.render(
        "protocols/held.html",
        id=visit.path("id"),
        content=found.content,
        marks=found.standing.marks,
        count=counted(found.content, found.standing.marks),
        dispositions=DISPOSITIONS,
        said=visit.query("said"),
    )


@page("/protocols/{id}/held/{rule}", gate=LEADS)
async def show_held_rule(visit: Visit) -> Response:
    found = await _looked(visit)
    if isinstance(found, Response):
        return found
    return _show(visit, found, Form({}))


def _show(visit: Visit, found: Looked, form: Form) -> Response:
    rule = found.content.rule(visit.path("rule"))
    if rule is None:
        return visit.tell(NOT_FOUND)
    problems = tuple(form.problems.values())
    words = {link: item.words() for link, item in found.content.items.items()}
    return visit.render(
        "protocols/held_rule.html",
        status=422 if problems else 200,
        id=visit.path("id"),
        content=found.content,
        rule=rule,
        held=found.held(rule),
        version=found.standing.marks_version,
        rests_on=[(link, words[link]) for link in rule.reads],
        dispositions=DISPOSITIONS,
        typed={"clause": rule.clause} | form.values,
        problems=problems,
    )


@page("/protocols/{id}/held/{rule}", gate=LEADS, methods=("POST",))
async def hold(visit: Visit) -> Response:
    return await _change(visit, is_held=True)


@page("/protocols/{id}/held/{rule}/withdraw", gate=LEADS, methods=("POST",))
async def withdraw(visit: Visit) -> Response:
    return await _change(visit, is_held=False)


async def _change(visit: Visit, *, is_held: bool) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await _looked(visit)
    if isinstance(found, Response):
        return found
    rule = found.content.rule(visit.path("rule"))
    if rule is None or form.values.get("which", "") != rule.digest:
        return visit.tell(CHANGED)
    marks = {k: v for k, v in found.standing.marks.items() if k != rule.digest}
    if is_held:
        marks[rule.digest] = _mark(visit, form, rule)
    if form.problems:
        return _show(visit, found, form)
    version = whole_number(form.values.get("version", ""))
    kept = await _keep(visit, marks_library(found.standing.name, marks), version)
    said = "held" if is_held else "withdrawn"
    return kept or visit.go_to(f"/protocols/{visit.path('id')}/held?said={said}")


def _mark(visit: Visit, form: Form, rule: Rule) -> Held:
    return Held(
        rule=rule.digest,
        name=form.text("name", called="your name and registration", at_most=200),
        day=visit.today.isoformat(),
        clause=form.text("clause", called="the clause that you read", at_most=300),
        account=visit.session.account,
    )


async def _keep(
    visit: Visit, content: dict[str, object], version: int
) -> Response | None:
    """None where it is stored."""
    written = await visit.services[Writer].write(
        Change(drafts=[drafted(content)], expected=[version]),
        opener=opener_of(visit),
    )
    if isinstance(written, Refusal):
        return visit.refuse(written)
    return None if isinstance(written, Written) else visit.tell(CHANGED)
