# SPDX-License-Identifier: Apache-2.0
"""Teams to which people are referred: HealthcareServices, and who works in them.

https://hl7.org/fhir/R4/healthcareservice.html. Who is in a team is said by
PractitionerRoles of the record, for choosing; whom it may expect, by the warden alone.
"""

from typing import TypeVar

import msgspec

from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.fhir.model.coded import Concept
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.referrals.clocks import NO_STANDARD, STANDARDS, SYSTEM, Standard
from wardkeep.fhir.store.outcomes import Opener
from wardkeep.fhir.store.shared_listing import SharedLister
from wardkeep.fhir.work.referral import TEAM

T = TypeVar("T")
NO_NAME = "A team without a name"


class Team(msgspec.Struct, frozen=True, kw_only=True):
    """One of them."""

    id: str
    name: str
    standard: Standard
    is_active: bool
    """Whether it takes referrals."""

    @property
    def person(self) -> Person:
        """As references name it."""
        return Person(f"{TEAM}/{self.id}", self.name)


class _Service(msgspec.Struct, frozen=True):
    name: str = ""
    active: bool = True
    characteristic: tuple[Concept, ...] = ()


class _Role(msgspec.Struct, frozen=True, rename="camel"):
    active: bool = True
    practitioner: Person = Person()
    healthcare_service: tuple[Person, ...] = ()


class _Name(msgspec.Struct, frozen=True):
    text: str = ""
    family: str = ""
    given: tuple[str, ...] = ()


class _Practitioner(msgspec.Struct, frozen=True):
    name: tuple[_Name, ...] = ()

    @property
    def words(self) -> str:
        """The first name as it is written; empty where there is none."""
        for one in self.name:
            said = one.text or " ".join([*one.given, one.family]).strip()
            if said:
                return said
        return ""


class Teams:
    """Names of teams, their clocks and their people."""

    def __init__(self, database: Database, warden: WardenClient) -> None:
        self._shared = SharedLister(database, warden)

    async def all(self, *, opener: Opener) -> dict[str, Team] | Refusal:
        """By id, in the order of their names."""
        found = await self._shared.all_of(TEAM, opener=opener)
        if isinstance(found, Refusal):
            return found
        teams = [_team(one.id, _read(one.text, _Service)) for one in found]
        return {one.id: one for one in sorted(teams, key=lambda one: one.name)}

    async def everybody(
        self, *, opener: Opener
    ) -> dict[str, tuple[Person, ...]] | Refusal:
        """By team: practitioners whose roles name it, in the order of their names."""
        found = await self._shared.all_of("PractitionerRole", opener=opener)
        if isinstance(found, Refusal):
            return found
        roles = [_read(one.text, _Role) for one in found]
        names = await self._names(opener=opener)
        if isinstance(names, Refusal):
            return names
        named: dict[str, dict[str, Person]] = {}
        for role in roles:
            said = role.practitioner
            person = Person(said.reference, names.get(said.reference, said.display))
            if role.active and person.reference.startswith("Practitioner/"):
                for at in role.healthcare_service:
                    team = at.reference.removeprefix(f"{TEAM}/")
                    named.setdefault(team, {})[person.reference] = person
        return {
            team: tuple(sorted(people.values(), key=lambda one: one.words))
            for team, people in named.items()
        }

    async def _names(self, *, opener: Opener) -> dict[str, str] | Refusal:
        """What practitioners are called: a role need not say it."""
        found = await self._shared.all_of("Practitioner", opener=opener)
        if isinstance(found, Refusal):
            return found
        said = {
            f"Practitioner/{one.id}": _read(one.text, _Practitioner) for one in found
        }
        return {key: one.words for key, one in said.items() if one.words}

    async def workers(
        self, team: str, *, opener: Opener
    ) -> tuple[Person, ...] | Refusal:
        """Those of one team."""
        found = await self.everybody(opener=opener)
        return found if isinstance(found, Refusal) else found.get(team, ())


def _team(id_: str, said: _Service) -> Team:
    codes = [
        coding.code
        for concept in said.characteristic
        for coding in concept.coding
        if coding.system == SYSTEM
    ]
    standard = next((STANDARDS[one] for one in codes if one in STANDARDS), NO_STANDARD)
    return Team(
        id=id_, name=said.name or NO_NAME, standard=standard, is_active=said.active
    )


def _read(text: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError:
        return kind()
