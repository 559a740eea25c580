# SPDX-License-Identifier: Apache-2.0
"""Who signs in to the demo, and which patients their work explains."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Literal

import msgspec

from wardkeep.assembly.demo.moments import moment
from wardkeep.assembly.demo.organisations import DemoOrganisation
from wardkeep.assembly.demo.rounds import area_of, visits_on
from wardkeep.assembly.demo.staff import Role, StaffMember, staff_of
from wardkeep.assembly.demo.story import Story, stories_of
from wardkeep.base.ids import PatientId

RelationshipKind = Literal["ward", "clinic", "caseload", "visit"]

_NURSING_EVERY = 9
"""The community nurse has every ninth client on her list."""


class Caseload(msgspec.Struct, frozen=True):
    """A rule: the patients of a place are expected by the account."""

    kind: RelationshipKind
    place: str
    """A key of the organisation's places, a carer's key, or 'any' for all clinics."""


class DemoAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody for whom the demo makes an account and an enrolment link."""

    key: str
    """Unique across the demo, stable, fit for a file name or an address."""
    organisation: str
    role: Role
    display_name: str
    job: str
    practitioner_id: str
    caseload: tuple[Caseload, ...]


class DemoRelationship(msgspec.Struct, frozen=True, kw_only=True):
    """Why an account may expect a patient, from when, and until when if it ends."""

    account_key: str
    patient_id: PatientId
    kind: RelationshipKind
    place: str
    since: datetime
    until: datetime | None


def demo_accounts(organisation: DemoOrganisation) -> tuple[DemoAccount, ...]:
    members = staff_of(organisation).values()
    return tuple(
        _account(organisation, member) for member in members if member.has_account
    )


def demo_relationships(
    organisation: DemoOrganisation, *, today: date
) -> Iterator[DemoRelationship]:
    """Everything that today's work explains; whoever is not here asks a reason."""
    accounts = demo_accounts(organisation)
    for story in stories_of(organisation, today=today):
        expected = tuple(_expected(story))
        for account in accounts:
            yield from _matched(account, story, expected)


def _account(organisation: DemoOrganisation, member: StaffMember) -> DemoAccount:
    kinds: dict[str, RelationshipKind] = {
        place.key: "caseload" if place.kind == "area" else place.kind
        for place in organisation.places
    }
    caseload = [Caseload(kinds.get(key, "caseload"), key) for key in member.places]
    if member.role == "carer":
        caseload = [Caseload("visit", member.key)]
    if member.role == "receptionist":
        caseload = [Caseload("clinic", "any")]
    return DemoAccount(
        key=f"{organisation.slug}-{member.key}",
        organisation=organisation.slug,
        role=member.role,
        display_name=member.name,
        job=member.job,
        practitioner_id=member.practitioner_id,
        caseload=tuple(caseload),
    )


class _Expected(msgspec.Struct, frozen=True):
    """One thing on today's list of one patient."""

    kind: RelationshipKind
    place: str
    since: datetime
    until: datetime | None


def _expected(story: Story) -> Iterator[_Expected]:
    if story.person.died is not None:
        return
    if story.stay is not None:
        yield _Expected("ward", story.stay.ward, story.stay.admitted, None)
    dawn, dusk = moment(story.today, 0), moment(story.today, 23, 59)
    for visit in story.clinic_visits:
        if visit.starts.date() == story.today:
            yield _Expected("clinic", visit.clinic, dawn, dusk)
    if story.person.organisation == "larkspur":
        yield from _expected_at_home(story, dawn)


def _expected_at_home(story: Story, dawn: datetime) -> Iterator[_Expected]:
    yield _Expected("caseload", area_of(story.person), dawn, None)
    if story.person.position % _NURSING_EVERY == 0:
        yield _Expected("caseload", "nursing", dawn, None)
    for visit in visits_on(story.person, story.today):
        yield _Expected("visit", visit.carer, visit.starts, visit.ends)


def _matched(
    account: DemoAccount, story: Story, expected: tuple[_Expected, ...]
) -> Iterator[DemoRelationship]:
    for rule in account.caseload:
        for each in expected:
            if rule.kind == each.kind and rule.place in ("any", each.place):
                yield DemoRelationship(
                    account_key=account.key,
                    patient_id=story.person.patient_id,
                    kind=each.kind,
                    place=each.place,
                    since=each.since,
                    until=each.until,
                )
