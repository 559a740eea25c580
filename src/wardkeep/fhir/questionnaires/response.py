# SPDX-License-Identifier: Apache-2.0
"""A QuestionnaireResponse from what was typed: https://hl7.org/fhir/R4/questionnaireresponse.html.

Only what was asked is in it: answers to questions whose conditions do not hold are left
out, so that nobody reads later what was meant for another case.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.questionnaires.answers import Given, missing, read_item
from wardkeep.fhir.questionnaires.enabling import is_asked
from wardkeep.fhir.questionnaires.questionnaire import Item, Questionnaire, placed

TYPE = "QuestionnaireResponse"
_DISPLAY = "http://hl7.org/fhir/StructureDefinition/display"
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody answered, and what is wrong with it."""

    answers: Mapping[str, tuple[Given, ...]]
    """By linkId; only of what was asked."""
    asked: frozenset[str]
    """linkIds of the items that were asked."""
    problems: tuple[Problem, ...]


class About(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a response is about, who gave it, and when."""

    subject: str
    """A reference, as in `Patient/x`."""
    authored: datetime
    author: str = ""
    author_name: str = ""
    source: str = ""
    encounter: str = ""
    status: str = "completed"
    language: str = ""
    extension: tuple[dict[str, object], ...] = ()
    title: str = ""
    """Of the Questionnaire, for whoever has not got it; empty: it is not said."""


class ResponseBrokenError(Exception):
    """What was made here is no resource; our own fault."""


def answered(questionnaire: Questionnaire, typed: Mapping[str, str]) -> Answered:
    """Read a form; what lies within something that is not asked is not asked either."""
    answers: dict[str, tuple[Given, ...]] = {}
    wrong: dict[str, tuple[Problem, ...]] = {}
    for place, item in placed(questionnaire.item):
        if item.is_question and not item.is_hidden:
            answers[item.link_id], wrong[item.link_id] = read_item(place, item, typed)
    asked = asked_in(questionnaire, answers)
    problems: list[Problem] = []
    for place, item in placed(questionnaire.item):
        if item.link_id not in asked or not item.is_question:
            continue
        problems += wrong.get(item.link_id, ())
        is_empty = not answers.get(item.link_id) and not wrong.get(item.link_id)
        if item.required and is_empty and not item.is_hidden and not item.read_only:
            problems.append(missing(place, item))
    kept = {link: given for link, given in answers.items() if link in asked and given}
    return Answered(answers=kept, asked=asked, problems=tuple(problems))


def asked_in(
    questionnaire: Questionnaire, answers: Mapping[str, tuple[Given, ...]]
) -> frozenset[str]:
    """LinkIds of what is asked, given these answers.

    Conditions can depend on what conditions hide: looked at until it stays so.
    """
    asked = frozenset(item.link_id for _, item in placed(questionnaire.item))
    for _ in range(len(asked) + 1):
        seen = {link: given for link, given in answers.items() if link in asked}
        now = frozenset(_shown(questionnaire.item, seen))
        if now == asked:
            break
        asked = now
    return asked


def _shown(
    items: Sequence[Item], answers: Mapping[str, tuple[Given, ...]]
) -> list[str]:
    found: list[str] = []
    for item in items:
        if is_asked(item, answers):
            found.append(item.link_id)
            found += _shown(item.item, answers)
    return found


def response_of(
    questionnaire: Questionnaire, given: Answered, about: About, *, id_: str
) -> Resource:
    """The answers as a resource, to be stored; `given` has no problems."""
    content: dict[str, object] = {
        "resourceType": TYPE,
        "id": id_,
        "questionnaire": questionnaire.canonical,
        "status": about.status,
        "subject": {"reference": about.subject},
        "authored": about.authored.isoformat(timespec="seconds"),
    }
    content |= _besides(about)
    items = _items(questionnaire.item, given)
    if items:
        content["item"] = items
    made = parse(_encode(content))
    if not isinstance(made, Resource):
        raise ResponseBrokenError
    return made


def _besides(about: About) -> dict[str, object]:
    """What not every response says."""
    shown = {"url": _DISPLAY, "valueString": about.title}
    author = {"reference": about.author, "display": about.author_name}
    said: dict[str, object] = {
        "_questionnaire": {"extension": [shown]} if about.title else None,
        "author": {name: value for name, value in author.items() if value},
        "source": {"reference": about.source} if about.source else None,
        "encounter": {"reference": about.encounter} if about.encounter else None,
        "extension": list(about.extension),
        "language": about.language,
    }
    return {name: value for name, value in said.items() if value}


def _items(items: Sequence[Item], given: Answered) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for item in items:
        if item.link_id not in given.asked or item.type == "display":
            continue
        made: dict[str, object] = {"linkId": item.link_id}
        if item.text:
            made["text"] = item.text
        below = _items(item.item, given)
        answers: list[dict[str, object]] = [
            {one.kind: one.value} for one in given.answers.get(item.link_id, ())
        ]
        if answers and below:
            # Beneath a question what follows belongs to its answer (R4, 2.22.5).
            answers[0]["item"] = below
        elif below:
            made["item"] = below
        if answers:
            made["answer"] = answers
        if answers or below:
            found.append(made)
    return found
