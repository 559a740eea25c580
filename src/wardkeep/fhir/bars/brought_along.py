# SPDX-License-Identifier: Apache-2.0
"""What comes along with a message: how it is stored here, and by what it is refused.

It is what somebody elsewhere says of the patient: kept as received, under their name,
beside what we say ourselves and never in its place. So marks that mean something here
(a step of ours, a section of the Mental Health Act, the end of a note) are taken off
it: they are for nobody outside to write.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from wardkeep.base.nhs_number import SYSTEM as NHS_NUMBER
from wardkeep.fhir.bars.codes import Error
from wardkeep.fhir.bars.errors import Fault, unprocessable

Json = dict[str, Any]
TYPES = ("Flag", "QuestionnaireResponse", "Observation")
"""In the order in which they are read."""
FROM = "urn:wardkeep:received"
"""Extension: from whom, and with which message."""
_OURS = "urn:wardkeep:"
MOST = {"Observation": 100, "Flag": 40, "QuestionnaireResponse": 10}
"""Of one message: more than one case has."""
LONGEST_WORDS, LONGEST_PLAN, MOST_BYTES = 6_000, 30_000, 64 * 1024
"""Characters of one text, of a care plan's, which tells a whole case; and of JSON."""
_HELD = frozenset({*MOST, "CarePlan", "Appointment"})
"""Types that are held to what stands here."""
_TAG = re.compile(
    r"</[a-z]|<!|<\?|<(?:p|b|i|u|em|strong|br|hr)\s*/?>"
    r"|<[a-z][\w:-]{0,40}\s[^<>]{0,2000}=|<(?:script|style|iframe|object|embed|svg|math"
    r"|link|meta|base|form|input|button|img|video|audio|body|head|html|div|span|table)\b",
    re.IGNORECASE,
)
"""What is markup; `SpO2 <92%`, `<3 days` and `<a bit worse` are words."""
_MARKED = frozenset(
    {
        *("Encounter", "Consent", "Communication", "Procedure", "Condition"),
        *("RelatedPerson", "MedicationStatement", "AllergyIntolerance", *TYPES),
        "CarePlan",
    }
)
"""Of which our marks are taken off, wherever they are."""
_OF_REFERRAL = ("category", "extension", "performerType")
"""Where a mark would make a referral something else. Its code is what it asks for, and
its steps are begun anew in any case."""
_BY = {
    **dict.fromkeys(("Flag", "QuestionnaireResponse", "CarePlan"), "author"),
    "Observation": "performer",
}
"""Where each says from whom it is."""
_OF_OTHERS = frozenset({"Flag", "Appointment"})
"""Types that name whom they are about elsewhere, or a place."""


def faults_along(entries: Mapping[str, Json], number: str) -> Iterator[Fault]:
    """All that is wrong with what came along, by the URL of its entry.

    `number` is the patient's NHS number as the message has it.
    """
    found = Counter(str(one.get("resourceType")) for one in entries.values())
    for type_, most in MOST.items():
        if found[type_] > most:
            words = f"A message has at most {most} {type_}."
            yield unprocessable(words, _place(type_), "too-costly")
    patients = {
        url for url, one in entries.items() if one.get("resourceType") == "Patient"
    }
    for one in entries.values():
        type_ = str(one.get("resourceType"))
        if type_ in _HELD:
            yield from _faults_of(one, type_, patients, number)


def _faults_of(
    content: Json, type_: str, patients: set[str], number: str
) -> Iterator[Fault]:
    if len(msgspec.json.encode(content)) > MOST_BYTES:
        words = f"{type_} has at most {MOST_BYTES:,} bytes."
        yield unprocessable(words, _place(type_), "too-long")
        return
    said = list(_strings(content))
    longest = LONGEST_PLAN if type_ == "CarePlan" else LONGEST_WORDS
    if any(len(one) > longest for one in said):
        words = f"A text has at most {longest:,} characters."
        yield unprocessable(words, _place(type_), "too-long")
    if any(_TAG.search(one) for one in said):
        yield _wrong("Words have no markup.", type_, "")
    # What changes the meaning of what is kept cannot be passed over, however deep.
    if "contained" in content or any(
        "modifierExtension" in it for it in _objects(content)
    ):
        words = f"{type_} is taken without contained resources and modifiers."
        yield unprocessable(words, _place(type_))
    if _subject(content, type_) not in {*patients, ""}:
        yield _wrong("It is about the message's patient.", type_, ".subject")
    if any(one != number for one in _numbers(content)):
        yield _wrong("It names another patient.", type_, "")


def _subject(content: Json, type_: str) -> str:
    """Whom it says that it is about; nobody where something else says so."""
    subject = content.get("subject")
    said = subject.get("reference") if isinstance(subject, dict) else None
    return "" if type_ in _OF_OTHERS else said if isinstance(said, str) else "nobody"


def _numbers(node: object) -> Iterator[str]:
    """NHS numbers anywhere below."""
    for one in _objects(node):
        if one.get("system") == NHS_NUMBER:
            yield str(one.get("value"))


def _strings(node: object) -> Iterator[str]:
    """What is said below; of a narrative, which is not stored, nothing."""
    for one in _objects(node):
        for name, value in one.items():
            if isinstance(value, str) and name != "div":
                yield value
            elif isinstance(value, list):
                yield from (it for it in value if isinstance(it, str))


def _objects(node: object) -> Iterator[Json]:
    waiting = [node]
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict):
            yield here
            waiting.extend(here.values())
        elif isinstance(here, list):
            waiting.extend(here)


def _place(type_: str) -> str:
    return f"Bundle.entry.resource.ofType({type_})"


def _wrong(words: str, type_: str, more: str) -> Fault:
    return Fault(
        error=Error.BAD_REQUEST,
        code="value",
        words=words,
        place=f"{_place(type_)}{more}",
    )


def as_received(content: Json, *, sender: str, origin: Json) -> Json:
    """It as it is stored: without our marks, under the name of whoever sent it.

    `origin` is an Identifier of the message.
    """
    type_ = str(content.get("resourceType"))
    if type_ not in _MARKED:
        return content
    made: Json = _plain(content)
    if type_ not in _BY:
        return made
    if type_ == "Observation" and not made.get("code"):
        made["code"] = {"text": "Observation"}
    name = _BY[type_]
    made[name] = _signed(made.get(name), sender, is_list=name == "performer")
    kept = made.get("extension")
    made["extension"] = [
        *(kept if isinstance(kept, list) else ()),
        {"url": FROM, "valueReference": {"display": sender, "identifier": origin}},
    ]
    return made


def unmarked(content: Json) -> Json:
    """A referral that is nothing else: what a call of ours came to leads no team to it.

    Nor does it count in our figures.
    """
    made = {name: _plain(content[name]) for name in _OF_REFERRAL if name in content}
    rest = {name: it for name, it in content.items() if name not in made}
    return {**rest, **{name: it for name, it in made.items() if it not in ({}, [])}}


def sender_in(content: Json) -> str:
    """From whom a stored resource came by message; empty: from nobody outside."""
    found = content.get("extension")
    for one in found if isinstance(found, list) else ():
        origin = one.get("valueReference") if isinstance(one, dict) else None
        if isinstance(origin, dict) and one.get("url") == FROM:
            return str(origin.get("display") or "Somebody elsewhere")
    return ""


def _signed(node: object, sender: str, *, is_list: bool) -> Any:
    """Who said it, with where they work; where nobody is named, where alone."""
    first = node[0] if isinstance(node, list) and node else node
    said = first.get("display") if isinstance(first, dict) else ""
    named = f"{said}, {sender}" if isinstance(said, str) and said else sender
    by = {"display": named[:300]}
    return [by] if is_list else by


def _plain(node: Any) -> Any:
    """Without extensions and codings of ours, all the way down."""
    if isinstance(node, list):
        kept = [_plain(one) for one in node if not _is_ours(one)]
        return [one for one in kept if one != {}]
    if not isinstance(node, dict):
        return node
    made = {name: _plain(value) for name, value in node.items()}
    if "coding" in node and not node.get("text"):
        made |= _named_by(node["coding"])
    return {name: value for name, value in made.items() if value not in ({}, [])}


def _named_by(codings: Any) -> Json:
    """What codings that are left out said, so that nothing is left without words."""
    left = (
        [one for one in codings if _is_ours(one)] if isinstance(codings, list) else []
    )
    said = [one.get("display") for one in left]
    return next(({"text": one} for one in said if isinstance(one, str) and one), {})


def _is_ours(node: object) -> bool:
    if not isinstance(node, dict):
        return False
    said = (node.get("url"), node.get("system"))
    return any(isinstance(one, str) and one.startswith(_OURS) for one in said)
