# SPDX-License-Identifier: Apache-2.0
"""The records as bundles: the same every time, of one piece, quick to make."""

import hashlib
import time
from collections import Counter
from datetime import date
from itertools import islice
from statistics import mean
from typing import Any

import msgspec
import pytest

from wardkeep.assembly.demo import DemoOrganisation, demo_patients
from wardkeep.fhir.home.way_in import VERY_RESTRICTED

Json = dict[str, Any]
Records = dict[str, list[Json]]
Organisations = dict[str, DemoOrganisation]


def written(organisation: DemoOrganisation, today: date, count: int) -> str:
    digest = hashlib.sha256()
    for bundle in islice(demo_patients(organisation, today=today), count):
        digest.update(msgspec.json.encode(bundle))
    return digest.hexdigest()


def counts(record: Json) -> Counter[str]:
    return Counter(each["resourceType"] for each in record["resources"])


def sealed(record: Json) -> list[Json]:
    return [
        each
        for each in record["resources"]
        if VERY_RESTRICTED in each.get("meta", {}).get("security", [])
    ]


def test_the_same_day_gives_the_same_bytes(
    organisations: Organisations, today: date
) -> None:
    for organisation in organisations.values():
        assert written(organisation, today, 25) == written(organisation, today, 25)


def test_another_day_gives_other_bytes(
    organisations: Organisations, today: date
) -> None:
    fernhill = organisations["fernhill"]
    assert written(fernhill, today, 3) != written(fernhill, date(2026, 3, 12), 3)


def test_ids_are_unique_across_the_whole_demo(records: Records) -> None:
    ids = Counter(
        (resource["resourceType"], resource["id"])
        for each in records.values()
        for record in each
        for resource in record["resources"]
    )
    assert max(ids.values()) == 1


def test_a_record_holds_sixty_to_a_hundred_and_fifty_resources_on_average(
    records: Records,
) -> None:
    for each in records.values():
        assert 60 <= mean(len(record["resources"]) for record in each) <= 150


def test_one_record_is_longer_than_two_thousand_observations(
    records: Records,
) -> None:
    observations = [counts(record)["Observation"] for record in records["fernhill"]]
    assert sum(count > 2000 for count in observations) == 1


def test_every_type_that_the_pages_show_occurs(records: Records) -> None:
    types: Counter[str] = Counter()
    for each in records.values():
        for record in each:
            types += counts(record)
    assert set(types) == {
        "AllergyIntolerance",
        "Appointment",
        "Basic",
        "CarePlan",
        "Communication",
        "CareTeam",
        "Composition",
        "Condition",
        "DiagnosticReport",
        "DocumentReference",
        "Encounter",
        "Flag",
        "Goal",
        "Immunization",
        "MedicationAdministration",
        "MedicationRequest",
        "Observation",
        "Patient",
        "Procedure",
        "QuestionnaireResponse",
        "RiskAssessment",
        "Task",
        "ServiceRequest",
    }


def test_ways_into_homes_are_sealed_and_a_few_clients_have_one(
    records: Records,
) -> None:
    assert not any(sealed(record) for record in records["fernhill"])
    found = [one for record in records["larkspur"] for one in sealed(record)]
    assert 3 <= len(found) <= 10
    assert {one["resourceType"] for one in found} == {"Basic"}


def test_the_code_of_a_key_safe_stands_in_its_way_in_alone(
    records: Records,
) -> None:
    for record in records["larkspur"]:
        for way_in in sealed(record):
            others = [each for each in record["resources"] if each is not way_in]
            assert "key safe" not in msgspec.json.encode(others).decode().lower()


@pytest.mark.parametrize(
    "odd_day",
    [
        date(2028, 2, 29),
        date(2026, 3, 29),
        date(2026, 10, 25),
        date(2026, 12, 31),
        date(2027, 1, 1),
    ],
)
def test_the_demo_starts_on_leap_days_clock_changes_and_new_year(
    organisations: Organisations, odd_day: date
) -> None:
    for organisation in organisations.values():
        bundles = list(islice(demo_patients(organisation, today=odd_day), 24))
        assert len(bundles) == 24


def test_five_thousand_resources_are_made_in_a_second(
    organisations: Organisations, today: date
) -> None:
    began = time.perf_counter()
    made = sum(
        len(bundle["entry"])
        for bundle in islice(demo_patients(organisations["larkspur"], today=today), 50)
    )
    assert made / (time.perf_counter() - began) > 5000
