# SPDX-License-Identifier: Apache-2.0
"""What the organisation's own resources say: teams, wards, staff and their codes."""

from collections.abc import Sequence

import msgspec

from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.fhir.data_sets.facts import (
    Fact,
    codes_in,
    identifier_in,
    short_id,
    text_in,
)
from wardkeep.fhir.data_sets.ground import Ground, Month, Staff
from wardkeep.fhir.data_sets.reading import DataSetRefusedError
from wardkeep.fhir.store.outcomes import OpenedResource, Opener
from wardkeep.fhir.store.shared_listing import SharedLister
from wardkeep.fhir.work.expects import Content, listed
from wardkeep.fhir.work.referral import TEAM

MOST_OF_A_TYPE = 50_000
REGISTERS = (
    "https://fhir.hl7.org.uk/Id/gmc-number",
    "https://fhir.hl7.org.uk/Id/nmc-number",
    "https://fhir.hl7.org.uk/Id/hcpc-number",
)


class Surveyor:
    """Reads what belongs to the organisation and to no patient."""

    def __init__(
        self, database: Database, warden: WardenClient, opener: Opener
    ) -> None:
        self._lister = SharedLister(database, warden)
        self._opener = opener

    async def ground(
        self, month: Month, systems: dict[str, str], *, provider: str, commissioner: str
    ) -> Ground:
        """What holds for every patient; `provider` and `commissioner` are ODS codes.

        Raises:
            DataSetRefusedError: the warden gives no key.
        """
        teams, names, untyped = await self._teams(systems["team_type"])
        wards = await self._contents("Location")
        organisations = await self._contents("Organization")
        staff = await self._contents("Practitioner")
        return Ground(
            month=month,
            provider=provider,
            commissioner=commissioner,
            systems=systems,
            teams=teams,
            names=names,
            teams_without_type=untyped,
            practices=_identifiers(organisations, systems["ods"]),
            wards=_identifiers(wards, systems["ward_code"]),
            staff={id_: _staff(content) for id_, content in staff.items()},
        )

    async def _teams(
        self, system: str
    ) -> tuple[dict[str, str], dict[str, str], tuple[str, ...]]:
        """Types by team, names by team, and names of those without a type."""
        found = await self._contents(TEAM)
        types = {
            id_: next(codes_in(content.get("type"), system), "")
            for id_, content in found.items()
        }
        names = {
            id_: text_in(content.get("name")) or "A team without a name"
            for id_, content in found.items()
        }
        typed = {id_: code for id_, code in types.items() if code}
        untyped = sorted(names[id_] for id_ in types if id_ not in typed)
        return typed, names, tuple(untyped)

    async def _contents(self, type_: str) -> dict[str, Content]:
        found = await self._lister.all_of(
            type_, opener=self._opener, at_most=MOST_OF_A_TYPE
        )
        if isinstance(found, Refusal):
            message = f"{found.why} {found.mend}"
            raise DataSetRefusedError(message)
        return {one.id: _content(one) for one in found}


def _content(one: OpenedResource) -> Content:
    content: Content = msgspec.json.decode(one.text)
    return content


def _identifiers(contents: dict[str, Content], system: str) -> dict[str, str]:
    found = {id_: identifier_in(one, system) for id_, one in contents.items()}
    return {id_: value for id_, value in found.items() if value}


def _staff(content: Content) -> Staff:
    for one in listed(content, "identifier"):
        if one.get("system") in REGISTERS:
            return Staff(text_in(one.get("system")), text_in(one.get("value")))
    return Staff()


def header_fact(ground: Ground, *, version: str, system: str, made_at: str) -> Fact:
    """Who sends what, of when."""
    return Fact(
        source="header",
        type="Organization",
        id="",
        facts={
            "version": version,
            "provider": ground.provider,
            "system": system,
            "begins": ground.month.begins.isoformat(),
            "ends": ground.month.ends.isoformat(),
            "made_at": made_at,
        },
    )


def staff_facts(ground: Ground, named: Sequence[str]) -> list[Fact]:
    """Of each member of staff who is named in a row."""
    found = []
    for id_ in named:
        known = ground.staff.get(id_, Staff())
        facts = {
            "worker": short_id(id_),
            "provider": ground.provider,
            "body": known.body,
            "registration": known.registration,
        }
        found.append(Fact(source="staff", type="Practitioner", id=id_, facts=facts))
    return found


def place_facts(
    ground: Ground, teams: Sequence[str], wards: Sequence[str]
) -> list[Fact]:
    """Of each team and ward that is named in a row."""
    found = [
        Fact(
            source="team",
            type=TEAM,
            id=id_,
            facts={
                "team": short_id(id_),
                "provider": ground.provider,
                "team_type": ground.teams[id_],
            },
        )
        for id_ in teams
    ]
    for code in wards:
        facts = {"ward": code}
        found.append(Fact(source="ward", type="Location", id="", facts=facts))
    return found
