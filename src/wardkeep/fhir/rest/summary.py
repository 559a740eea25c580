# SPDX-License-Identifier: Apache-2.0
"""Parts of resources: `_summary` and `_elements`; https://hl7.org/fhir/R4/search.html#summary.

What is cut is marked SUBSETTED, so that nobody stores it as if it were the whole.
"""

from collections.abc import Iterable
from functools import cache

import msgspec

from wardkeep.fhir.model.definitions import definitions, elements_of
from wardkeep.fhir.model.strict_json import compact_json, decoded_object
from wardkeep.fhir.rest.answer import Answer
from wardkeep.fhir.rest.outcome import told

_SUBSETTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
}
_SUMMARIES = ("true", "false", "text", "data", "count")
_ALWAYS = frozenset({"resourceType", "id", "meta", "implicitRules"})
PRETTY, SUMMARY, ELEMENTS = "_pretty", "_summary", "_elements"


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """What of a resource is wanted."""

    summary: str = ""
    """`true`, `text`, `data` or `count`; empty: the whole."""
    elements: tuple[str, ...] = ()
    is_pretty: bool = False

    @property
    def is_whole(self) -> bool:
        return not (self.summary or self.elements or self.is_pretty)


def shape_of(pairs: Iterable[tuple[str, str]]) -> Shape | Answer:
    """Read `_summary`, `_elements` and `_pretty`; the rest is not looked at."""
    summary, is_pretty = "", False
    elements: tuple[str, ...] = ()
    for name, value in pairs:
        if name == SUMMARY:
            if value not in _SUMMARIES:
                words = "Write _summary as true, false, text, data or count."
                return told(400, "value", words, expression=(SUMMARY,))
            summary = "" if value == "false" else value
        elif name == ELEMENTS:
            wanted = [one.strip() for one in value.split(",")]
            elements = tuple(one for one in wanted if one)
        elif name == PRETTY:
            is_pretty = value == "true"
    return Shape(summary=summary, elements=elements, is_pretty=is_pretty)


def shaped(text: bytes, type_: str, shape: Shape) -> bytes:
    """The resource's JSON in this shape; untouched where the whole is wanted."""
    if shape.is_whole:
        return text
    content = decoded_object(text)
    if shape.elements or shape.summary:
        content = _cut(content, _kept(type_, shape))
    whole = compact_json(content)
    return msgspec.json.format(whole, indent=2) if shape.is_pretty else whole


def _kept(type_: str, shape: Shape) -> frozenset[str]:
    if shape.elements:
        prefix = f"{type_}."
        names = {
            one.removeprefix(prefix)
            for one in shape.elements
            if "." not in one or one.startswith(prefix)
        }
        return frozenset(names) | _required(type_)
    if shape.summary == "text":
        return frozenset({"text"}) | _required(type_)
    if shape.summary == "data":
        return frozenset(elements_of(type_)) - {"text"} | _ALWAYS
    return _summary(type_)


def _cut(content: dict[str, object], kept: frozenset[str]) -> dict[str, object]:
    found = {
        key: value for key, value in content.items() if _name(key, kept) is not None
    }
    meta = found.get("meta")
    meta = dict(meta) if isinstance(meta, dict) else {}
    tags = meta.get("tag")
    meta["tag"] = [*(tags if isinstance(tags, list) else []), _SUBSETTED]
    found["meta"] = meta
    return found


def _name(key: str, kept: frozenset[str]) -> str | None:
    """The kept element that a JSON key belongs to."""
    bare = key.removeprefix("_")
    if bare in _ALWAYS or bare in kept:
        return bare
    for one in kept:
        choice = one.removesuffix("[x]")
        is_choice = bare.startswith(choice) and bare[len(choice) :][:1].isupper()
        if is_choice and (one.endswith("[x]") or one in kept):
            return one
    return None


@cache
def _required(type_: str) -> frozenset[str]:
    return frozenset(
        name for name, element in elements_of(type_).items() if element.least
    )


@cache
def _summary(type_: str) -> frozenset[str]:
    """The elements that FHIR marks as summary."""
    return frozenset(definitions().summaries.get(type_, ())) | _required(type_)
