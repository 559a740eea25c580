# SPDX-License-Identifier: Apache-2.0
"""Who signs in to the demo, which practitioner each is, and which team works where.

Whom they may expect is not written anywhere: their appointments, stays, care teams and
visits say so, as in any other organisation.
"""

from collections.abc import Iterator, Sequence

import msgspec

from wardkeep.assembly.demo import seeing
from wardkeep.assembly.demo.bundles import practitioner_role_id
from wardkeep.assembly.demo.doors import doors_of
from wardkeep.assembly.demo.organisations import DemoOrganisation
from wardkeep.assembly.demo.referrals import demo_services, service_id
from wardkeep.assembly.demo.staff import Role, StaffMember, staff_of
from wardkeep.assembly.demo.urgent_care import queues_of
from wardkeep.fhir.urgent.queueing import place_of

RECEPTION = "Reception"


class DemoAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody for whom the demo makes an account and an enrolment link."""

    key: str
    """Unique across the demo, stable, fit for a file name or an address."""
    organisation: str
    role: Role
    display_name: str
    job: str
    practitioner_id: str
    references: tuple[str, ...]
    """What the record calls them."""


class DemoTeam(msgspec.Struct, frozen=True, kw_only=True):
    """People who work together, and where."""

    name: str
    places: tuple[str, ...]
    """References, as `Location/x`."""
    members: tuple[str, ...]
    """Keys of accounts."""


def demo_accounts(organisation: DemoOrganisation) -> tuple[DemoAccount, ...]:
    members = staff_of(organisation).values()
    return tuple(_account(organisation, one) for one in members if one.has_account)


def demo_teams(organisation: DemoOrganisation) -> tuple[DemoTeam, ...]:
    """One for each ward and clinic, and the reception, which sees to every clinic."""
    people = [one for one in staff_of(organisation).values() if one.has_account]
    places = [one for one in organisation.places if one.kind != "area"]
    teams = [
        DemoTeam(
            name=place.name,
            places=(f"Location/{organisation.place_id(place.key)}",),
            members=tuple(
                _key(organisation, one) for one in people if place.key in one.places
            ),
        )
        for place in places
    ]
    clinics = tuple(
        f"Location/{organisation.place_id(one.key)}"
        for one in places
        if one.kind == "clinic"
    )
    at_the_desk = tuple(
        _key(organisation, one) for one in people if one.role == "receptionist"
    )
    desk = DemoTeam(name=RECEPTION, places=clinics, members=at_the_desk)
    services = _services(organisation, people)
    return (*teams, desk, *services, *_queues(organisation, people))


def _queues(
    organisation: DemoOrganisation, people: Sequence[StaffMember]
) -> Iterator[DemoTeam]:
    """One a skill of urgent care."""
    for skill, (name, members) in queues_of(organisation).items():
        yield DemoTeam(
            name=name,
            places=(place_of(skill),),
            members=tuple(
                _key(organisation, who) for who in people if who.key in members
            ),
        )

    if organisation.kind != "hospital":
        return
    yield DemoTeam(
        name=seeing.NAME,
        places=(f"Location/{seeing.CENTRE}",),
        members=tuple(
            _key(organisation, who) for who in people if who.key in seeing.MEMBERS
        ),
    )


def _services(
    organisation: DemoOrganisation, people: Sequence[StaffMember]
) -> Iterator[DemoTeam]:
    """Teams that take referrals, and who works their lists."""
    for door in doors_of(organisation):
        yield DemoTeam(
            name=door.name,
            places=(f"HealthcareService/{door.id_at(organisation)}",),
            members=tuple(
                _key(organisation, who) for who in people if who.key in door.members
            ),
        )
    for one in demo_services(organisation):
        yield DemoTeam(
            name=one.name,
            places=(f"HealthcareService/{service_id(organisation, one.key)}",),
            members=tuple(
                _key(organisation, who) for who in people if who.key in one.members
            ),
        )


def _key(organisation: DemoOrganisation, member: StaffMember) -> str:
    return f"{organisation.slug}-{member.key}"


def _account(organisation: DemoOrganisation, member: StaffMember) -> DemoAccount:
    return DemoAccount(
        key=_key(organisation, member),
        organisation=organisation.slug,
        role=member.role,
        display_name=member.name,
        job=member.job,
        practitioner_id=member.practitioner_id,
        references=(
            f"Practitioner/{member.practitioner_id}",
            f"PractitionerRole/{practitioner_role_id(member)}",
        ),
    )
