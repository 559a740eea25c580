# SPDX-License-Identifier: Apache-2.0
"""Teams that take referrals, and who waits for them on the day the demo is made.

They stand beside the records and not in them: a record of nobody is drawn from the same
hand, and nobody is on a list of real work.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import msgspec

from wardkeep.assembly.demo.chart.codes import Json
from wardkeep.assembly.demo.chart.sheet import entry_of
from wardkeep.assembly.demo.moments import instant, moment
from wardkeep.assembly.demo.organisations import DemoOrganisation
from wardkeep.assembly.demo.stable_ids import stable_id
from wardkeep.assembly.demo.staff import StaffMember, staff_of
from wardkeep.base.clock import LONDON
from wardkeep.base.ids import derived_uuid
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.referrals.clocks import SYSTEM
from wardkeep.fhir.work.caseload import episode_content
from wardkeep.fhir.work.referral import (
    TEAM,
    Done,
    Priority,
    Referral,
    referral_content,
    with_step,
)
from wardkeep.fhir.work.referral_steps import Step

_TEAM_TYPES = "urn:wardkeep:mhsds:service-or-team-type"
_STRIDE, _FIRST = 5, 2
"""One patient in five is referred to somebody."""


class DemoService(msgspec.Struct, frozen=True, kw_only=True):
    """A team that takes referrals."""

    key: str
    name: str
    standard: str
    members: tuple[str, ...]
    """Keys of staff; the first one triages."""
    asks: tuple[tuple[str, str], ...]
    """What is asked for, and why."""
    mhsds_type: str = ""
    """Its type in the Mental Health Services Data Set; empty: it is in none."""


_FERNHILL = (
    DemoService(
        key="heart-team",
        name="Heart team",
        standard="rtt-18-weeks",
        members=("dr-diabetes", "dr-kestrel", "coordinator"),
        asks=(
            ("Echocardiogram and advice", "Breathless on the stairs since the summer."),
            ("Review of treatment", "Palpitations twice a week, worse with coffee."),
            ("Assessment", "Faint on standing; ECG sent along by post."),
        ),
    ),
    DemoService(
        key="mind-team",
        name="Community mental health team",
        standard="four-weeks",
        mhsds_type="A06",
        members=("dr-kestrel", "coordinator", "nurse-kestrel"),
        asks=(
            (
                "Assessment",
                "Low in mood for two months, and sleeps badly.",
            ),
            ("Help after discharge", "Went home on Friday and lives alone."),
            ("Assessment and a safety plan", "Hears a voice since last week."),
        ),
    ),
)
_LARKSPUR = (
    DemoService(
        key="nursing-team",
        name="Community nursing team",
        standard="",
        members=("nurse", "coordinator-north", "coordinator-south"),
        asks=(
            ("Leg ulcer dressing, twice a week", "Ulcer on the left shin, 3 cm."),
            ("Catheter care", "Came home with a catheter."),
        ),
    ),
)  # fmt: skip
_FAR = (2, 9, 1, 25, 40, 12, 130, 5, 75, 100, 33, 18)
"""Days since each was received, over and over."""
_COURSES: tuple[tuple[Step, ...], ...] = (
    (),
    (Step.ACCEPT,),
    (Step.TRIAGE,),
    (Step.ACCEPT, Step.ALLOCATE),
    (Step.TRIAGE, Step.ASK),
    (),
    (Step.ACCEPT,),
    (Step.ACCEPT, Step.ALLOCATE, Step.CONTACT),
    (Step.DECLINE,),
)
_WORDS = {
    Step.ASK: "Which medicines were tried, and for how long?",
    Step.DECLINE: "The GP can see to this; advice is in our letter.",
}


def demo_services(organisation: DemoOrganisation) -> tuple[DemoService, ...]:
    return _FERNHILL if organisation.kind == "hospital" else _LARKSPUR


def service_id(organisation: DemoOrganisation, key: str) -> str:
    """The id of a team's FHIR HealthcareService."""
    return stable_id(organisation.slug, TEAM, key)


def service_entries(organisation: DemoOrganisation) -> Iterator[Json]:
    """The teams as HealthcareServices, each with its clock."""
    for one in demo_services(organisation):
        fields: Json = {"active": True, "name": one.name}
        if one.standard:
            coding = {"system": SYSTEM, "code": one.standard}
            fields["characteristic"] = [{"coding": [coding]}]
        if one.mhsds_type:
            kind = {"system": _TEAM_TYPES, "code": one.mhsds_type}
            fields["type"] = [
                {"coding": [kind], "text": "Community mental health team"}
            ]
        yield entry_of(TEAM, service_id(organisation, one.key), fields)


def services_of(organisation: DemoOrganisation, member: StaffMember) -> list[Json]:
    """References to the teams that somebody works in."""
    return [
        {"reference": f"urn:uuid:{service_id(organisation, one.key)}"}
        for one in demo_services(organisation)
        if member.key in one.members
    ]


def referrals_of(
    organisation: DemoOrganisation, bundle: Json, nth: int, now: datetime
) -> list[Json]:
    """What somebody is referred for: one in five, one in fifteen to two teams."""
    person = bundle["entry"][0]["resource"]
    if nth % _STRIDE != _FIRST or "deceasedDateTime" in person:
        return []
    number, services = nth // _STRIDE, demo_services(organisation)
    chosen = services if number % 3 == 0 else services[number % len(services) :][:1]
    found: list[Json] = []
    for service in chosen:
        found += _referral(organisation, service, person["id"], number, now)
    return found


def _referral(
    organisation: DemoOrganisation,
    service: DemoService,
    patient: str,
    number: int,
    now: datetime,
) -> list[Json]:
    staff = staff_of(organisation)
    days = _FAR[number % len(_FAR)]
    today = now.astimezone(LONDON).date()
    id_ = stable_id(organisation.slug, "ServiceRequest", f"{service.key} {patient}")
    team = Person(f"{TEAM}/{service_id(organisation, service.key)}", service.name)
    triager = _person(staff[service.members[0]])
    worker = _person(staff[service.members[number % len(service.members)]])
    asked, reason = service.asks[number % len(service.asks)]
    received = today - timedelta(days=days)
    outside = Person("", f"{staff['surgery-doctor'].name}, {organisation.surgery}")
    requester = triager if number % 4 == 1 else outside
    content = referral_content(
        Referral(
            team=team,
            requester=requester,
            priority=_priority(number, days),
            asked=asked,
            reason=reason,
            received=received,
        ),
        id_=id_,
        patient=patient,
        sent=_done(Step.SEND, received, 9, requester),
    )
    course = _COURSES[number % len(_COURSES)]
    for hour, step in enumerate(course, start=10):
        to = worker if step is Step.ALLOCATE else Person()
        day = received + timedelta(days=1 if days > 1 else 0)
        content = with_step(content, _done(step, day, hour, triager, to=to))
    content["subject"] = {"reference": f"urn:uuid:{patient}"}
    entries = [entry_of("ServiceRequest", id_, content)]
    if Step.ALLOCATE in course:
        episode = episode_content(
            id_=derived_uuid("referral-episode", id_),
            patient=patient,
            team=team,
            worker=worker,
            referral=id_,
            on=received.isoformat(),
        )
        episode["patient"] = {"reference": f"urn:uuid:{patient}"}
        entries.append(entry_of("EpisodeOfCare", episode["id"], episode))
    return entries


def _priority(number: int, days: int) -> Priority:
    """Whoever is urgent was referred these days."""
    if number % 9 == 0 and days < 3:  # noqa: PLR2004 - the last days
        return Priority.EMERGENCY
    is_urgent = number % 3 == 0 and days < 15  # noqa: PLR2004 - two weeks
    return Priority.URGENT if is_urgent else Priority.ROUTINE


def _done(
    step: Step, day: date, hour: int, by: Person, *, to: Person | None = None
) -> Done:
    return Done(
        step=step,
        at=instant(moment(day, hour)),
        by=by,
        words=_WORDS.get(step, ""),
        to=to or Person(),
    )


def _person(member: StaffMember) -> Person:
    return Person(f"Practitioner/{member.practitioner_id}", member.name)
