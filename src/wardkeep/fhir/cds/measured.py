# SPDX-License-Identifier: Apache-2.0
"""What prefetched resources answer of a content's questions: age, sex, vital signs.

Codes are those of the FHIR vital-signs profile
(https://hl7.org/fhir/R4/observation-vitalsigns.html), and whatever code a question of
one's own content has. Of two measurements the later counts; one that is older than a
day, or of nobody knows when, does not.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from wardkeep.base.outcome import Problem
from wardkeep.fhir.cds.asked import Called
from wardkeep.fhir.questionnaires.questionnaire import Item
from wardkeep.fhir.triage.content import Content
from wardkeep.fhir.triage.engine import YES, About, Answer
from wardkeep.fhir.triage.evaluating import read_answer
from wardkeep.ui.format import read_moment, years_old

FRESH = timedelta(hours=24)
_EARLY = timedelta(minutes=5)
"""How much a client's clock may be ahead of ours."""
MOST_OBSERVATIONS = 500
_LINKS = {
    "9279-1": "respiratoryRate",
    "59408-5": "oxygenSaturation",
    "2708-6": "oxygenSaturation",
    "8480-6": "systolic",
    "8462-4": "diastolic",
    "8867-4": "pulse",
    "8310-5": "temperature",
}
_UNITS = {"temperature": ("Cel", "°C", "C"), "systolic": ("mm[Hg]", "mmHg")}
"""Where another unit would be another illness; an unnamed one is taken as meant."""
_LEVELS = {
    "248234008": "fullyAlert",
    "LA9340-6": "fullyAlert",
    "130987000": "newConfusion",
    "300202002": "notFullyAwake",
    "LA17108-4": "notFullyAwake",
    "450847001": "notFullyAwake",
    "LA17107-6": "notFullyAwake",
    "422768004": "unresponsive",
    "LA9343-0": "unresponsive",
}
"""Levels of consciousness, by SNOMED CT and LOINC."""
_COUNTS = frozenset({"final", "amended", "corrected", "preliminary"})
Json = Mapping[str, Any]


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine is told, and since when it is so."""

    about: About
    answers: tuple[Answer, ...] = ()
    oldest: str = ""
    """When the oldest of what counts was measured."""
    left_out: int = 0
    """Observations that are too old, of no time, or not to be read."""


def about_in(called: Called, now: datetime) -> About | Problem:
    """Age and sex; a Problem with the place `patient` is a 412."""
    patient = called.fetched("patient")
    if patient is None or patient.get("resourceType") != "Patient":
        wrong = "the patient was not prefetched"
        mend = "Send Patient/{{context.patientId}} under the key patient."
        return Problem(place="prefetch.patient", wrong=wrong, mend=mend)
    if patient.get("id") != called.patient:
        wrong = "it is not the patient of the context"
        return Problem(place="context.patientId", wrong=wrong, mend="Send one patient.")
    born, sex = patient.get("birthDate"), patient.get("gender")
    years = years_old(born, now.date()) if isinstance(born, str) else None
    return About(years=years, sex=sex if isinstance(sex, str) else "")


def measured(
    called: Called, content: Content, about: About, now: datetime
) -> Measured | Problem:
    """The newest of each sign; a Problem where somebody else's are among them."""
    links = _links(content)
    found: dict[str, tuple[datetime, str]] = {}
    left_out = 0
    for one in _observations(called.fetched("vitals")):
        reference = _mapping(one.get("subject")).get("reference", "")
        if str(reference).rpartition("Patient/")[2] != called.patient:
            wrong = "an observation is about somebody else"
            mend = "Send the vital signs of the patient of the context alone."
            return Problem(place="prefetch.vitals", wrong=wrong, mend=mend)
        at = _moment(one, now)
        said = list(_said(one, links, content)) if at is not None else []
        left_out += not said
        for link, value in said:
            if at is not None and (link not in found or found[link][0] < at):
                found[link] = (at, value)
    return Measured(
        about=about,
        answers=tuple(
            Answer(link=link, value=found[link][1])
            for link in content.items
            if link in found
        ),
        oldest=min((at for at, _ in found.values()), default=now).isoformat()
        if found
        else "",
        left_out=left_out,
    )


def _links(content: Content) -> Mapping[str, str]:
    """Links of questions by the codes of what answers them."""
    known = {code: link for code, link in _LINKS.items() if link in content.items}
    for link, item in content.items.items():
        known |= {coding.code: link for coding in item.code if coding.code}
    return known


def _observations(bundle: Json | None) -> Iterator[Json]:
    entries = bundle.get("entry", ()) if bundle is not None else ()
    listed = entries if isinstance(entries, list) else ()
    for entry in listed[:MOST_OBSERVATIONS]:
        one = _mapping(_mapping(entry).get("resource"))
        if one.get("resourceType") == "Observation":
            yield one


def _mapping(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}


def _moment(one: Json, now: datetime) -> datetime | None:
    """When it was measured; None where it does not count now."""
    said = one.get("effectiveDateTime")
    at = read_moment(said) if isinstance(said, str) else None
    if at is None or one.get("status") not in _COUNTS:
        return None
    return at if now - FRESH <= at <= now + _EARLY else None


def _said(
    one: Json, links: Mapping[str, str], content: Content
) -> Iterator[tuple[str, str]]:
    parts = one.get("component", ())
    for part in (one, *(parts if isinstance(parts, list) else ())):
        node = _mapping(part)
        value = _mapping(node.get("valueQuantity"))
        for code in _codes(node.get("code")):
            link = links.get(code)
            answer = _number(link, value) if link else None
            if link and answer is not None and _is_read(content.items[link], answer):
                yield link, answer
        for code in _codes(node.get("valueCodeableConcept")):
            link = _LEVELS.get(code, "")
            if link in content.items:
                yield link, YES


def _codes(concept: object) -> Iterator[str]:
    codings = _mapping(concept).get("coding", ())
    for coding in codings if isinstance(codings, list) else ():
        code = _mapping(coding).get("code")
        if isinstance(code, str):
            yield code


def _number(link: str, quantity: Json) -> str | None:
    value, unit = quantity.get("value"), quantity.get("code") or quantity.get("unit")
    if isinstance(value, bool) or not isinstance(value, int | Decimal | float):
        return None
    if unit and link in _UNITS and unit not in _UNITS[link]:
        return None
    return str(value)


def _is_read(item: Item, text: str) -> bool:
    found = read_answer(item, text)
    return found is not None and not isinstance(found, Problem)


# What somebody answered


def answered(called: Called, content: Content) -> tuple[Answer, ...] | Problem:
    """The answers of a QuestionnaireResponse, in its order."""
    sent = called.answers
    if sent is None or sent.get("resourceType") != "QuestionnaireResponse":
        wrong = "it has no QuestionnaireResponse"
        mend = f"Send answers to {content.asks}."
        return Problem(place="context.answers", wrong=wrong, mend=mend)
    if sent.get("questionnaire") != content.asks:
        wrong = "it answers another questionnaire, or another version"
        mend = f"What is in use is {content.asks}."
        return Problem(place="context.answers.questionnaire", wrong=wrong, mend=mend)
    found: dict[str, Answer] = {}
    for item in _answered_items(sent, 0):
        link = str(item.get("linkId", ""))
        asked = content.items.get(link)
        value = _value(item)
        if asked is None or value is None:
            continue
        read = read_answer(asked, value)
        if isinstance(read, Problem):
            return Problem(
                place="context.answers.item", wrong=read.wrong, mend=read.mend
            )
        # Said twice, the last counts, as in a log of answers.
        found[link] = Answer(link=link, value=value)
    return tuple(found.values())


_DEEPEST = 8


def _answered_items(node: Json, depth: int) -> Iterator[Json]:
    items = node.get("item", ())
    for one in items if isinstance(items, list) and depth < _DEEPEST else ():
        item = _mapping(one)
        yield item
        yield from _answered_items(item, depth + 1)


def _value(item: Json) -> str | None:
    """The first answer as an engine reads it; None where there is none."""
    answers = item.get("answer")
    first = _mapping(answers[0]) if isinstance(answers, list) and answers else {}
    if isinstance(first.get("valueBoolean"), bool):
        return "yes" if first["valueBoolean"] else "no"
    for name in ("valueInteger", "valueDecimal"):
        if name in first and not isinstance(first[name], bool):
            return str(first[name])
    code = _mapping(first.get("valueCoding")).get("code")
    return code if isinstance(code, str) else None
