# SPDX-License-Identifier: Apache-2.0
"""Who signs in, and whom their work lets them expect."""

from collections import Counter, defaultdict
from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from wardkeep.assembly.demo import (
    DemoOrganisation,
    DemoRelationship,
    demo_accounts,
    demo_organisation_bundle,
    demo_relationships,
)

Json = dict[str, Any]
Records = dict[str, list[Json]]
Organisations = dict[str, DemoOrganisation]


@pytest.fixture(scope="module")
def relationships(
    organisations: Organisations, today: date
) -> dict[str, list[DemoRelationship]]:
    """By account."""
    found: dict[str, list[DemoRelationship]] = defaultdict(list)
    for organisation in organisations.values():
        for each in demo_relationships(organisation, today=today):
            found[each.account_key].append(each)
    return found


def appointments(records: Records, slug: str) -> set[tuple[str, str]]:
    """Patient id and start of every appointment."""
    return {
        (record["resources"][0]["id"], resource["start"])
        for record in records[slug]
        for resource in record["resources"]
        if resource["resourceType"] == "Appointment"
    }


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
    relationships: dict[str, list[DemoRelationship]],
) -> None:
    expected = {each.patient_id for each in relationships["fernhill-dr-kestrel"]}
    kinds = {each.kind for each in relationships["fernhill-dr-kestrel"]}
    assert 5 < len(expected) < 50
    assert kinds == {"ward", "clinic"}


def test_officers_administrators_and_call_takers_expect_nobody(
    organisations: Organisations, relationships: dict[str, list[DemoRelationship]]
) -> None:
    for organisation in organisations.values():
        for account in demo_accounts(organisation):
            if account.role in {"privacy officer", "administrator", "call taker"}:
                assert account.caseload == ()
                assert account.key not in relationships


def test_ward_relationships_are_the_stays_that_are_still_open(
    records: Records, relationships: dict[str, list[DemoRelationship]]
) -> None:
    lying = {
        record["resources"][0]["id"]
        for record in records["fernhill"]
        for each in record["resources"]
        if each["resourceType"] == "Encounter" and each["status"] == "in-progress"
    }
    told = {each.patient_id for each in relationships["fernhill-coordinator"]}
    assert told == lying
    assert len(lying) > 20


def test_clinic_relationships_are_appointments_of_today(
    records: Records, relationships: dict[str, list[DemoRelationship]], today: date
) -> None:
    booked = {
        patient
        for patient, start in appointments(records, "fernhill")
        if start.startswith(today.isoformat())
    }
    told = relationships["fernhill-reception-1"]
    assert {each.patient_id for each in told} == booked
    assert all(each.since < (each.until or each.since) for each in told)


def test_a_carer_expects_a_client_for_the_length_of_each_visit(
    records: Records, relationships: dict[str, list[DemoRelationship]]
) -> None:
    booked = appointments(records, "larkspur")
    round_today = relationships["larkspur-carer-00-early"]
    assert round_today
    for each in round_today:
        assert (each.patient_id, each.since.isoformat()) in booked
        assert each.until is not None
        assert (each.until - each.since).seconds == 20 * 60


def test_a_carer_is_never_in_two_homes_at_once(
    relationships: dict[str, list[DemoRelationship]],
) -> None:
    for key in ("larkspur-carer-00-early", "larkspur-carer-01-late"):
        visits = sorted(relationships[key], key=lambda each: each.since)
        for earlier, later in pairwise(visits):
            assert earlier.until is not None
            assert earlier.until <= later.since


def test_coordinators_share_all_living_clients_between_them(
    relationships: dict[str, list[DemoRelationship]],
) -> None:
    north = {each.patient_id for each in relationships["larkspur-coordinator-north"]}
    south = {each.patient_id for each in relationships["larkspur-coordinator-south"]}
    assert not north & south
    assert len(north | south) == 199


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
