# SPDX-License-Identifier: Apache-2.0
"""How an author changes a protocol: whole resources in, whole resources out.

A change touches the elements that it names; what was written elsewhere and no page
knows stays. Nothing here judges: that is `judging.py`.
"""

import copy
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.resource import Resource, from_content
from wardkeep.fhir.triage import written
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, SYSTEM

Json = dict[str, Any]
QUESTIONS = {
    "boolean": "Yes or no",
    "integer": "A whole number",
    "decimal": "A number",
}
"""What the page offers; a choice comes with a file."""
_OWN = (written.RED_FLAG, written.UNCHECKED, written.TEST)
_HOLDS, _NOT = "holds", "does not hold"
_LINE = re.compile(
    r"(?P<given>[^>]*?)\s*->\s*(?P<fires>holds|does not hold)"
    r"(?:\s*,\s*(?P<suggests>[a-z0-9-]+))?\s*"
)
_HELP = {
    "url": "http://hl7.org/fhir/StructureDefinition/questionnaire-itemControl",
    "valueCodeableConcept": {
        "coding": [
            {
                "system": "http://hl7.org/fhir/questionnaire-item-control",
                "code": "help",
            }
        ]
    },
}


class ProtocolBrokenError(Exception):
    """What was made here is no resource; our own fault."""


class RuleTyped(msgspec.Struct, frozen=True, kw_only=True):
    """One rule as a page shows it, and as it is typed."""

    id: str
    words: str = ""
    condition: str = ""
    disposition: str = ""
    is_red_flag: bool = False
    citation: str = ""
    clause: str = ""
    url: str = ""
    unchecked: str = ""
    examples: str = ""
    """A line each: `age=40; stridor=yes -> holds, ambulance-1`."""


class QuestionTyped(msgspec.Struct, frozen=True, kw_only=True):
    """One question."""

    link: str
    words: str = ""
    type: str = "boolean"
    help: str = ""
    least: str = ""
    most: str = ""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What stands over all rules."""

    title: str = ""
    url: str = ""
    version: str = ""
    engine: str = ""
    applies: str = ""
    otherwise: str = ""


def made(content: Json) -> Resource:
    """Content as a resource.

    Raises:
        ProtocolBrokenError: it is none.
    """
    found = from_content(content)
    if not isinstance(found, Resource):
        raise ProtocolBrokenError("; ".join(str(one) for one in found))
    return found


def _copied(resource: Resource) -> Json:
    return copy.deepcopy(resource.content)


def _listed(content: Mapping[str, object], name: str) -> list[Json]:
    """The objects in an array; what is none is not seen."""
    found = content.get(name)
    if not isinstance(found, list):
        return []
    return [one for one in found if isinstance(one, dict)]


def _text(content: Mapping[str, object], name: str) -> str:
    said = content.get(name)
    return said if isinstance(said, str) else ""


# Rules


def rules_typed(plan: Resource) -> tuple[RuleTyped, ...]:
    """Every rule, in its order; what cannot be read is empty."""
    return tuple(_rule_typed(one) for one in _listed(plan.content, "action"))


def _rule_typed(action: Json) -> RuleTyped:
    source = next(iter(_listed(action, "documentation")), {})
    expression = next(iter(_listed(action, "condition")), {}).get("expression")
    codings = [
        coding
        for concept in _listed(action, "code")
        for coding in _listed(concept, "coding")
        if coding.get("system") == SYSTEM
    ]
    said = _listed(action, "extension")
    red = [one for one in said if one.get("url") == written.RED_FLAG]
    unchecked = [one for one in said if one.get("url") == written.UNCHECKED]
    return RuleTyped(
        id=_text(action, "id"),
        words=_text(action, "title"),
        condition=_text(expression, "expression")
        if isinstance(expression, dict)
        else "",
        disposition=_text(next(iter(codings), {}), "code"),
        is_red_flag=any(one.get("valueBoolean") is True for one in red),
        citation=_text(source, "citation"),
        clause=_text(source, "label"),
        url=_text(source, "url"),
        unchecked=_text(next(iter(unchecked), {}), "valueString"),
        examples="\n".join(
            _example_line(one) for one in said if one.get("url") == written.TEST
        ),
    )


def _example_line(extension: Json) -> str:
    said = {_text(one, "url"): one for one in _listed(extension, "extension")}
    given = _text(said.get("given", {}), "valueString")
    fires = said.get("fires", {}).get("valueBoolean") is True
    suggests = _text(said.get("suggests", {}), "valueCode")
    return (
        f"{given} -> {_HOLDS if fires else _NOT}{f', {suggests}' if suggests else ''}"
    )


def examples_read(text: str) -> tuple[Json, ...] | Problem:
    """The extensions of examples; the first line that cannot be read is a Problem."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            return Problem(
                place="examples",
                wrong=f"line {number} of the examples cannot be read",
                mend="Write it as in: age=40; stridor=yes -> holds, ambulance-1",
            )
        parts: list[Json] = [
            {"url": "given", "valueString": match["given"].strip()},
            {"url": "fires", "valueBoolean": match["fires"] == _HOLDS},
        ]
        if match["suggests"]:
            parts.append({"url": "suggests", "valueCode": match["suggests"]})
        found.append({"url": written.TEST, "extension": parts})
    return tuple(found)


def with_rule(
    plan: Resource, typed: RuleTyped, examples: tuple[Json, ...], *, was: str
) -> Resource:
    """The plan with a rule in the place of the one with the id `was`, or at the end."""
    content = _copied(plan)
    actions = _listed(content, "action")
    places = [at for at, one in enumerate(actions) if was and one.get("id") == was]
    at = places[0] if places else len(actions)
    before = actions[at] if places else {}
    actions[at : at + 1] = [_action(before, typed, examples)]
    content["action"] = actions
    return made(content)


def _action(before: Json, typed: RuleTyped, examples: tuple[Json, ...]) -> Json:
    others = [one for one in _listed(before, "extension") if one.get("url") not in _OWN]
    extension = [
        *others,
        {"url": written.RED_FLAG, "valueBoolean": typed.is_red_flag},
        *_worded(typed.unchecked),
        *examples,
    ]
    source = {
        "citation": typed.citation,
        "label": typed.clause,
        "url": typed.url,
    }
    documentation = {"type": "citation"} | {k: v for k, v in source.items() if v}
    coding = {"system": SYSTEM, "code": typed.disposition}
    if typed.disposition in DISPOSITIONS:
        coding["display"] = DISPOSITIONS[typed.disposition].words
    expression = {"language": "text/fhirpath", "expression": typed.condition}
    action = {
        **before,
        "id": typed.id,
        "extension": extension,
        "title": typed.words,
        "code": [{"coding": [coding]}] if typed.disposition else [],
        "documentation": [documentation],
        "condition": [{"kind": "applicability", "expression": expression}]
        if typed.condition
        else [],
    }
    return {name: value for name, value in action.items() if value not in ("", [])}


def _worded(unchecked: str) -> list[Json]:
    if not unchecked:
        return []
    return [{"url": written.UNCHECKED, "valueString": unchecked}]


def without_rule(plan: Resource, id_: str) -> Resource:
    content = _copied(plan)
    kept = [one for one in _listed(content, "action") if one.get("id") != id_]
    content["action"] = kept
    if not kept:
        del content["action"]
    return made(content)


# Questions


def questions_typed(asked: Resource) -> tuple[QuestionTyped, ...]:
    """Every question, in its order, those of groups too."""
    return tuple(_question_typed(one) for one in _questions(asked.content))


def _items(content: Mapping[str, object]) -> list[Json]:
    found = []
    for one in _listed(content, "item"):
        found += [one, *_items(one)]
    return found


def _questions(content: Mapping[str, object]) -> list[Json]:
    found = _items(content)
    return [one for one in found if _text(one, "type") not in ("group", "display")]


def _question_typed(item: Json) -> QuestionTyped:
    helps = [one for one in _listed(item, "item") if one.get("type") == "display"]
    bounds = {_text(one, "url").rpartition("/")[2]: one for one in _extensions(item)}
    return QuestionTyped(
        link=_text(item, "linkId"),
        words=_text(item, "text"),
        type=_text(item, "type"),
        help=" ".join(_text(one, "text") for one in helps),
        least=_bound(bounds.get("minValue", {})),
        most=_bound(bounds.get("maxValue", {})),
    )


def _extensions(item: Json) -> list[Json]:
    return _listed(item, "extension")


def _bound(said: Json) -> str:
    value = said.get("valueDecimal", said.get("valueInteger", ""))
    return str(value)


def with_question(asked: Resource, typed: QuestionTyped, *, was: str) -> Resource:
    """The questionnaire with a question changed, or one more in its last group."""
    content = _copied(asked)
    before = next(
        (one for one in _questions(content) if one.get("linkId") == was), None
    )
    if before is None:
        groups = [one for one in _listed(content, "item") if one.get("type") == "group"]
        inside = groups[-1] if groups else content
        before = {}
        inside["item"] = [*_listed(inside, "item"), before]
    before |= {"linkId": typed.link, "type": typed.type, "text": typed.words}
    others = [one for one in _listed(before, "item") if one.get("type") != "display"]
    helps = [
        {
            "linkId": f"{typed.link}-help",
            "type": "display",
            "text": typed.help,
            "extension": [_HELP],
        }
    ]
    _put(before, "item", [*others, *(helps if typed.help else [])])
    return made(content)


def _put(into: Json, name: str, value: list[Json]) -> None:
    if value:
        into[name] = value
    else:
        into.pop(name, None)


def without_question(asked: Resource, link: str) -> Resource:
    content = _copied(asked)
    for holder in [content, *_items(content)]:
        kept = [o for o in _listed(holder, "item") if o.get("linkId") != link]
        _put(holder, "item", kept)
    return made(content)


# What stands over them


def head_of(plan: Resource) -> Head:
    said = {_text(one, "url"): one for one in _listed(plan.content, "extension")}
    applies = said.get(written.APPLIES, {}).get("valueExpression")
    return Head(
        title=_text(plan.content, "title"),
        url=_text(plan.content, "url"),
        version=_text(plan.content, "version"),
        engine=_text(said.get(written.ENGINE, {}), "valueCode"),
        applies=_text(applies, "expression") if isinstance(applies, dict) else "",
        otherwise=_text(said.get(written.OTHERWISE, {}), "valueCode"),
    )


def with_head(plan: Resource, asked: Resource, head: Head) -> tuple[Resource, Resource]:
    """Both under one name and version; the plan names the questionnaire by them."""
    content, questions = _copied(plan), _copied(asked)
    heads = (written.ENGINE, written.APPLIES, written.OTHERWISE)
    extension: list[Json] = [{"url": written.ENGINE, "valueCode": head.engine}]
    if head.applies:
        said = {"language": "text/fhirpath", "expression": head.applies}
        extension.append({"url": written.APPLIES, "valueExpression": said})
    if head.otherwise:
        extension.append({"url": written.OTHERWISE, "valueCode": head.otherwise})
    extension += [
        one for one in _listed(content, "extension") if one.get("url") not in heads
    ]
    asks = f"{head.url}:questions"
    others = [
        one
        for one in _listed(content, "relatedArtifact")
        if one.get("type") != written.DEPENDS_ON
    ]
    named = {"title": head.title, "version": head.version}
    content |= {
        **named,
        "url": head.url,
        "extension": extension,
        "relatedArtifact": [
            *others,
            {"type": written.DEPENDS_ON, "resource": f"{asks}|{head.version}"},
        ],
    }
    questions |= {**named, "url": asks}
    return made(content), made(questions)


def begun_from(
    plan: Resource, asked: Resource, head: Head, *, publisher: str, day: str
) -> tuple[Resource, Resource]:
    """A copy to write on, under a name of one's own, that says where it came from."""
    of = head_of(plan)
    content, questions = _copied(plan), _copied(asked)
    for one in (content, questions):
        one.pop("id", None)
        one |= {"publisher": publisher, "date": day, "status": "draft"}
        one["experimental"] = True
    derived = [
        one
        for one in _listed(content, "relatedArtifact")
        if one.get("type") != "derived-from"
    ]
    came = {"type": "derived-from", "resource": f"{of.url}|{of.version}"}
    content["relatedArtifact"] = [*derived, came]
    return with_head(made(content), made(questions), head)
