# SPDX-License-Identifier: Apache-2.0
"""A resource as it goes out with a referral: named part by part, and nothing else.

https://github.com/NHSDigital/booking-and-referral-fhir-api, examples 1.4.0: a Flag has
category and code, an Observation code, value and time. A triage's log, its rules and
what it suggested stay here, as do notes: its answers go, in words, with the canonical
of its Questionnaire. Staff are named and no more.
"""

from typing import Any

from wardkeep.fhir.work.expects import listed

Json = dict[str, Any]
_VALUES = tuple(
    f"value{name}"
    for name in (
        *("Quantity", "CodeableConcept", "String", "Boolean", "Integer", "Range"),
        *("Ratio", "Time", "DateTime", "Period"),
    )
)
"""Of an observation; no SampledData, which no page here shows."""
_ANSWERS = tuple(
    f"value{name}"
    for name in (
        *("Boolean", "Decimal", "Integer", "Date", "DateTime", "Time", "String"),
        *("Coding", "Quantity"),
    )
)
"""Of a question; no attachment and no reference, which would lead elsewhere."""
_KEPT = {
    "Flag": ("status", "category", "code", "period"),
    "Observation": (
        *("status", "category", "code", "effectiveDateTime", "effectivePeriod"),
        *("effectiveInstant", "issued", "interpretation", "dataAbsentReason"),
        *("bodySite", "method", *_VALUES),
    ),
    "QuestionnaireResponse": ("questionnaire", "status", "authored", "language"),
}
_NAMED = {"Flag": "author", "QuestionnaireResponse": "author"}
_DISPLAY = "http://hl7.org/fhir/StructureDefinition/display"


def made_of(content: Json) -> Json:
    """Without subject and encounter, which the message has of its own."""
    type_ = str(content["resourceType"])
    made: Json = {"resourceType": type_}
    made |= {name: content[name] for name in _KEPT[type_] if name in content}
    by = content.get(_NAMED.get(type_, ""))
    if isinstance(by, dict) and isinstance(by.get("display"), str):
        made[_NAMED[type_]] = {"display": by["display"]}
    if type_ == "Observation":
        parts = [_part(one) for one in listed(content, "component")]
        made |= {"component": parts} if parts else {}
    if type_ == "QuestionnaireResponse":
        made |= _asked(content)
    return made


def _part(component: Json) -> Json:
    kept = ("code", "interpretation", "dataAbsentReason", *_VALUES)
    return {name: component[name] for name in kept if name in component}


def _asked(content: Json) -> Json:
    """Questions with their answers, and what the whole is called."""
    made: Json = {}
    shown = content.get("_questionnaire")
    titles = [
        {"url": _DISPLAY, "valueString": one["valueString"]}
        for one in (listed(shown, "extension") if isinstance(shown, dict) else ())
        if one.get("url") == _DISPLAY and isinstance(one.get("valueString"), str)
    ]
    if titles and content.get("questionnaire"):
        made["_questionnaire"] = {"extension": titles[:1]}
    items = [_item(one) for one in listed(content, "item")]
    return made | ({"item": items} if items else {})


def _item(item: Json) -> Json:
    made: Json = {name: item[name] for name in ("linkId", "text") if name in item}
    answers = [_answer(one) for one in listed(item, "answer")]
    inner = [_item(one) for one in listed(item, "item")]
    made |= {"answer": [one for one in answers if one]} if any(answers) else {}
    return made | ({"item": inner} if inner else {})


def _answer(answer: Json) -> Json:
    made = {name: answer[name] for name in _ANSWERS if name in answer}
    inner = [_item(one) for one in listed(answer, "item")]
    return made | ({"item": inner} if inner else {})
