# SPDX-License-Identifier: Apache-2.0
"""What a message says, in words: made of the message itself, and of nothing else.

Whoever sends it reads it first. So every word that leaves stands here: names, texts,
displays and values, resource by resource; what is left out are codes' systems, internal
references and the message's own mechanics.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from wardkeep.fhir.bars.observed import observed_words, when_observed
from wardkeep.fhir.questionnaires.spoken import answers_of, title_of

Json = dict[str, Any]
_LABELS = {
    "ServiceRequest": "What is asked",
    "Patient": "About whom",
    "Encounter": "The case",
    "CarePlan": "What was found and advised",
    "HealthcareService": "To which service",
    "Organization": "Organisation",
    "Practitioner": "From whom",
    "Flag": "Services passed over, and warnings",
    "Observation": "Observation",
    "QuestionnaireResponse": "Questions and answers",
    "Consent": "Sharing",
    "Appointment": "Time that is booked",
    "Location": "Where to go",
    "RelatedPerson": "Who rang",
}
_SILENT = frozenset({"MessageHeader", "PractitionerRole", "Slot", "Schedule"})
"""What only links the others, or repeats them."""
_MECHANICS = frozenset(
    {
        *("resourceType", "id", "reference", "system", "status", "intent", "use"),
        *("class", "rank", "meta", "active", "slot", "scope", "policyRule"),
        *("linkId", "questionnaire", "url"),
    }
)
_TIMES = frozenset(
    {
        *("start", "end", "created", "dateTime", "authoredOn", "birthDate"),
        *("authored", "effectiveDateTime", "effectiveInstant", "issued"),
    }
)
_PRIORITIES = {
    "stat": "At once",
    "asap": "As soon as possible",
    "urgent": "Urgent",
    "routine": "Routine",
}
_CONSENT = "Shared for the patient's direct care"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One resource's words."""

    label: str
    words: tuple[str, ...]
    times: tuple[tuple[str, str], ...] = ()
    """What a time is (`start`, `end`, `born`, `taken`), and the instant or day."""


def shown(bundle: Json) -> tuple[Line, ...]:
    """A message's resources in words, in its order."""
    return tuple(filter(None, map(_line, _resources(bundle))))


def _resources(bundle: Json) -> Iterator[Json]:
    entries = bundle.get("entry")
    for one in entries if isinstance(entries, list) else []:
        resource = one.get("resource") if isinstance(one, dict) else None
        if isinstance(resource, dict):
            yield resource


def _line(resource: Json) -> Line | None:
    type_ = str(resource.get("resourceType", ""))
    if type_ in _SILENT:
        return None
    if type_ == "Consent":
        return Line(label=_LABELS[type_], words=(_CONSENT,))
    words = tuple(dict.fromkeys(_said(resource)))
    times = tuple(_times(resource))
    if not words and not times:
        return None
    return Line(label=_LABELS.get(type_, type_), words=words, times=times)


def _said(resource: Json) -> Iterator[str]:
    """Its words; of a measurement or answers as people say them, then what is left."""
    first: tuple[str, ...] = ()
    if resource.get("resourceType") == "Observation":
        first = (observed_words(resource),)
    elif resource.get("resourceType") == "QuestionnaireResponse":
        title = title_of(resource, otherwise="Questions")
        first = (title, *answers_of(resource))
    yield from first
    for words in _words(resource):
        if not any(words in one for one in first):
            yield words


def _words(node: object, name: str = "") -> Iterator[str]:
    if isinstance(node, list):
        for one in node:
            yield from _words(one, name)
    elif isinstance(node, dict):
        yield from _words_of(node)
    elif isinstance(node, str):
        if node and not _is_code(node, name):
            yield _PRIORITIES.get(node, node) if name == "priority" else node
    elif isinstance(node, int | float) and not isinstance(node, bool):
        yield str(node)


def _words_of(node: Json) -> Iterator[str]:
    if "family" in node and not node.get("text"):
        yield _name(node)
        return
    for key, value in node.items():
        if key not in _MECHANICS and key not in _TIMES:
            yield from _words(value, key)


def _name(node: Json) -> str:
    given = [one for one in node.get("given", []) if isinstance(one, str)]
    return " ".join([*given, str(node["family"])])


def _is_code(text: str, name: str) -> bool:
    return name == "code" and " " not in text


def _times(resource: Json) -> Iterator[tuple[str, str]]:
    taken = when_observed(resource) or resource.get("authored")
    if isinstance(taken, str) and taken:
        yield "taken", taken
    spans = (resource.get(one) for one in ("occurrencePeriod", "period"))
    if isinstance(resource.get("birthDate"), str):
        yield "born", resource["birthDate"]
    for span in (resource, *spans):
        if isinstance(span, dict):
            for name in ("start", "end"):
                if isinstance(span.get(name), str):
                    yield name, span[name]
