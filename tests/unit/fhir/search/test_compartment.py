# SPDX-License-Identifier: Apache-2.0
"""Whose record a resource belongs to."""

from typing import Any

import pytest

from support.fhir_search import resource
from wardkeep.fhir.search import patients_of


def observation(**members: Any) -> dict[str, Any]:
    whole = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
    return whole | members


@pytest.mark.parametrize(
    ("reference", "patients"),
    [
        ({"reference": "Patient/1"}, ("1",)),
        ({"reference": "Patient/1/_history/2"}, ("1",)),
        ({"reference": "https://x.org/fhir/Patient/1"}, ("1",)),
        ({"reference": "urn:uuid:0a-1"}, ("0a-1",)),
        ({"reference": "Group/1"}, ()),
        ({"reference": "https://x.org/fhir/Group/1"}, ()),
        ({"reference": "https://x.org/Patient"}, ()),
        ({"reference": "urn:oid:1.2.3"}, ()),
        ({"display": "someone"}, ()),
    ],
)
def test_the_subject_says_whose_it_is(
    reference: dict[str, str], patients: tuple[str, ...]
) -> None:
    assert patients_of(resource(observation(subject=reference))) == patients


def test_all_patients_are_named_once_and_in_order() -> None:
    one = observation(
        subject={"reference": "Patient/2"},
        performer=[
            {"reference": "Patient/1"},
            {"reference": "Patient/2"},
            {"reference": "Practitioner/3"},
            {"reference": "urn:uuid:who-knows"},
            {"reference": "urn:uuid:4", "type": "Patient"},
        ],
    )
    assert patients_of(resource(one)) == ("2", "1", "4")


def test_a_patient_belongs_to_that_patient_alone() -> None:
    link = [{"other": {"reference": "Patient/2"}, "type": "seealso"}]
    whole = {"resourceType": "Patient", "id": "1", "link": link}
    assert patients_of(resource(whole)) == ("1",)
    assert patients_of(resource({"resourceType": "Patient"})) == ()


def test_what_is_about_no_patient_belongs_to_none() -> None:
    assert patients_of(resource({"resourceType": "Organization", "name": "x"})) == ()
    assert patients_of(resource(observation())) == ()


def test_participants_deep_inside_are_found() -> None:
    appointment = {
        "resourceType": "Appointment",
        "status": "proposed",
        "participant": [
            {"actor": {"reference": "Patient/1"}, "status": "accepted"},
            {"actor": {"reference": "Patient/2"}, "status": "accepted"},
        ],
    }
    assert patients_of(resource(appointment)) == ("1", "2")


def test_a_target_of_any_type_counts_when_it_is_a_patient() -> None:
    provenance = {
        "resourceType": "Provenance",
        "recorded": "2021-02-03T10:00:00Z",
        "agent": [{"who": {"reference": "Practitioner/1"}}],
        "target": [{"reference": "Patient/1"}, {"reference": "urn:uuid:x"}],
    }
    assert patients_of(resource(provenance)) == ("1",)
