# SPDX-License-Identifier: Apache-2.0
"""Whom one may ask for something: colleagues by name, and teams by where they work."""

import msgspec

from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.team import PLACE, is_place
from wardkeep.fhir.notes.reading import NoteReader
from wardkeep.web.visit import Visit

_PERSON = "Practitioner"


class _Name(msgspec.Struct, frozen=True):
    text: str = ""
    family: str = ""


class _Practitioner(msgspec.Struct, frozen=True):
    name: tuple[_Name, ...] = ()
    active: bool = True


class _Place(msgspec.Struct, frozen=True):
    name: str = ""
    status: str = "active"


class Mine(msgspec.Struct, frozen=True):
    """Who the visitor is in the record, and where they work just now."""

    me: Person
    teams: tuple[str, ...]
    """As `Location/x`."""
    places: tuple[str, ...] = ()
    """Whatever stands for one's teams, places of other types among them."""


async def mine_of(visit: Visit) -> Mine:
    """No reference where nobody has said which practitioner they are."""
    said = await visit.work()
    name = visit.session.display_name
    if said is None:
        return Mine(Person("", name), ())
    own = (one for one in said.practitioners if one.startswith(f"{_PERSON}/"))
    teams = tuple(filter(is_place, said.places))
    return Mine(Person(next(own, ""), name), teams, said.places)


async def colleagues(visit: Visit) -> list[Person]:
    """The organisation's practitioners as the record names them, by name."""
    reader, opener = visit.services[NoteReader], opener_of(visit)
    found = await reader.shared(_PERSON, opener=opener)
    if isinstance(found, Refusal):
        return []
    people = []
    for one in found:
        who = msgspec.json.decode(one.text, type=_Practitioner)
        name = next((it.text or it.family for it in who.name), "")
        if who.active and name:
            people.append(Person(f"{_PERSON}/{one.id}", name))
    return sorted(people, key=lambda who: who.display)


async def teams(visit: Visit) -> list[Person]:
    """The organisation's places, by name: whoever works there is asked."""
    reader, opener = visit.services[NoteReader], opener_of(visit)
    found = await reader.shared(PLACE, opener=opener)
    if isinstance(found, Refusal):
        return []
    places = []
    for one in found:
        place = msgspec.json.decode(one.text, type=_Place)
        if place.name and place.status != "inactive":
            places.append(Person(f"{PLACE}/{one.id}", place.name))
    return sorted(places, key=lambda place: place.display)
