# SPDX-License-Identifier: Apache-2.0
"""Who signs in, and whom their work lets them expect."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from wardkeep.assembly.demo import (
    DemoOrganisation,
    demo_accounts,
    demo_organisation_bundle,
    demo_teams,
)
from wardkeep.assembly.demo.doors import door_entries, doors_of
from wardkeep.assembly.demo.moments import moment
from wardkeep.assembly.demo.urgent_care import Calls
from wardkeep.base.clock import microseconds_since_epoch
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.fhir.work.ties import ties_of
from wardkeep.teams.relationships import ExpectedSets
from wardkeep.teams.rosters import Roster, Seat
from wardkeep.teams.ties import Source, Tie

Json = dict[str, Any]
Records = dict[str, list[Json]]
Organisations = dict[str, DemoOrganisation]


class Expecting:
    """What the warden would make of the demo's records."""

    def __init__(
        self, organisation: DemoOrganisation, records: list[Json], now: datetime
    ) -> None:
        self.patients = [one["resources"][0]["id"] for one in records]
        self._expected = ExpectedSets()
        self._expected.rosters[1] = roster(organisation)
        for record in records:
            patient = record["resources"][0]["id"]
            for one in record["resources"]:
                self._tell(patient, one, microseconds_since_epoch(now))

    def _tell(self, patient: str, content: Json, now: int) -> None:
        resource = parse(msgspec.json.encode(content))
        assert isinstance(resource, Resource)
        said = ties_of(resource, content["id"], now=now)
        ties = [Tie(one.who, one.kind, one.since, one.until, "import") for one in said]
        source = Source(1, resource.type, content["id"], patient)
        self._expected.ties.put({source: ties})

    def by(self, account: str, at: datetime) -> dict[str, str]:
        """Whom an account may expect then, and why."""
        found = {
            one: self._expected.explains(
                account=account, organisation=1, patient=one, at=at
            )
            for one in self.patients
        }
        return {one: why.kind for one, why in found.items() if why}


def roster(organisation: DemoOrganisation) -> Roster:
    teams = demo_teams(organisation)
    seats: dict[str, tuple[Seat, ...]] = {}
    for team in teams:
        for one in team.members:
            seats[one] = (*seats.get(one, ()), Seat(team.name))
    return Roster(
        {one.key: frozenset(one.references) for one in demo_accounts(organisation)},
        {team.name: frozenset(team.places) for team in teams},
        seats,
    )


@pytest.fixture(scope="module")
def noon(today: date) -> datetime:
    return moment(today, 12)


@pytest.fixture(scope="module")
def fernhill(organisations: Organisations, records: Records, today: date) -> Expecting:
    dawn = moment(today, 5)
    return Expecting(organisations["fernhill"], records["fernhill"], dawn)


@pytest.fixture(scope="module")
def larkspur(organisations: Organisations, records: Records, today: date) -> Expecting:
    dawn = moment(today, 5)
    return Expecting(organisations["larkspur"], records["larkspur"], dawn)


def resources_of(records: Records, slug: str, kind: str) -> list[tuple[str, Json]]:
    """Each with the patient's id."""
    return [
        (record["resources"][0]["id"], resource)
        for record in records[slug]
        for resource in record["resources"]
        if resource["resourceType"] == kind
    ]


def test_every_role_has_somebody(organisations: Organisations) -> None:
    roles = {
        account.role
        for organisation in organisations.values()
        for account in demo_accounts(organisation)
    }
    assert roles == {
        "receptionist",
        "ward nurse",
        "clinician",
        "call taker",
        "urgent care clinician",
        "shift lead",
        "carer",
        "care coordinator",
        "privacy officer",
        "administrator",
    }


def test_accounts_have_keys_and_names_of_their_own(
    organisations: Organisations,
) -> None:
    accounts = [
        account
        for organisation in organisations.values()
        for account in demo_accounts(organisation)
    ]
    assert max(Counter(account.key for account in accounts).values()) == 1
    assert max(Counter(account.display_name for account in accounts).values()) == 1


def test_every_account_is_a_practitioner_of_its_organisation(
    organisations: Organisations,
) -> None:
    for organisation in organisations.values():
        entries = demo_organisation_bundle(organisation)["entry"]
        practitioners = {
            entry["resource"]["id"]: entry["resource"]["name"][0]["text"]
            for entry in entries
            if entry["resource"]["resourceType"] == "Practitioner"
        }
        for account in demo_accounts(organisation):
            assert practitioners[account.practitioner_id] == account.display_name


def test_a_title_and_a_given_name_are_told_apart(organisations: Organisations) -> None:
    entries = demo_organisation_bundle(organisations["fernhill"])["entry"]
    names = {
        entry["resource"]["name"][0]["text"]: entry["resource"]["name"][0]
        for entry in entries
        if entry["resource"]["resourceType"] == "Practitioner"
    }
    doctor = names["Dr Vikram Feathercote"]
    assert (doctor["prefix"], doctor["given"]) == (["Dr"], ["Vikram"])
    assert "prefix" not in names["Poppy Candlebury"]


def test_a_clinician_is_explained_some_patients_and_must_say_why_for_others(
    fernhill: Expecting, noon: datetime
) -> None:
    expected = fernhill.by("fernhill-dr-kestrel", noon)
    assert 5 < len(expected) < 60
    assert {"ward", "appointment"} <= set(expected.values())


def test_officers_administrators_and_call_takers_expect_nobody(
    organisations: Organisations,
    fernhill: Expecting,
    larkspur: Expecting,
    noon: datetime,
) -> None:
    for slug, expecting in (("fernhill", fernhill), ("larkspur", larkspur)):
        for account in demo_accounts(organisations[slug]):
            if account.role in {"privacy officer", "administrator", "call taker"}:
                assert expecting.by(account.key, noon) == {}


def test_a_ward_nurse_expects_those_who_lie_on_her_ward_or_left_it_lately(
    organisations: Organisations,
    records: Records,
    fernhill: Expecting,
    noon: datetime,
) -> None:
    place = f"Location/{organisations['fernhill'].place_id('kestrel')}"
    since = (noon - timedelta(days=7)).isoformat()
    lying = {
        patient
        for patient, one in resources_of(records, "fernhill", "Encounter")
        if any(
            here["location"]["reference"] == place for here in one.get("location", ())
        )
        and one["period"].get("end", since) >= since
    }
    told = fernhill.by("fernhill-nurse-kestrel", noon)
    assert {one for one, why in told.items() if why == "ward"} == lying
    assert len(lying) > 5


def test_the_desk_expects_the_appointments_of_these_days_and_not_of_others(
    records: Records, fernhill: Expecting, noon: datetime
) -> None:
    told = fernhill.by("fernhill-reception-1", noon)
    for patient, one in resources_of(records, "fernhill", "Appointment"):
        days = (datetime.fromisoformat(one["start"]) - noon).days
        if -13 <= days <= 2:
            assert told[patient] == "appointment"
    booked = resources_of(records, "fernhill", "Appointment")
    assert set(told) < {patient for patient, _ in booked}


def test_a_carer_expects_a_client_around_each_visit_and_at_no_other_time(
    records: Records, larkspur: Expecting, today: date
) -> None:
    carer = "larkspur-carer-00-early"
    assert larkspur.by(carer, moment(today, 3)) == {}
    expected = larkspur.by(carer, moment(today, 8, 30))
    assert expected
    assert set(expected.values()) == {"visit"}
    for patient in expected:
        starts = [
            datetime.fromisoformat(one["start"])
            for named, one in resources_of(records, "larkspur", "Appointment")
            if named == patient
        ]
        near = [abs((one - moment(today, 8, 30)).total_seconds()) for one in starts]
        assert min(near) <= 80 * 60


def test_coordinators_share_all_living_clients_between_them(
    larkspur: Expecting, noon: datetime
) -> None:
    north = set(larkspur.by("larkspur-coordinator-north", noon))
    south = set(larkspur.by("larkspur-coordinator-south", noon))
    assert not north & south
    assert len(north | south) == 199


def test_what_the_demos_work_explains_ends_by_itself(
    fernhill: Expecting, larkspur: Expecting, noon: datetime
) -> None:
    later = noon + timedelta(days=120)
    assert fernhill.by("fernhill-reception-1", later) == {}
    assert larkspur.by("larkspur-carer-00-early", later) == {}


def test_a_doctor_of_the_house_is_a_patient_as_well(
    organisations: Organisations, records: Records
) -> None:
    names = {
        account.display_name for account in demo_accounts(organisations["fernhill"])
    }
    patients = {
        record["resources"][0]["name"][0]["text"] for record in records["fernhill"]
    }
    assert "Juniper Ashbottom" in patients
    assert "Dr Juniper Ashbottom" in names


def test_each_organisation_has_a_door_for_the_other_and_a_line(
    organisations: Organisations, noon: datetime
) -> None:
    """So that 111, emergency department and answer can be gone through on two sides."""
    for organisation in organisations.values():
        doors = doors_of(organisation)
        entries = list(door_entries(organisation, noon))
        kinds = Counter(one["resource"]["resourceType"] for one in entries)
        assert kinds["HealthcareService"] == len(doors)
        assert (kinds["Slot"] > 100) is any(one.books for one in doors)
        teams = {team.name: team for team in demo_teams(organisation)}
        for door in doors:
            assert teams[door.name].members
            assert set(door.takes) <= set(DISPOSITIONS)
        calls = Calls(organisation, noon)
        found = [
            calls.of({"entry": [{"resource": {"id": f"p{nth}"}}]}, nth)
            for nth in range(40)
        ]
        assert sum(map(bool, found)) >= 3
    every = [door for one in organisations.values() for door in doors_of(one)]
    assert [one.name for one in every if one.sends_ambulances] == [
        "Larkspur ambulance desk"
    ]
