# SPDX-License-Identifier: Apache-2.0
"""A protocol is begun, brought in, and given its head; every mistake at its place.

Done means, to a clinical lead: I begin from what is nearest, change one rule after the
other, and see after each what is wrong, where, and what mends it; what I typed is kept
though it is wrong or not finished; nobody is triaged by it before a second person
reviewed it and somebody took it into use.
"""

import re
from collections.abc import Sequence
from datetime import date

import msgspec
from starlette.responses import Response

from wardkeep.apps.protocols.shelf import (
    FULL,
    MOST_KEPT,
    STAGE_WORDS,
    TOO_LONG,
    all_protocols,
    being_written,
    changed,
    is_shown_below,
    protocol_of,
    stored,
)
from wardkeep.base.ids import new_uuid
from wardkeep.base.outcome import Problem
from wardkeep.care.leads import LEADS
from wardkeep.care.of_patient import whole_number
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.triage.authoring import (
    Head,
    begun_from,
    head_of,
    questions_typed,
    rules_typed,
    with_head,
)
from wardkeep.fhir.triage.content import CHECKLIST, ENGINES, STRICT_ORDER
from wardkeep.fhir.triage.judging import Judged, judged, question_at, rule_at
from wardkeep.fhir.triage.library import NAMES, shipped, shipped_content
from wardkeep.fhir.triage.protocol import (
    MOST_BYTES,
    WRITING,
    Protocol,
    is_too_long,
    read_pair,
)
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

LONGEST_TEXT_BYTES = 250_000
"""Of a text in a form, as it is sent."""
ENGINE_WORDS = {
    CHECKLIST: "Checklist: ticks in any order, for clinicians",
    STRICT_ORDER: "Strict order: one question at a time, for call takers",
}
_NOT_A_WORD = re.compile(r"[^a-z0-9]+")


@page("/protocols", gate=LEADS)
async def show_protocols(visit: Visit) -> Response:
    return await _show_list(visit, Form({}), ())


async def _show_list(visit: Visit, form: Form, problems: Sequence[Problem]) -> Response:
    found = await all_protocols(visit)
    if isinstance(found, Response):
        return found
    said = (*form.problems.values(), *problems)
    return visit.render(
        "protocols/list.html",
        status=422 if said else 200,
        now=[one for one in found if not is_shown_below(one)],
        over=[one for one in found if is_shown_below(one)],
        stages=STAGE_WORDS,
        nearest=[
            *((name, shipped_content(name).title) for name in NAMES),
            *((one.id, f"{one.title}, {one.name}") for one in found),
        ],
        mine=visit.session.account,
        typed=form.values,
        problems=said,
        most=MOST_BYTES,
        said=visit.query("said"),
    )


@page("/protocols/begin", gate=LEADS, methods=("POST",))
async def begin(visit: Visit) -> Response:
    """A copy of what is nearest, under a name of one's own."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    title = form.text("title", called="what it is called", at_most=200)
    if form.problems:
        return await _show_list(visit, form, ())
    nearest = form.values.get("nearest", "")
    if nearest in NAMES:
        return await new_protocol(visit, *copied(visit, shipped(nearest), title))
    found = await protocol_of(visit, nearest or "none")
    if isinstance(found, Response):
        return found
    return await new_protocol(visit, *copied(visit, found.pair, title))


def copied(
    visit: Visit, pair: tuple[Resource, Resource], title: str
) -> tuple[Resource, Resource]:
    """To be written on: named after the organisation and its title, version 1."""
    slug = _NOT_A_WORD.sub("-", title.casefold()).strip("-")[:40] or "protocol"
    head = head_of(pair[0])
    named = msgspec.structs.replace(
        head,
        title=title,
        url=f"urn:wardkeep:own:{visit.session.organisation_slug}:{slug}",
        version=next_version(visit.today),
    )
    return begun_from(
        *pair,
        named,
        publisher=visit.session.organisation_name,
        day=visit.today.isoformat(),
    )


def next_version(day: date) -> str:
    """As in 2026.11.29; the author gives another one where it is taken."""
    return f"{day.year}.{day.month}.{day.day}"


async def new_protocol(visit: Visit, plan: Resource, asked: Resource) -> Response:
    """It is stored, its only author is whoever began it, and it is shown."""
    kept = await all_protocols(visit)
    if isinstance(kept, Response):
        return kept
    if len(kept) >= MOST_KEPT:
        return visit.tell(FULL)
    made = Protocol(
        id=new_uuid(),
        stage=WRITING,
        plan=plan,
        asked=asked,
        authors=(visit.session.account,),
        by=Person(),
    )
    found = await stored(visit, made, 0)
    if isinstance(found, Response):
        return found
    return visit.go_to(f"/protocols/{made.id}")


@page("/protocols/bring-in", gate=LEADS, methods=("POST",))
async def bring_in(visit: Visit) -> Response:
    """Two FHIR resources as text; whatever is wrong with them is told once stored."""
    form = await visit.form(longest=LONGEST_TEXT_BYTES)
    if isinstance(form, Trouble):
        return visit.tell(form)
    read = _read(form)
    if not isinstance(read[0], Resource) or not isinstance(read[1], Resource):
        problems = tuple(one for one in read if isinstance(one, Problem))
        return await _show_list(visit, form, problems)
    return await new_protocol(visit, read[0], read[1])


def _read(form: Form) -> tuple[Resource, Resource] | tuple[Problem, ...]:
    texts = [form.values.get(name, "") for name in ("text-1", "text-2")]
    return read_pair(texts)


# One protocol


@page("/protocols/{id}", gate=LEADS)
async def show_protocol(visit: Visit) -> Response:
    found = await protocol_of(visit)
    if isinstance(found, Response):
        return found
    return show_whole(visit, found, Form({}))


def show_whole(visit: Visit, protocol: Protocol, form: Form) -> Response:
    told = judged(*protocol.pair)
    problems = tuple(form.problems.values())
    return visit.render(
        "protocols/protocol.html",
        status=422 if problems else 200,
        one=protocol,
        head=head_of(protocol.plan),
        told=told,
        wrongs=[(problem, _path_of(protocol, problem)) for problem in told.problems],
        rules=_rule_lines(protocol, told),
        questions=[
            (one, told.of_question(one.link)) for one in questions_typed(protocol.asked)
        ],
        stage=STAGE_WORDS[protocol.stage],
        is_written=protocol.stage == WRITING,
        engines=list(ENGINE_WORDS.items()),
        ends=_ends(),
        mine=protocol.is_by(visit.session.account),
        dispositions=DISPOSITIONS,
        problems=problems,
        typed=form.values,
        said=visit.query("said"),
    )


def _rule_lines(protocol: Protocol, told: Judged) -> list[tuple[object, object]]:
    return [
        (one, told.of_rule(number))
        for number, one in enumerate(rules_typed(protocol.plan))
    ]


def _path_of(protocol: Protocol, problem: Problem) -> str:
    """Below the protocol, where it is mended; empty: on its own page, or as FHIR."""
    number, link = rule_at(problem), question_at(problem)
    rules = rules_typed(protocol.plan)
    if number is not None and number < len(rules) and rules[number].id:
        return f"rules/{rules[number].id}"
    asked = {one.link for one in questions_typed(protocol.asked)}
    return f"questions/{link}" if link and link in asked else ""


def _ends() -> list[tuple[str, str]]:
    listed = [(code, one.words) for code, one in DISPOSITIONS.items()]
    return [("", "Nothing is suggested"), *listed]


@page("/protocols/{id}/head", gate=LEADS, methods=("POST",))
async def save_head(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await being_written(visit)
    if isinstance(found, Response):
        return found
    head = Head(
        title=form.text("title", called="what it is called", at_most=200),
        url=form.text("url", called="its address", at_most=200),
        version=form.text("of-version", called="its version", at_most=40),
        engine=form.choice("engine", called="how it is asked", among=ENGINES),
        applies=form.optional_text("applies", called="for whom it is", at_most=2_000),
        otherwise=form.values.get("otherwise", "")
        if form.values.get("otherwise", "") in DISPOSITIONS
        else "",
    )
    if any(letter.isspace() or letter == "|" for letter in head.url + head.version):
        wrong = "its address or version has a space or a bar"
        form.reject("url", wrong=wrong, mend="As in urn:example:chest and 3.")
    if form.problems:
        return show_whole(visit, found, form)
    kept = await changed(visit, found, *with_head(*found.pair, head), _version(form))
    if isinstance(kept, Problem):
        form.problems["title"] = kept
        return show_whole(visit, found, form)
    if isinstance(kept, Response):
        return kept
    return visit.go_to(f"/protocols/{found.id}?said=saved")


def _version(form: Form) -> int:
    return whole_number(form.values.get("version", ""))


@page("/protocols/{id}/fhir", gate=LEADS)
async def show_texts(visit: Visit) -> Response:
    found = await protocol_of(visit)
    if isinstance(found, Response):
        return found
    texts = [_pretty(one) for one in found.pair]
    return _show_texts(visit, found, texts, ())


def _pretty(resource: Resource) -> str:
    return msgspec.json.format(resource.compact, indent=1).decode()


def _show_texts(
    visit: Visit, found: Protocol, texts: Sequence[str], problems: Sequence[Problem]
) -> Response:
    return visit.render(
        "protocols/fhir.html",
        status=422 if problems else 200,
        one=found,
        texts=texts,
        is_written=found.stage == WRITING,
        problems=problems,
        most=MOST_BYTES,
    )


@page("/protocols/{id}/fhir", gate=LEADS, methods=("POST",))
async def save_texts(visit: Visit) -> Response:
    form = await visit.form(longest=LONGEST_TEXT_BYTES)
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await being_written(visit)
    if isinstance(found, Response):
        return found
    read = _read(form)
    texts = [form.values.get(name, "") for name in ("text-1", "text-2")]
    if not isinstance(read[0], Resource) or not isinstance(read[1], Resource):
        problems = tuple(one for one in read if isinstance(one, Problem))
        return _show_texts(visit, found, texts, problems)
    if is_too_long(read[0], read[1]):
        return _show_texts(visit, found, texts, (TOO_LONG,))
    kept = await changed(visit, found, read[0], read[1], _version(form))
    if isinstance(kept, Response | Problem):
        return visit.tell(NOT_FOUND) if isinstance(kept, Problem) else kept
    return visit.go_to(f"/protocols/{found.id}?said=saved")
