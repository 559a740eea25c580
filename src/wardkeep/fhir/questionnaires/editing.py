# SPDX-License-Identifier: Apache-2.0
"""How a clinic changes what it asks: whole resources in, whole resources out.

What an author elsewhere wrote and these pages do not know stays as it was: a change
touches the elements that it names. A version that was asked is never changed: answers
name it, so an active Questionnaire goes on under the next version.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from wardkeep.base.ids import new_uuid
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.questionnaires.answers import read_number
from wardkeep.fhir.questionnaires.questionnaire import WEIGHTS, Coding
from wardkeep.fhir.questionnaires.shelf import ACTIVE, ASSESSMENT, CHECK_IN, DRAFT

_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal).decode
Json = dict[str, Any]
ASKED = {
    "boolean": "Yes or no",
    "choice": "One of some answers",
    "choice-several": "Any of some answers",
    "open-choice": "One of some answers, or another",
    "string": "A few words",
    "text": "Several lines",
    "integer": "A whole number",
    "decimal": "A number",
    "date": "A date",
    "time": "A time of day",
    "display": "Words between questions",
}
"""What the editor offers; what came from elsewhere may be more."""
MOST_OPTIONS = 30


class QuestionnaireBrokenError(Exception):
    """What was made here is no resource; our own fault."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One question as it is typed in the editor."""

    text: str
    kind: str
    """One of `ASKED`."""
    is_required: bool = False
    options: tuple[str, ...] = ()


def new_questionnaire(title: str) -> Json:
    """A draft that asks nothing yet."""
    id_ = new_uuid()
    return {
        "resourceType": "Questionnaire",
        "id": id_,
        "url": f"urn:uuid:{id_}",
        "version": "1",
        "status": DRAFT,
        "title": title,
        "subjectType": ["Patient"],
        "item": [],
    }


def resource_of(content: Mapping[str, Any]) -> Resource:
    made = parse(_encode(content))
    if not isinstance(made, Resource):
        raise QuestionnaireBrokenError
    return made


def content_of(text: bytes) -> Json:
    """The resource as it is stored, without what the store writes itself."""
    content: Json = _decode(text)
    content.pop("meta", None)
    return content


def opened_for_change(content: Json) -> Json:
    """As it is where it is a draft; else the next version of it, as a draft."""
    if content.get("status") == DRAFT:
        return content
    version = str(content.get("version", "1"))
    following = str(int(version) + 1) if version.isdigit() else f"{version}.1"
    return {**content, "status": DRAFT, "version": following}


def titled(content: Json, title: str) -> Json:
    return {**opened_for_change(content), "title": title}


def with_question(content: Json, question: Question) -> Json:
    """With one more question at its end."""
    changed = opened_for_change(content)
    items = list(changed.get("item", ()))
    links = {one.get("linkId") for one in items}
    number = len(items) + 1
    while f"q{number}" in links:
        number += 1
    return {**changed, "item": [*items, _item(question, f"q{number}")]}


def _item(question: Question, link: str) -> Json:
    kind = question.kind.removesuffix("-several")
    made: Json = {"linkId": link, "text": question.text, "type": kind}
    if question.kind.endswith("-several"):
        made["repeats"] = True
    if question.is_required and kind != "display":
        made["required"] = True
    if question.options and kind in ("choice", "open-choice"):
        made["answerOption"] = [
            _option(number, line)
            for number, line in enumerate(question.options, start=1)
        ]
    return made


def _option(number: int, line: str) -> Json:
    """An answer; what stands behind a last `=` is what it counts in a scale."""
    words, sign, points = line.rpartition("=")
    weight = read_number(points) if sign and words.strip() else None
    if weight is None:
        return {"valueCoding": {"code": f"a{number}", "display": line}}
    return {
        "extension": [{"url": WEIGHTS[0], "valueDecimal": weight}],
        "valueCoding": {"code": f"a{number}", "display": words.strip()},
    }


def moved(content: Json, place: int, by: int) -> Json:
    """One question up or down; at an end it stays."""
    items = list(content.get("item", ()))
    target = place + by
    if not (0 <= place < len(items) and 0 <= target < len(items)):
        return content
    items[place], items[target] = items[target], items[place]
    return {**opened_for_change(content), "item": items}


def without(content: Json, place: int) -> Json:
    """Without one question, and without the conditions that depended on it."""
    items = list(content.get("item", ()))
    if not 0 <= place < len(items):
        return content
    gone = _links(items.pop(place))
    return {**opened_for_change(content), "item": [_free(one, gone) for one in items]}


def _links(item: Json) -> set[str]:
    below = [_links(one) for one in item.get("item", ())]
    return {str(item.get("linkId", "")), *(link for one in below for link in one)}


def _free(item: Json, gone: set[str]) -> Json:
    kept = [one for one in item.get("enableWhen", ()) if one["question"] not in gone]
    freed = {key: value for key, value in item.items() if key != "enableWhen"}
    if kept:
        freed["enableWhen"] = kept
    if "item" in item:
        freed["item"] = [_free(one, gone) for one in item["item"]]
    return freed


def with_status(content: Json, status: str) -> Json:
    return {**content, "status": status}


def asked_on_arrival(content: Json, *, is_asked: bool) -> Json:
    """Whether it is asked of whoever checks in."""
    return _marked(content, CHECK_IN, is_so=is_asked)


def for_clinicians(content: Json, *, is_assessment: bool) -> Json:
    """Whether clinicians fill it in about a patient."""
    return _marked(content, ASSESSMENT, is_so=is_assessment)


def _marked(content: Json, coding: Coding, *, is_so: bool) -> Json:
    code = {"system": coding.system, "code": coding.code}
    others = [one for one in content.get("code", ()) if one.get("code") != coding.code]
    changed = {key: value for key, value in content.items() if key != "code"}
    codes = [*others, code] if is_so else others
    return {**changed, "code": codes} if codes else changed


def is_active(content: Json) -> bool:
    return content.get("status") == ACTIVE
