# SPDX-License-Identifier: Apache-2.0
"""What the record calls practitioners, their roles and places, for those who choose.

They are the organisation's own resources, of no patient. Who somebody is and where a
team works is kept as references; pages show the names, and references of which the
record has no name alone as they are.
"""

from collections.abc import Iterable, Sequence

import msgspec

from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.notes.reading import MOST_SHARED, NoteReader
from wardkeep.fhir.store.outcomes import OpenedResource
from wardkeep.fhir.store.reading import Reader
from wardkeep.web.visit import Visit

PRACTITIONER, ROLE = "Practitioner", "PractitionerRole"
PLACES = {"Location": "Place", "HealthcareService": "Service"}
"""Types that a team works in and that are of no patient, with their word."""
_UNKNOWN = "Not in the record: "


class _Reference(msgspec.Struct, frozen=True):
    reference: str = ""


class _Coding(msgspec.Struct, frozen=True):
    display: str = ""


class _Concept(msgspec.Struct, frozen=True):
    text: str = ""
    coding: tuple[_Coding, ...] = ()

    @property
    def words(self) -> str:
        return self.text or next((one.display for one in self.coding), "")


class _Name(msgspec.Struct, frozen=True):
    text: str = ""
    family: str = ""
    given: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        return self.text or " ".join([*self.given, self.family]).strip()


class _Person(msgspec.Struct, frozen=True):
    name: tuple[_Name, ...] = ()


class _Role(msgspec.Struct, frozen=True):
    practitioner: _Reference = _Reference()
    code: tuple[_Concept, ...] = ()


class _Place(msgspec.Struct, frozen=True):
    name: str = ""


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """One of them, as somebody reads it."""

    reference: str
    """As `Practitioner/x`."""
    words: str
    of: str = ""
    """Of a role: the practitioner's reference."""


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """What a page lets somebody choose from, by name."""

    choices: tuple[Named, ...]
    is_all: bool
    """Whether the record has no more than these."""


async def named_as(visit: Visit, references: Sequence[str]) -> list[str]:
    """Each in words, in their order; one without a name says its reference."""
    pairs = [(kind, id_) for kind, _, id_ in (one.partition("/") for one in references)]
    found = await visit.services[Reader].shared(pairs, opener=opener_of(visit))
    known: dict[str, Named] = {}
    if not isinstance(found, Refusal):
        known = {one.reference: one for one in map(_named, found.resources)}
    return [
        known[one].words if one in known and known[one].words else _UNKNOWN + one
        for one in references
    ]


async def practitioners(visit: Visit) -> Offered:
    """The organisation's practitioners, by name; 500 at most."""
    return await _offered(visit, (PRACTITIONER,))


async def places(visit: Visit) -> Offered:
    """Its places and services, by name; 500 of each at most."""
    return await _offered(visit, tuple(PLACES))


async def roles_of(visit: Visit, practitioner: str) -> list[str]:
    """References of the roles of one practitioner."""
    found = await _all_of(visit, ROLE)
    return [one.reference for one in found if one.of == practitioner]


async def _offered(visit: Visit, types: Iterable[str]) -> Offered:
    found: list[Named] = []
    is_all = True
    for type_ in types:
        some = await _all_of(visit, type_)
        is_all = is_all and len(some) < MOST_SHARED
        found += [one for one in some if one.words]
    found.sort(key=lambda one: (one.words.casefold(), one.reference))
    return Offered(choices=tuple(found), is_all=is_all)


async def _all_of(visit: Visit, type_: str) -> list[Named]:
    """None where they cannot be read just now: what is known already stays typed."""
    reader = visit.services[NoteReader]
    found = await reader.shared(type_, opener=opener_of(visit))
    return [] if isinstance(found, Refusal) else [_named(one) for one in found]


def _named(one: OpenedResource) -> Named:
    reference = f"{one.type}/{one.id}"
    try:
        words, of = _words(one)
    except msgspec.DecodeError:
        words, of = "", ""
    return Named(reference=reference, words=words, of=of)


def _words(one: OpenedResource) -> tuple[str, str]:
    if one.type == PRACTITIONER:
        person = msgspec.json.decode(one.text, type=_Person)
        return next((name.words for name in person.name if name.words), ""), ""
    if one.type == ROLE:
        role = msgspec.json.decode(one.text, type=_Role)
        codes = [code.words for code in role.code if code.words]
        return ", ".join(codes) or "A role without a name", role.practitioner.reference
    return msgspec.json.decode(one.text, type=_Place).name, ""
