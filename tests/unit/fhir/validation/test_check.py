# SPDX-License-Identifier: Apache-2.0
"""Structure is checked wholly, and every problem names its place."""

import copy
import json
from typing import Any

import pytest

from wardkeep.fhir.model import Resource, from_content
from wardkeep.fhir.validation import check, quick

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "active": True,
    "name": [{"family": "Quillfeather", "given": ["Ada", "May"]}],
    "gender": "female",
    "birthDate": "1970-02-28",
    "_birthDate": {"extension": [{"url": "http://x.org/t", "valueTime": "10:00:00"}]},
    "generalPractitioner": [{"reference": "Practitioner/g1"}],
    "contact": [{"name": {"text": "B"}, "relationship": [{"text": "sister"}]}],
}
OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
    "subject": {"reference": "Patient/p1"},
    "effectiveDateTime": "2021-02-03T10:00:00Z",
    "valueQuantity": {"value": 72, "unit": "/min"},
}
CONDITION: dict[str, Any] = {
    "resourceType": "Condition",
    "clinicalStatus": {
        "coding": [
            {
                "system": "http://terminology.hl7.org/CodeSystem/condition-clinical",
                "code": "active",
            }
        ]
    },
    "subject": {"reference": "Patient/p1"},
}


def places(content: dict[str, Any]) -> list[str]:
    return [problem.place for problem in check(resource(content))]


def resource(content: dict[str, Any]) -> Resource:
    found = from_content(content)
    assert isinstance(found, Resource), found
    return found


def changed(content: dict[str, Any], **members: object) -> dict[str, Any]:
    """With these members instead; None takes a member away."""
    new = copy.deepcopy(content) | members
    return {key: value for key, value in new.items() if value is not None}


@pytest.mark.parametrize("content", [PATIENT, OBSERVATION, CONDITION])
def test_right_resources_pass_the_quick_way(content: dict[str, Any]) -> None:
    assert check(resource(content)) == ()
    assert quick.is_surely_right(content["resourceType"], content)


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (changed(PATIENT, nickname="x"), "Patient"),
        (changed(PATIENT, _name=[{"id": "x"}]), "Patient"),
        (changed(PATIENT, name={"family": "x"}), "Patient.name"),
        (changed(PATIENT, name=[]), "Patient.name"),
        (changed(PATIENT, name=[{}]), "Patient.name[0]"),
        (changed(PATIENT, name=[{"id": "x"}]), "Patient.name[0]"),
        (changed(PATIENT, name=["x"]), "Patient.name[0]"),
        (changed(PATIENT, name=[{"family": ""}]), "Patient.name[0].family"),
        (changed(PATIENT, name=[{"family": ["x"]}]), "Patient.name[0].family"),
        (changed(PATIENT, name=[{"given": "x"}]), "Patient.name[0].given"),
        (changed(PATIENT, name=[{"given": [None]}]), "Patient.name[0].given[0]"),
        (changed(PATIENT, name=[{"given": [7]}]), "Patient.name[0].given[0]"),
        (changed(PATIENT, name=[{"fmily": "x"}]), "Patient.name[0]"),
        (changed(PATIENT, birthDate="1970-02-30"), "Patient.birthDate"),
        (changed(PATIENT, active="true"), "Patient.active"),
        (changed(PATIENT, gender="f"), "Patient.gender"),
        (changed(PATIENT, gender=["female"]), "Patient.gender"),
        (changed(PATIENT, gender={"a": 1}), "Patient.gender"),
        (changed(PATIENT, _birthDate={}), "Patient.birthDate"),
        (changed(PATIENT, _birthDate={"foo": 1}), "Patient.birthDate"),
        (
            changed(PATIENT, deceasedBoolean=True, deceasedDateTime="2021"),
            "Patient.deceased",
        ),
        (
            changed(PATIENT, deceasedBoolean=True, _deceasedDateTime={"id": "x"}),
            "Patient.deceased",
        ),
        (changed(PATIENT, deceasedString="no"), "Patient"),
        (changed(PATIENT, link=[{"other": {"reference": "Patient/2"}}]), ".type"),
        (
            changed(PATIENT, generalPractitioner=[{"reference": "Patient/2"}]),
            "Patient.generalPractitioner[0].reference",
        ),
        (
            changed(PATIENT, generalPractitioner=[{"reference": "g1"}]),
            "Patient.generalPractitioner[0].reference",
        ),
        (
            changed(PATIENT, generalPractitioner=[{"type": "Patient", "display": "x"}]),
            "Patient.generalPractitioner[0].type",
        ),
        (changed(PATIENT, extension=[{"url": "x"}]), "Patient.extension[0]"),
        (changed(PATIENT, extension=[{"valueCode": "x"}]), ".url"),
        (
            changed(
                PATIENT,
                extension=[
                    {
                        "url": "x",
                        "valueCode": "a",
                        "extension": [{"url": "y", "valueCode": "b"}],
                    }
                ],
            ),
            "Patient.extension[0]",
        ),
        (
            changed(
                PATIENT, extension=[{"url": "x", "valueCode": "a", "valueString": "b"}]
            ),
            "Patient.extension[0].value",
        ),
        (changed(PATIENT, contained=[{"id": "x"}]), "Patient.contained[0]"),
        (
            changed(PATIENT, contained=[{"resourceType": "Patient", "gender": "f"}]),
            "Patient.contained[0].gender",
        ),
        (
            changed(PATIENT, generalPractitioner=[{"reference": "#nobody"}]),
            "Patient.generalPractitioner[0].reference",
        ),
        (changed(OBSERVATION, status=None), "Observation.status"),
        (changed(OBSERVATION, code=None), "Observation.code"),
        (changed(OBSERVATION, valueString="x"), "Observation.value"),
        (
            changed(OBSERVATION, valueQuantity={"value": "72"}),
            "Observation.value.value",
        ),
        (
            changed(OBSERVATION, subject={"reference": "Encounter/1"}),
            "Observation.subject.reference",
        ),
        (
            changed(CONDITION, clinicalStatus={"coding": [{"code": "active"}]}),
            "Condition.clinicalStatus",
        ),
        (changed(CONDITION, clinicalStatus={"text": "x"}), None),
        (
            {
                "resourceType": "Bundle",
                "type": "collection",
                "entry": [{"resource": changed(OBSERVATION, status="done")}],
            },
            "Bundle.entry[0].resource.status",
        ),
        (
            {
                "resourceType": "Bundle",
                "type": "collection",
                "entry": [{"resource": {"resourceType": "Nothing"}}],
            },
            "Bundle.entry[0].resource",
        ),
    ],
)
def test_each_kind_of_fault_is_found_at_its_place(
    content: dict[str, Any], place: str | None
) -> None:
    found = places(content)
    if place is None:
        assert found == []
    else:
        assert any(one == place or one.endswith(place) for one in found), found


def test_unusual_but_right_resources_pass_on_the_close_look() -> None:
    masked = {"extension": [{"url": "x", "valueCode": "masked"}]}
    given = {"given": [None, "May"], "_given": [masked, {"id": "g"}], "family": "Q"}
    unusual = changed(
        PATIENT,
        birthDate=None,
        name=[given],
        extension=[
            {"id": "e", "url": "x", "valueString": "a", "_valueString": {"id": "v"}}
        ],
        managingOrganization={"reference": "https://other.example/anything?at=all"},
    )
    assert not quick.is_surely_right("Patient", unusual)
    assert places(unusual) == []


def test_a_list_and_its_extensions_go_in_pairs() -> None:
    uneven = {"given": ["Ada", "May"], "_given": [{"id": "g"}]}
    assert places(changed(PATIENT, name=[uneven])) == ["Patient.name[0].given"]
    said = {"extension": [{"url": "x", "valueCode": "masked"}]}
    companions = {"_given": [said, None]}
    assert places(changed(PATIENT, name=[companions])) == ["Patient.name[0].given[1]"]
    nothing = {"given": None, "family": "Q"}
    assert places(changed(PATIENT, name=[nothing])) == ["Patient.name[0].given"]


def test_contained_resources_are_found_from_where_they_are_used() -> None:
    doctor = {"resourceType": "Practitioner", "id": "d"}
    whole = changed(
        PATIENT, contained=[doctor], generalPractitioner=[{"reference": "#d"}]
    )
    assert places(whole) == []
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": whole}, {"resource": changed(whole, contained=None)}],
    }
    assert places(bundle) == [
        "Bundle.entry[1].resource.generalPractitioner[0].reference"
    ]


def test_contained_resources_contain_no_others() -> None:
    inner = {"resourceType": "Practitioner", "id": "i"}
    outer = {"resourceType": "Organization", "id": "o", "name": "N"}
    nested = changed(PATIENT, contained=[outer | {"contained": [inner]}])
    assert places(nested) == ["Patient.contained[0]"]


def test_only_showable_names_of_unknown_elements_are_repeated() -> None:
    shown = check(resource(changed(PATIENT, nickname="x")))
    assert "`nickname`" in shown[0].wrong
    hidden = check(resource(changed(PATIENT, **{"born on 1970-02-28": "x"})))
    assert "1970" not in str(hidden[0])


def test_a_hostile_resource_gets_a_bounded_number_of_problems() -> None:
    many = changed(PATIENT, name=[{}] * 5_000)
    assert len(check(resource(many))) == 100


def test_problems_never_repeat_what_was_sent() -> None:
    wrong = changed(
        PATIENT,
        gender="Quillfeather",
        birthDate="Quillfeather",
        generalPractitioner=[{"reference": "Quillfeather"}],
        name=["Quillfeather"],
    )
    found = check(resource(wrong))
    assert len(found) == 4
    assert "Quillfeather" not in json.dumps([str(one) for one in found])


def test_a_bundle_within_parameters_is_checked_as_well() -> None:
    parameters = {
        "resourceType": "Parameters",
        "parameter": [{"name": "r", "resource": changed(PATIENT, gender="x")}],
    }
    assert places(parameters) == ["Parameters.parameter[0].resource.gender"]
