# SPDX-License-Identifier: Apache-2.0
"""How to find a clinic: where to wait, the way there, and the way without steps.

They stand in the clinic's own Location (https://hl7.org/fhir/R4/location.html) as
extensions of ours, in English and, as R4's translation extension, in other languages.
So the organisation's key seals them with the clinic's name, they have versions, and
nothing of them lies in the clear beside who is booked there.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from wardkeep.fhir.clinics.resources import content_of, draft
from wardkeep.fhir.questionnaires.questionnaire import TRANSLATION
from wardkeep.fhir.store.draft import Draft

ENGLISH = "en"
PARTS = ("area", "way", "step-free")
"""Where to wait; how to come there; how to come there without steps."""
LONGEST = {"area": 80, "way": 300, "step-free": 300}
_URL = "urn:wardkeep:directions:"
_HELD = {f"{_URL}{part}": part for part in PARTS}
Texts = Mapping[str, str]
"""A text by its language; in English first where there is one."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A text with the language that it is in: not everything is translated."""

    text: str
    language: str


class Directions(msgspec.Struct, frozen=True, kw_only=True):
    """Each part in the languages that the clinic wrote it in."""

    texts: Mapping[str, Texts] = msgspec.field(default_factory=dict)

    def said(self, part: str, language: str) -> Said | None:
        """A part in a language, else in English; None where nobody wrote it."""
        texts = self.texts.get(part, {})
        for code in (language, ENGLISH):
            if texts.get(code):
                return Said(text=texts[code], language=code)
        return None


def directions_in(location: Mapping[str, Any]) -> Directions:
    """What a Location says of them; what is not as we write it is left out."""
    found: dict[str, Texts] = {}
    for one in location.get("extension") or ():
        part = _HELD.get(_text(one, "url"))
        if part is not None:
            found[part] = _texts(one)
    return Directions(texts=found)


def _texts(extension: Mapping[str, Any]) -> Texts:
    texts = {ENGLISH: _text(extension, "valueString")}
    beside = extension.get("_valueString") or {}
    for one in beside.get("extension") or ():
        inner = {_text(part, "url"): part for part in one.get("extension") or ()}
        if _text(one, "url") == TRANSLATION and {"lang", "content"} <= inner.keys():
            code = _text(inner["lang"], "valueCode")
            texts[code] = _text(inner["content"], "valueString")
    return {code: text for code, text in texts.items() if code and text}


def _text(of: Mapping[str, Any], name: str) -> str:
    value = of.get(name, "")
    return value if isinstance(value, str) else ""


def with_directions(location: bytes, directions: Directions, id_: str) -> Draft:
    """The Location with these; whatever else it says stays."""
    content: dict[str, Any] = content_of(location)
    kept = [
        one for one in content.get("extension") or () if one.get("url") not in _HELD
    ]
    made = extensions_of(directions)
    content.pop("extension", None)
    if kept or made:
        content["extension"] = [*kept, *made]
    return draft(content, id_)


def extensions_of(directions: Directions) -> list[dict[str, Any]]:
    """Directions as a Location holds them."""
    return [
        _extension(part, directions.texts[part])
        for part in PARTS
        if directions.texts.get(part)
    ]


def _extension(part: str, texts: Texts) -> dict[str, Any]:
    said: dict[str, Any] = {"url": f"{_URL}{part}"}
    if texts.get(ENGLISH):
        said["valueString"] = texts[ENGLISH]
    others = [
        {
            "url": TRANSLATION,
            "extension": [
                {"url": "lang", "valueCode": code},
                {"url": "content", "valueString": text},
            ],
        }
        for code, text in sorted(texts.items())
        if code != ENGLISH and text
    ]
    if others:
        said["_valueString"] = {"extension": others}
    return said
