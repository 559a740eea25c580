# SPDX-License-Identifier: Apache-2.0
"""What triage pages stand on: the content in use, the patient, the form as sent."""

from collections.abc import Mapping

import msgspec
from starlette.responses import Response

from wardkeep.base.outcome import Problem
from wardkeep.care.of_patient import WRITERS, who_is_it
from wardkeep.care.triage_content import about_in, content_in_use
from wardkeep.care.writing import content_of
from wardkeep.fhir.triage.checklist import Checklist, answers_in
from wardkeep.fhir.triage.engine import About, Entry, SetAside, Turn, take
from wardkeep.fhir.triage.held import Held
from wardkeep.fhir.triage.standing import Standing
from wardkeep.fhir.triage.written_log import changed, entries_in, lines_of
from wardkeep.ui.banner import Banner
from wardkeep.web.forms import Form
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

ASSESSORS = WRITERS.but("carer", "health_advisor")
"""Clinicians: whoever may judge what a checklist suggests."""
OFF = Trouble(
    status=409,
    title="Decision support is off",
    why="No clinical lead of your organisation took this content into use.",
    mend="Write a note, or ask your clinical lead.",
)
MOST_FIELDS, LONGEST_FIELD_BYTES = 400, 130_000
_FIELD = "q-"


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Whom it is about."""

    banner: Banner
    about: About


class InHand(msgspec.Struct, frozen=True, kw_only=True):
    """A checklist that is in use."""

    engine: Checklist
    standing: Standing

    @property
    def marks(self) -> Mapping[str, Held]:
        return self.standing.marks


async def engine_in_use(visit: Visit) -> InHand | Response:
    """The checklist; else the page that says that it is off."""
    found = await content_in_use(visit)
    if isinstance(found, Response):
        return found
    if not found.is_on:
        return visit.tell(OFF)
    return InHand(engine=Checklist(found.content), standing=found)


async def person_of(visit: Visit) -> Person | Response:
    """The patient of the address, through the door: who it is, and what is known."""
    found = await who_is_it(visit)
    if isinstance(found, Response):
        return found
    banner, text = found
    return Person(banner=banner, about=about_in(content_of(text), visit.today))


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A form as it was sent: where the engine stands, and what it refused."""

    turn: Turn
    fields: Mapping[str, str]
    """By link, as they were typed."""
    problems: tuple[Problem, ...] = ()

    @property
    def log(self) -> str:
        return lines_of(self.turn.log.entries)


async def form_sent(visit: Visit) -> Form | Trouble:
    return await visit.form(longest=LONGEST_FIELD_BYTES, most_fields=MOST_FIELDS)


def sent_in(engine: Checklist, about: About, form: Form, *, by: str, at: str) -> Sent:
    """The log of the form, and what its fields say beyond it.

    A line of the log that is refused is left out, as is a field: each has a problem.
    """
    turn = engine.start(about)
    problems: list[Problem] = []
    for entry in entries_in(form.values.get("log", ""), by=by):
        turn = _taken(engine, turn, entry, [])
    fields = fields_in(engine, form.values)
    for answer in changed(answers_in(turn.log), fields, at=at):
        turn = _taken(engine, turn, answer, problems)
    return Sent(turn=turn, fields=fields, problems=tuple(problems))


def _taken(
    engine: Checklist, turn: Turn, entry: Entry, problems: list[Problem]
) -> Turn:
    found = take(engine, turn, entry)
    if isinstance(found, Turn):
        return found
    place = f"{_FIELD}{found.place}"
    problems.append(Problem(place=place, wrong=found.wrong, mend=found.mend))
    return turn


def fields_in(engine: Checklist, values: Mapping[str, str]) -> dict[str, str]:
    """What the form's fields say, in the order of the questions."""
    return {
        link: values.get(f"{_FIELD}{link}", "").strip().replace(",", ".")
        for link in engine.content.items
    }


def set_aside(engine: Checklist, sent: Sent, setting: SetAside) -> Sent:
    """One red flag fewer, or the problem that says what is lacking."""
    found = take(engine, sent.turn, setting)
    if isinstance(found, Turn):
        return msgspec.structs.replace(sent, turn=found)
    problem = Problem(place="aside-why", wrong=found.wrong, mend=found.mend)
    return msgspec.structs.replace(sent, problems=(*sent.problems, problem))
