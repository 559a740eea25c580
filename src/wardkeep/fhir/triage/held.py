# SPDX-License-Identifier: Apache-2.0
"""Which rules somebody of an organisation held against the original publication.

One Library of the organisation's for each engine's content (docs/formats/triage.md). A
mark is bound to the digest of the rule: it stays while the rule stays, in whatever
version it stands, and whoever changes a word of the rule has one that nobody held.
"""

from collections.abc import Mapping

import msgspec

from wardkeep.base.ids import derived_uuid
from wardkeep.fhir.triage.content import Content, Rule

TYPE = "Library"
_PART = "urn:wardkeep:triage:"
HELD = f"{_PART}held"
MOST = 2_000
"""Marks of one organisation's content; the oldest go first."""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """One rule, held against its original."""

    rule: str
    """Its digest."""
    name: str
    """Who did it, with their registration."""
    day: str
    clause: str
    """The clause that was read, and in which edition."""
    account: str
    """Whose session said so."""


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a content was held against its originals, and by whom."""

    rules: int
    by_authors: int
    """Whoever wrote the content held these against the original itself, and nobody of
    the organisation did."""
    by_us: int
    """Held by somebody of the organisation."""

    @property
    def by_nobody(self) -> int:
        return self.rules - self.by_authors - self.by_us


def held_id(name: str) -> str:
    """Of the Library with the marks of the content that stands under a name."""
    return derived_uuid("triage-held", name)


def is_by_authors(rule: Rule) -> bool:
    """Of a shipped rule its mark says so; of one's own, that nothing was unchecked."""
    if rule.original is not None:
        return rule.original.is_held
    return not rule.unchecked


def counted(content: Content, marks: Mapping[str, Held]) -> Count:
    """Of a content's rules."""
    left = [one for one in content.rules if one.digest not in marks]
    return Count(
        rules=len(content.rules),
        by_authors=sum(map(is_by_authors, left)),
        by_us=len(content.rules) - len(left),
    )


def marked_by_id(content: Content, marks: Mapping[str, Held]) -> dict[str, Held]:
    """The marks that hold for a content's rules, by the rule's id."""
    return {one.id: marks[one.digest] for one in content.rules if one.digest in marks}


def marks_library(name: str, marks: Mapping[str, Held]) -> dict[str, object]:
    """The Library to be stored, as content."""
    kept = list(marks.values())[-MOST:]
    return {
        "resourceType": TYPE,
        "id": held_id(name),
        "status": "active",
        "title": f"Rules of {name} that were held against their originals",
        "type": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/library-type",
                    "code": "asset-collection",
                }
            ]
        },
        **({"extension": [_said(one) for one in kept]} if kept else {}),
    }


def _said(one: Held) -> dict[str, object]:
    return {
        "url": HELD,
        "extension": [
            {"url": "rule", "valueString": one.rule},
            {"url": "name", "valueString": one.name},
            {"url": "day", "valueDate": one.day},
            {"url": "clause", "valueString": one.clause},
            {"url": "account", "valueString": one.account},
        ],
    }


class _Part(msgspec.Struct, frozen=True, rename="camel"):
    url: str = ""
    value_string: str = ""
    value_date: str = ""


class _Mark(msgspec.Struct, frozen=True):
    url: str = ""
    extension: tuple[_Part, ...] = ()


class _Library(msgspec.Struct, frozen=True):
    extension: tuple[_Mark, ...] = ()


_decode = msgspec.json.Decoder(_Library).decode


def marks_in(text: bytes) -> dict[str, Held]:
    """By the rule's digest; empty where the text holds none."""
    try:
        read = _decode(text)
    except msgspec.DecodeError:
        return {}
    found = {}
    for mark in read.extension:
        said = {one.url: one.value_string or one.value_date for one in mark.extension}
        if mark.url == HELD and said.get("rule"):
            found[said["rule"]] = Held(
                rule=said["rule"],
                name=said.get("name", ""),
                day=said.get("day", ""),
                clause=said.get("clause", ""),
                account=said.get("account", ""),
            )
    return found
