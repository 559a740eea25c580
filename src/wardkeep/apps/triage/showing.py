# SPDX-License-Identifier: Apache-2.0
"""A triage in words: groups of questions, what they come to, and one that is stored.

Done means: whoever reads it later sees what was ticked, what was suggested and why,
what was decided instead and why, and whether the same answers still come to the same.
"""

from collections.abc import Iterator, Mapping

import msgspec
from starlette.responses import Response

from wardkeep.apps.triage.opening import ASSESSORS
from wardkeep.apps.triage.striking import LONGEST_WHY, SAID, may_strike
from wardkeep.care.chart import build_chart
from wardkeep.care.of_patient import (
    OF_BANNER,
    READERS,
    banner_for,
    banner_on,
    refused,
)
from wardkeep.care.opening import me, opener_of
from wardkeep.care.triage_content import content_in_use, content_named
from wardkeep.care.triage_shown import Shown, shown_in
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.person import person_in
from wardkeep.fhir.questionnaires.questionnaire import Item
from wardkeep.fhir.questionnaires.response import TYPE
from wardkeep.fhir.store.outcomes import NotFound, OpenedResource
from wardkeep.fhir.store.parts import Part, PartReader
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.triage.content import STRICT_ORDER, Content
from wardkeep.fhir.triage.engine import (
    NO,
    YES,
    About,
    Answer,
    Entry,
    Question,
    Turn,
    replay,
)
from wardkeep.fhir.triage.evaluating import known, question_of
from wardkeep.fhir.triage.held import Held
from wardkeep.fhir.triage.library import engine_of
from wardkeep.fhir.triage.record import Stored, disproved, stored_in
from wardkeep.fhir.triage.struck import MISTAKE, struck_in
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

_MOST_LISTED = 200
_BESIDE = {"not-sure": "not sure", "": "taken back"}
_WORDS = {YES: "present", NO: "absent"} | _BESIDE
_ASKED = {YES: "yes", NO: "no"} | _BESIDE
"""Of a strict order, in which what is asked is a question."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Questions that stand together."""

    link: str
    words: str
    questions: tuple[Question, ...]


def groups_of(content: Content) -> tuple[Group, ...]:
    """As the Questionnaire groups them; what stands alone is a group without words."""
    return tuple(
        Group(link=one.link_id, words=one.words(), questions=tuple(_asked(one)))
        for one in content.questionnaire.item
    )


def _asked(item: Item) -> Iterator[Question]:
    if item.is_question:
        yield question_of(item)
    for one in item.item:
        yield from _asked(one)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A triage of a patient, as a list has it."""

    id: str
    authored: str
    by: str
    decided: str
    is_struck: bool
    """Somebody said that it was never so, or the end that it belonged to was taken
    back."""


@page("/patients/{id}/triage", gate=READERS)
async def show_triages(visit: Visit) -> Response:
    """All of a patient, the newest first, and where one is begun."""
    given = await visit.services[PartReader].of_patient(
        visit.path("id"),
        (OF_BANNER, Part(types=(TYPE,), at_most=_MOST_LISTED)),
        opener=opener_of(visit),
    )
    if isinstance(given, NotFound):
        return visit.tell(NOT_FOUND)
    if isinstance(given, Refusal):
        return refused(visit, given)
    of_banner, responses = given.parts
    chart = build_chart((one.type, one.id, one.text) for one in of_banner)
    found = await content_in_use(visit)
    if isinstance(found, Response):
        return found
    lines = [line for one in responses if (line := _listed(one)) is not None]
    return visit.render(
        "triage/of_patient.html",
        id=visit.path("id"),
        banner=banner_on(chart, visit.clock.now()),
        lines=sorted(lines, key=lambda one: one.authored, reverse=True),
        is_on=found.is_on,
        may_write=ASSESSORS.admits(visit.session.role),
    )


def _listed(one: OpenedResource) -> Line | None:
    stored = stored_in(one.text)
    if stored is None:
        return None
    resource = msgspec.json.decode(one.text, type=dict[str, object])
    decided = DISPOSITIONS.get(stored.decided)
    return Line(
        id=one.id,
        authored=str(resource.get("authored", "")),
        by=person_in(resource.get("author")).words,
        decided=decided.words if decided else stored.decided,
        is_struck=resource.get("status") == MISTAKE,
    )


@page("/patients/{id}/triage/{triage}", gate=READERS)
async def show_triage(visit: Visit) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    opened = await visit.services[Reader].one(
        TYPE, visit.path("triage"), opener=opener_of(visit)
    )
    if isinstance(opened, Refusal):
        return refused(visit, opened)
    if isinstance(opened, NotFound):
        return visit.tell(NOT_FOUND)
    [one] = opened.resources
    stored = stored_in(one.text) if one.patient == visit.path("id") else None
    if stored is None:
        return visit.tell(NOT_FOUND)
    found = await content_named(visit, stored.log.named)
    if isinstance(found, Response):
        return found
    content, marks = found or (None, {})
    who = await me(visit)
    resource = msgspec.json.decode(one.text, type=dict[str, object])
    struck = struck_in(resource)
    return visit.render(
        "triage/triage.html",
        id=visit.path("id"),
        triage=visit.path("triage"),
        banner=banner,
        stored=stored,
        suggested=DISPOSITIONS.get(stored.suggested),
        decided=DISPOSITIONS.get(stored.decided),
        author=person_in(resource.get("author")),
        authored=str(resource.get("authored", "")),
        is_stopped=resource.get("status") == "stopped",
        lines=tuple(_lines(stored, content)),
        shown=None if content is None else _replayed(content, stored, marks),
        problem=None if content is None else disproved(engine_of(content), stored),
        may_write=ASSESSORS.admits(visit.session.role),
        said=SAID.get(visit.query("said")),
        version=one.version,
        struck=struck,
        is_struck=resource.get("status") == MISTAKE,
        may_strike=may_strike(visit, resource, who),
        may_put_back=struck is not None
        and struck.may_be_put_back(who, visit.clock.now()),
        most=LONGEST_WHY,
    )


def _replayed(
    content: Content, stored: Stored, marks: Mapping[str, Held]
) -> Shown | None:
    turn = replay(engine_of(content), stored.log)
    return shown_in(content, turn, marks) if isinstance(turn, Turn) else None


def _lines(stored: Stored, content: Content | None) -> Iterator[tuple[str, str]]:
    """When, and what was done then."""
    for entry in stored.log.entries:
        yield entry.at, _line(entry, content, stored.log.about)


def _line(entry: Entry, content: Content | None, about: About) -> str:
    if isinstance(entry, Answer):
        words = entry.link
        if content is not None and entry.link in content.items:
            words = content.words_of(entry.link, known(about))
        is_asked = content is not None and content.engine == STRICT_ORDER
        said = (_ASKED if is_asked else _WORDS).get(entry.value, entry.value)
        return f"{words} {said}" if is_asked else f"{words}: {said}"
    rule = content.rule(entry.rule) if content else None
    return f"Red flag set aside: {rule.words if rule else entry.rule}. {entry.why}"
