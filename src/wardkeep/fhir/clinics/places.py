# SPDX-License-Identifier: Apache-2.0
"""Where clinics are and whose times are whose: Locations and Schedules by name.

They belong to no patient: the organisation's own key opens them, without a budget.
"""

from typing import Any, TypeVar

import msgspec

from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.fhir.clinics.directions import Directions, directions_in
from wardkeep.fhir.store.outcomes import Opener
from wardkeep.fhir.store.shared_listing import SharedLister

T = TypeVar("T")


class _Reference(msgspec.Struct, frozen=True):
    reference: str = ""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A Location, as people are told of it."""

    id: str
    name: str
    directions: Directions = msgspec.field(default_factory=Directions)


class _Schedule(msgspec.Struct, frozen=True):
    id: str = ""
    active: bool = True
    actor: tuple[_Reference, ...] = ()


_place = msgspec.json.Decoder(dict[str, Any])
_NAMELESS = "A place without a name"
_schedule = msgspec.json.Decoder(_Schedule)


class Places:
    """Names of places, and the schedules of a clinic."""

    def __init__(self, database: Database, warden: WardenClient) -> None:
        self._shared = SharedLister(database, warden)

    async def all(self, *, opener: Opener) -> dict[str, Place] | Refusal:
        """Each Location of the organisation: its name, and how to find it."""
        found = await self._shared.all_of("Location", opener=opener)
        if isinstance(found, Refusal):
            return found
        return {one.id: place_of(one.id, one.text) for one in found}

    async def names(self, *, opener: Opener) -> dict[str, str] | Refusal:
        """What each Location of the organisation is called."""
        found = await self.all(opener=opener)
        if isinstance(found, Refusal):
            return found
        return {one.id: one.name for one in found.values()}

    async def schedules(
        self, place: str, *, opener: Opener
    ) -> tuple[str, ...] | Refusal:
        """Ids of the schedules that are kept for a place."""
        found = await self._shared.all_of("Schedule", opener=opener)
        if isinstance(found, Refusal):
            return found
        kept = [(one.id, _read(_schedule, one.text, _Schedule())) for one in found]
        wanted = f"Location/{place}"
        return tuple(
            id_
            for id_, said in kept
            if said.active and any(one.reference == wanted for one in said.actor)
        )


def place_of(id_: str, text: bytes) -> Place:
    """A stored Location, read."""
    said = _read(_place, text, {})
    name = said.get("name")
    named = name if isinstance(name, str) and name else _NAMELESS
    return Place(id=id_, name=named, directions=directions_in(said))


def _read(decoder: msgspec.json.Decoder[T], text: bytes, otherwise: T) -> T:
    try:
        return decoder.decode(text)
    except msgspec.DecodeError:
        return otherwise
