# SPDX-License-Identifier: Apache-2.0
"""A way into a home as a FHIR resource: a Basic with the label of the sealed tier.

FHIR R4 has no resource for it (https://hl7.org/fhir/R4/basic.html is for concepts that
it does not have yet). A Flag was the next best, and is what other software shows on
every page; here a code must be on none. One resource is one way in, so that one opening
gives one code (docs/formats/way-in.md).
"""

from datetime import date

import msgspec

from wardkeep.fhir.model.resource import Resource, parse

TYPE = "Basic"
CODE_SYSTEM = "urn:wardkeep:home"
CODE = "way-in"
VERY_RESTRICTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
    "code": "V",
    "display": "very restricted",
}
"""The label that puts a resource into the sealed tier."""
KINDS = {
    "key-safe": "Key safe",
    "door": "Door code",
    "alarm": "Alarm code",
    "key-holder": "Key holder",
    "other": "Other",
}
_PART = "urn:wardkeep:way-in:"


class WayIn(msgspec.Struct, frozen=True, kw_only=True):
    """One way into one home."""

    kind: str
    """One of `KINDS`."""
    code: str = ""
    """Empty of a key holder."""
    where: str = ""
    notes: str = ""
    backup: str = ""
    """Who else can let somebody in."""
    call: str = ""
    """Whom to ring when it does not open."""
    agreed_on: date | None = None
    """When the person, or who speaks for them, agreed that it is kept here."""
    reviewed_on: date | None = None


_TEXTS = ("code", "where", "notes", "backup", "call")
_DATES = ("agreed_on", "reviewed_on")


class WayInBrokenError(Exception):
    """What was made here is no resource; our own fault."""


def way_in_resource(
    way_in: WayIn, *, patient: str, id_: str, created: date
) -> Resource:
    """It as a resource, to be stored."""
    parts: list[dict[str, str]] = [
        {"url": f"{_PART}kind", "valueCode": way_in.kind},
    ]
    for name in _TEXTS:
        text = getattr(way_in, name)
        if text:
            parts.append({"url": f"{_PART}{name}", "valueString": text})
    for name in _DATES:
        day = getattr(way_in, name)
        if day is not None:
            parts.append({"url": f"{_PART}{name}", "valueDate": day.isoformat()})
    content = {
        "resourceType": TYPE,
        "id": id_,
        "meta": {"security": [VERY_RESTRICTED]},
        "extension": parts,
        "code": {"coding": [{"system": CODE_SYSTEM, "code": CODE}]},
        "subject": {"reference": f"Patient/{patient}"},
        "created": created.isoformat(),
    }
    made = parse(msgspec.json.encode(content))
    if not isinstance(made, Resource):
        raise WayInBrokenError
    return made


class _Part(msgspec.Struct, rename="camel"):
    url: str = ""
    value_code: str = ""
    value_string: str = ""
    value_date: str = ""


class _Basic(msgspec.Struct):
    extension: list[_Part] = []


def read_way_in(text: bytes) -> WayIn | None:
    """Undo it; None where it is written in another way."""
    try:
        basic = msgspec.json.decode(text, type=_Basic)
        found = {one.url.removeprefix(_PART): one for one in basic.extension}
        kind = found["kind"].value_code
        return WayIn(
            kind=kind if kind in KINDS else "other",
            agreed_on=_day(found.get("agreed_on")),
            reviewed_on=_day(found.get("reviewed_on")),
            **{name: found[name].value_string for name in _TEXTS if name in found},
        )
    except (msgspec.DecodeError, KeyError, ValueError):
        return None


def _day(part: _Part | None) -> date | None:
    return None if part is None else date.fromisoformat(part.value_date)
