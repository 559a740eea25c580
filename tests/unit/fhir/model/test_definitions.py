# SPDX-License-Identifier: Apache-2.0
"""The compiled definitions say what HL7's say."""

from wardkeep.fhir.model.definitions import (
    choice_name,
    definitions,
    elements_of,
    is_resource_type,
    parameters_of,
    targets_of,
)
from wardkeep.fhir.model.members import choices_of, members_of, required_of


def test_a_type_has_its_own_and_inherited_elements() -> None:
    elements = elements_of("Patient")
    assert next(iter(elements)) == "id"
    assert elements["meta"].types == ("Meta",)
    assert elements["name"].is_list
    assert not elements["birthDate"].is_list
    assert elements["gender"].value_set == "administrative-gender"


def test_backbone_elements_have_extensions_and_content_references_lead_back() -> None:
    assert "modifierExtension" in elements_of("Patient.contact")
    assert elements_of("Questionnaire.item")["item"].types == ("Questionnaire.item",)


def test_choices_are_written_out() -> None:
    members = members_of("Observation")
    assert members["valueQuantity"].name == "value"
    assert choice_name("value[x]", "Reference(Patient)") == "valueReference"
    assert choices_of("Patient")["deceased"] == {
        "deceasedBoolean",
        "_deceasedBoolean",
        "deceasedDateTime",
        "_deceasedDateTime",
    }


def test_required_elements_are_known() -> None:
    assert set(required_of("Observation")) == {"status", "code"}


def test_codes_and_targets_come_from_the_definitions() -> None:
    codes = {code for _, code in definitions().value_sets["administrative-gender"]}
    assert codes == {"male", "female", "other", "unknown"}
    general = elements_of("Patient")["generalPractitioner"].types[0]
    assert targets_of(general) == {"Organization", "Practitioner", "PractitionerRole"}
    assert targets_of("Reference") == frozenset()


def test_every_type_has_the_parameters_of_all_resources() -> None:
    for name, one in definitions().types.items():
        if is_resource_type(name):
            assert {"_id", "_lastUpdated", "_tag"} <= set(parameters_of(name))
        else:
            assert one.kind != "resource" or one.abstract


def test_compartments_are_compiled() -> None:
    compartments = definitions().compartments
    assert set(compartments) == {
        *("Patient", "Encounter", "Device", "Practitioner", "RelatedPerson")
    }
    assert compartments["Patient"]["Observation"] == ("subject", "performer")
