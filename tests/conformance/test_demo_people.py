# SPDX-License-Identifier: Apache-2.0
"""Demo bundles keep the rules of FHIR R4 transactions and of the resources in them.

Bundle: https://hl7.org/fhir/R4/bundle.html. Invariants by their names there:
con-4, ait-1, ait-2, app-2, bdl-7, obs-6, dom-3.
"""

import re
from datetime import date
from typing import Any

import msgspec
import pytest

from wardkeep.assembly.demo import (
    demo_organisation_bundle,
    demo_organisations,
    demo_patients,
)

Json = dict[str, Any]

TODAY = date(2026, 6, 17)
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def bundles() -> dict[str, list[Json]]:
    """By organisation; its own bundle is the first."""
    return {
        each.slug: [
            demo_organisation_bundle(each),
            *demo_patients(each, today=TODAY),
        ]
        for each in demo_organisations()
    }


@pytest.fixture(scope="module")
def resources(bundles: dict[str, list[Json]]) -> list[Json]:
    return [
        entry["resource"]
        for each in bundles.values()
        for bundle in each
        for entry in bundle["entry"]
    ]


def references_in(bundle: Json) -> set[str]:
    found = re.findall(rb'"reference":"([^"]*)"', msgspec.json.encode(bundle))
    return {each.decode().partition("/_history/")[0] for each in found}


def of_type(resources: list[Json], kind: str) -> list[Json]:
    return [each for each in resources if each["resourceType"] == kind]


def code_of(concept: Json) -> str:
    code: str = concept["coding"][0]["code"]
    return code


def test_every_entry_posts_a_resource_under_its_own_uuid(
    bundles: dict[str, list[Json]],
) -> None:
    for each in bundles.values():
        for bundle in each:
            assert bundle["type"] == "transaction"
            for entry in bundle["entry"]:
                resource = entry["resource"]
                # What was talked about has the id of its assessment and a subject.
                id_, dot, _ = resource["id"].partition(".")
                assert UUID.fullmatch(id_)
                assert not dot or resource["resourceType"] == "Goal"
                # A Task to co-sign or to approve has the id of what it is about.
                is_beside = resource["resourceType"] == "Task"
                own = f"urn:uuid:{resource['id']}"
                assert is_beside or entry["fullUrl"] == own
                assert entry["request"] == {
                    "method": "POST",
                    "url": resource["resourceType"],
                }


def test_references_resolve_in_the_bundle_or_in_the_organisations(
    bundles: dict[str, list[Json]],
) -> None:
    for own, *patients in bundles.values():
        shared = {
            f"{entry['resource']['resourceType']}/{entry['resource']['id']}"
            for entry in own["entry"]
        }
        for bundle in (own, *patients):
            within = {entry["fullUrl"] for entry in bundle["entry"]}
            # What was loaded with a name of its own is also referred to by it.
            named = {
                f"{entry['resource']['resourceType']}/{entry['resource']['id']}"
                for entry in bundle["entry"]
            }
            assert references_in(bundle) <= within | shared | named


def test_nothing_empty_is_written(resources: list[Json]) -> None:
    text = msgspec.json.encode(resources)
    assert not re.search(rb':(?:\{\}|\[\]|""|null)', text)


def test_a_resolved_problem_is_not_active(resources: list[Json]) -> None:
    statuses = set()
    for each in of_type(resources, "Condition"):
        ended = "abatementDateTime" in each
        statuses.add((ended, code_of(each["clinicalStatus"])))
    assert statuses == {(True, "resolved"), (False, "active")}


def test_an_allergy_says_whether_it_still_holds(resources: list[Json]) -> None:
    for each in of_type(resources, "AllergyIntolerance"):
        assert code_of(each["clinicalStatus"]) == "active"
        assert code_of(each["verificationStatus"]) == "confirmed"


def test_an_observation_has_a_value_or_components_and_a_code(
    resources: list[Json],
) -> None:
    for each in of_type(resources, "Observation"):
        values = [key for key in each if key.startswith("value")]
        assert len(values) <= 1
        assert values or each["component"]
        # obs-7: what a component says, the observation does not say as well.
        said = {one["code"] for one in each["code"].get("coding", ())}
        parts = {
            coding["code"]
            for part in each.get("component", ())
            for coding in part["code"].get("coding", ())
        }
        assert not values or not said & parts
        assert each["status"] == "final"
        assert each["code"]["text"]


def test_a_quantity_has_a_number_a_unit_and_its_ucum_code(
    resources: list[Json],
) -> None:
    for each in of_type(resources, "Observation"):
        quantity = each.get("valueQuantity")
        if quantity is not None:
            assert type(quantity["value"]) in {int, float}
            assert quantity["system"] == "http://unitsofmeasure.org"
            assert quantity["unit"]
            assert quantity["code"]


def test_an_appointment_has_both_ends_in_order_and_somebody_to_meet(
    resources: list[Json],
) -> None:
    for each in of_type(resources, "Appointment"):
        assert each["start"] < each["end"]
        assert len(each["participant"]) >= 2


def test_an_encounter_ends_when_it_is_finished(resources: list[Json]) -> None:
    for each in of_type(resources, "Encounter"):
        assert (each["status"] == "finished") == ("end" in each["period"])
        assert each["class"]["system"].endswith("/v3-ActCode")


def test_a_report_has_results(resources: list[Json]) -> None:
    assert all(each["result"] for each in of_type(resources, "DiagnosticReport"))


def test_instants_have_a_time_and_an_offset(resources: list[Json]) -> None:
    instant = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")
    for kind, element in (
        ("Appointment", "start"),
        ("DiagnosticReport", "issued"),
        ("DocumentReference", "date"),
    ):
        for each in of_type(resources, kind):
            assert instant.fullmatch(each[element])
