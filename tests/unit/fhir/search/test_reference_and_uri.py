# SPDX-License-Identifier: Apache-2.0
"""Reference and uri search: ids with and without a type, URLs, canonicals."""

from typing import Any

import pytest

from support.fhir_search import faults, matches, query, resource
from wardkeep.fhir.search import index_of


def about(reference: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": reference} | more,
    }


@pytest.mark.parametrize(
    ("held", "name", "value", "is_found"),
    [
        ("Patient/1", "subject", "Patient/1", True),
        ("Patient/1", "subject", "1", True),
        ("Patient/1", "subject:Patient", "1", True),
        ("Patient/1", "subject:Group", "1", False),
        ("Patient/1", "subject:Encounter", "1", False),
        ("Patient/1", "patient", "1", True),
        ("Patient/1", "patient", "Patient/1", True),
        ("Patient/1", "subject", "Group/1", False),
        ("Patient/1", "subject", "Encounter/1", False),
        ("Group/1", "subject", "1", True),
        ("Group/1", "patient", "1", False),
        ("Group/1", "patient", "Group/1", False),
        ("Patient/1/_history/3", "subject", "Patient/1", True),
        ("Patient/1", "subject", "Patient/1/_history/3", True),
        (
            "https://x.org/fhir/Patient/1",
            "subject",
            "https://x.org/fhir/Patient/1",
            True,
        ),
        ("https://x.org/fhir/Patient/1", "subject", "1", False),
        ("urn:uuid:a", "subject", "urn:uuid:a", True),
        ("Patient/1", "subject", "2,1", True),
        ("Patient/12", "subject", "1", False),
    ],
)
def test_references_are_found_by_what_they_point_to(
    held: str,
    name: str,
    value: str,
    is_found: bool,  # noqa: FBT001
) -> None:
    assert matches(about(held), name, value) is is_found


def test_patient_and_subject_share_one_term() -> None:
    terms = index_of(resource(about("Patient/1"))).terms
    assert sum(b"Patient/1" in one for one in terms) == 1


def test_an_identifier_in_a_reference_is_searchable() -> None:
    one = about("Patient/1", identifier={"system": "http://x.org", "value": "V"})
    assert matches(one, "subject:identifier", "http://x.org|v")
    assert not matches(one, "subject:identifier", "http://x.org|w")
    assert matches(one, "subject:identifier", "v")
    assert not matches(one, "subject:identifier", "w")
    assert faults("Observation", "subject:identifier", "http://x.org|")
    nothing = about("Patient/1", identifier={"system": "http://x.org"})
    assert not matches(nothing, "subject:identifier", "http://x.org|v")


def test_contained_resources_are_not_found_by_their_local_id() -> None:
    one = about("#p") | {"contained": [{"resourceType": "Patient", "id": "p"}]}
    assert not any(b".subject\x1f" in term for term in index_of(resource(one)).terms)


@pytest.mark.parametrize(
    ("name", "value"),
    [("subject", ""), ("subject:Patient", "a/b"), ("subject:Nothing", "1")],
)
def test_what_cannot_be_a_reference_is_a_problem(name: str, value: str) -> None:
    assert faults("Observation", name, value)


def test_a_parameter_without_bounds_asks_for_every_type() -> None:
    (clause,) = query("Provenance", ("target", "1")).clauses
    assert len(clause.any_of) == 146


def test_a_bundles_first_entry_is_found_as_its_composition() -> None:
    composition = {
        "resourceType": "Composition",
        "id": "c",
        "status": "final",
        "type": {"text": "x"},
        "date": "2021",
        "author": [{"reference": "Practitioner/1"}],
        "title": "x",
    }
    bundle = {
        "resourceType": "Bundle",
        "type": "document",
        "entry": [
            {"resource": composition},
            {"resource": {"resourceType": "Practitioner", "id": "1"}},
        ],
    }
    assert matches(bundle, "composition", "c")
    assert not matches(bundle, "composition", "Practitioner/1")
    composition.pop("id")
    assert not matches(bundle, "composition", "c")


LIBRARY: dict[str, Any] = {
    "resourceType": "Library",
    "status": "active",
    "type": {"text": "x"},
    "url": "http://x.org/fhir/Library/a",
    "meta": {
        "profile": ["http://x.org/p|1.0"],
        "source": "urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7",
    },
    "relatedArtifact": [
        {"type": "successor", "resource": "http://x.org/s|2"},
        {"type": "predecessor", "resource": "http://x.org/p"},
    ],
}


@pytest.mark.parametrize(
    ("name", "value", "is_found"),
    [
        ("url", "http://x.org/fhir/Library/a", True),
        ("url", "http://x.org/fhir/Library", False),
        ("url:below", "http://x.org/fhir/", True),
        ("url:below", "http://x.org/fhir", True),
        ("url:below", "http://x.org", True),
        ("url:below", "http://x.org/fh", False),
        ("url:above", "http://x.org/fhir/Library/a/b/c", True),
        ("url:above", "http://x.org/fhir/Library/a", True),
        ("url:above", "http://x.org/fhir/Library", False),
        ("_profile", "http://x.org/p", True),
        ("_profile", "http://x.org/p|1.0", True),
        ("_profile", "http://x.org/p|2.0", False),
        ("_source", "urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7", True),
        ("successor", "http://x.org/s", True),
        ("successor", "http://x.org/s|2", True),
        ("successor", "http://x.org/p", False),
        ("predecessor", "http://x.org/p", True),
    ],
)
def test_addresses_are_found_whole_above_and_below(
    name: str,
    value: str,
    is_found: bool,  # noqa: FBT001
) -> None:
    assert matches(LIBRARY, name, value) is is_found


def test_an_address_is_cut_a_bounded_number_of_times() -> None:
    long = LIBRARY | {"url": "http://x.org" + "/a" * 1_000}
    cuts = [one for one in index_of(resource(long)).terms if b"url\x1fb" in one]
    assert len(cuts) == 13


def test_addresses_that_cannot_be_asked_are_problems() -> None:
    assert faults("Library", "url", "")
    assert faults("Library", "_profile:below", "http://x.org")


def test_a_filter_by_extension_keeps_the_others_out() -> None:
    marked = "http://hl7.org/fhir/StructureDefinition/questionnaireresponse-isSubject"
    answer = [{"valueReference": {"reference": "Patient/1"}}]
    items: list[dict[str, Any]] = [{"linkId": "1", "answer": answer}]
    response = {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "item": items,
    }
    assert not matches(response, "item-subject", "Patient/1")
    items[0]["extension"] = [{"url": marked, "valueBoolean": True}]
    assert matches(response, "item-subject", "Patient/1")
