# SPDX-License-Identifier: Apache-2.0
"""Codes that open a home, in the free text of a resource: where, and never which.

Looked at are words that people write: narratives, notes, displays, addresses, texts of
attachments. Not looked at are identifiers, codes, dates and references, narratives that
are made of the other elements, and what standards are written in. A question with
its answer counts as one text, as a form asks for a code in one element and has it in
the next. What bears the label of the sealed tier is where a code belongs.
"""

import binascii
import re
from collections.abc import Iterator
from html import unescape

from wardkeep.base.entry_codes import holds_entry_code, without_markup
from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.resource import Resource

_NOT_WORDS = frozenset(
    (
        *("id", "reference", "url", "uri", "system", "code", "version", "status"),
        *("contentType", "fullUrl", "data", "implicitRules", "language", "hash"),
        *("lastUpdated", "postalCode", "resourceType", "use", "type", "birthDate"),
    )
)
"""Elements in which nobody writes words."""
_NOT_WORDS_OF = frozenset(("identifier", "telecom", "meta"))
_DEFINITIONS = frozenset(
    (
        *("CapabilityStatement", "CodeSystem", "CompartmentDefinition", "ConceptMap"),
        *("ActivityDefinition", "ChargeItemDefinition", "EventDefinition"),
        *("ExampleScenario", "GraphDefinition", "ImplementationGuide", "Library"),
        *("Measure", "MessageDefinition", "NamingSystem", "OperationDefinition"),
        *("PlanDefinition", "SearchParameter", "StructureDefinition", "StructureMap"),
        *("TerminologyCapabilities", "TestReport", "TestScript", "ValueSet"),
    )
)
"""What standards are written in: full of codes, and about nobody's home."""
_WORDS = (
    *("key", "keys", "keysafe", "keysafes", "keybox", "keycabinet", "keylock"),
    *("keypad", "keypads", "keyfob", "safe", "safes", "lockbox", "lockboxes", "coded"),
    *("door", "doors", "doorcode", "doorbell", "frontdoor", "backdoor", "gate"),
    *("gates", "alarm", "alarms", "entry", "entryphone", "entrance", "lock", "locks"),
    *("padlock", "padlocks", "digilock", "combi", "combination", "fob", "fobs"),
    *("buzzer", "buzzers", "intercom", "access", "porch", "shed", "burglar"),
    *("yourself", "yourselves", "way", "get", "codes", "passcode", "pincode"),
    *("passcodes", "pincodes"),
)


def _as_written(word: str) -> Iterator[str]:
    """As it may stand in JSON: beside a quotation mark, or an escaped line end."""
    for before in ("", '"', "n", "r", "t"):
        yield before + word
        yield before + word + '"'


_FIRST_LOOK = frozenset(
    one.encode() for word in _WORDS for one in _as_written(word)
) | {b"code", b'"code', b"ncode", b"tcode", b"rcode"}
"""Words without which nothing is found. `"code"` is an element, `"code` a text."""


def _as_word(byte: int) -> int:
    letter = chr(byte)
    is_kept = letter == '"' or (letter.isascii() and letter.isalpha())
    return ord(letter.lower()) if is_kept else ord(" ")


_WORDS_ALONE = bytes(map(_as_word, range(256)))
"""Small letters stay, capitals become small, all else but a quotation mark a space."""
_DATA = b'"data":"'
_TEXTS = ("text/plain", "text/html")
_MOST_ATTACHED = 1_000_000
_MOST_PROBLEMS = 10
_BARE = re.compile(r"\s*[A-Za-z]?\d(?:[ -]?\d){2,7}[A-Za-z#*]?\s*")


def entry_codes_in(resource: Resource) -> list[Problem]:
    """Where codes seem to be written; ten places at most, and none of the codes."""
    raw = resource.compact
    is_likely = not _FIRST_LOOK.isdisjoint(raw.translate(_WORDS_ALONE).split())
    if not is_likely and _DATA not in raw:
        return []
    found: list[Problem] = []
    for place, text in _texts(resource.content, resource.type):
        if holds_entry_code(text):
            found.append(_problem(place))
            if len(found) >= _MOST_PROBLEMS:
                break
    return found


def _problem(place: str) -> Problem:
    return Problem(
        place=place,
        wrong="it seems to hold a code that opens a home",
        mend="Set it as a way in, which only whoever visits is shown, and leave it out"
        " here.",
    )


def _texts(value: object, place: str) -> Iterator[tuple[str, str]]:
    """Every text with its place (FHIRPath), the questions of answers in front."""
    if isinstance(value, dict):
        yield from _texts_of(value, place)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _texts(one, f"{place}[{number}]")
    elif isinstance(value, str):
        yield place, value


def _texts_of(value: dict[str, object], place: str) -> Iterator[tuple[str, str]]:
    if value.get("resourceType") in _DEFINITIONS:
        return
    question = ""
    for name, one in value.items():
        if name in _NOT_WORDS_OF:
            continue
        yield from _element(value, name, f"{place}.{name}")
        question = question or _question(name, one)
    if question:
        yield from _answers(value, place, question)


def _element(of: dict[str, object], name: str, place: str) -> Iterator[tuple[str, str]]:
    """The texts of one element of `of`."""
    value = of[name]
    if name == "data":
        yield from _attached(of, place)
    elif name == "div" and isinstance(value, str):
        # Made of the other elements alone, which are looked at themselves:
        # https://hl7.org/fhir/R4/narrative.html#Narrative.status.
        if of.get("status") != "generated":
            yield place, unescape(without_markup(value))
    elif not isinstance(value, str):
        yield from _texts(value, place)
    elif name not in _NOT_WORDS:
        yield place, value


def _question(name: str, value: object) -> str:
    """What an element asks for: the text of an item, of a code."""
    if name in ("text", "display") and isinstance(value, str):
        return value
    if name == "code" and isinstance(value, dict):
        text = value.get("text")
        return text if isinstance(text, str) else ""
    return ""


def _answers(
    value: dict[str, object], place: str, question: str
) -> Iterator[tuple[str, str]]:
    """Bare codes that answer a question, together with it."""
    for name, one in value.items():
        if name == "answer" and isinstance(one, list):
            for number, each in enumerate(one):
                if isinstance(each, dict):
                    inner = f"{place}.answer[{number}]"
                    yield from _answers(each, inner, question)
        elif name in ("valueString", "valueInteger") and _BARE.fullmatch(str(one)):
            yield f"{place}.{name}", f"{question}: {one}"


def _attached(attachment: dict[str, object], place: str) -> Iterator[tuple[str, str]]:
    """The words of an attachment that is text (https://hl7.org/fhir/R4/datatypes.html#attachment)."""
    kind, data = str(attachment.get("contentType", "")), attachment.get("data")
    if not isinstance(data, str) or not kind.lower().startswith(_TEXTS):
        return
    try:
        raw = binascii.a2b_base64(data[: _MOST_ATTACHED * 4 // 3])
    except binascii.Error:
        return  # the structure check says so
    text = raw.decode("utf-8", errors="replace")
    yield place, unescape(without_markup(text)) if "html" in kind.lower() else text
