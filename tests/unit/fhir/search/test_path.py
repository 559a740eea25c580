# SPDX-License-Identifier: Apache-2.0
"""The FHIRPath of R4's search parameters compiles to steps through JSON."""

import pytest

from wardkeep.fhir.model.definitions import parameters_of
from wardkeep.fhir.model.type_codes import type_names
from wardkeep.fhir.search.path import Step, UnknownPathError, paths_of


def test_every_expression_of_r4_compiles() -> None:
    compiled = 0
    for name in type_names():
        for one in parameters_of(name).values():
            if one.expression:
                assert paths_of(one.expression, base=name)
                compiled += 1
    assert compiled > 1_900


def test_names_become_steps_with_their_json_keys_and_types() -> None:
    (path,) = paths_of("Patient.name.given", base="Patient")
    assert path.element == "Patient.name.given"
    assert path.steps == (Step("name", is_list=True), Step("given", is_list=True))
    assert path.type == "string"


def test_choices_become_one_path_for_each_type() -> None:
    paths = paths_of("Observation.effective", base="Observation")
    assert {path.steps[0].key for path in paths} == {
        *("effectiveDateTime", "effectivePeriod", "effectiveTiming"),
        "effectiveInstant",
    }
    assert {path.element for path in paths} == {"Observation.effective"}


@pytest.mark.parametrize(
    "expression",
    [
        "(Observation.value as Quantity)",
        "Observation.value.as(Quantity)",
        "Observation.value.ofType(Quantity)",
        "value.as(Quantity)",
    ],
)
def test_casts_choose_one_type_however_written(expression: str) -> None:
    (path,) = paths_of(expression, base="Observation")
    assert path.steps == (Step("valueQuantity", is_list=False),)


def test_filters_stay_with_their_step() -> None:
    (path,) = paths_of(
        "Library.relatedArtifact.where(type='successor').resource", base="Library"
    )
    assert path.steps[0] == Step("relatedArtifact", True, ("type", "successor"))  # noqa: FBT003
    assert path.element.endswith("where(type=successor).resource")


def test_what_a_reference_resolves_to_is_left_to_the_search() -> None:
    (path,) = paths_of(
        "Observation.subject.where(resolve() is Patient)", base="Observation"
    )
    assert (path.element, path.constraint) == ("Observation.subject", "Patient")
    email = paths_of("Patient.telecom.where(system='email')", base="Patient")[0]
    assert (email.element, email.constraint) == ("Patient.telecom", "email")


def test_an_index_keeps_the_first_only() -> None:
    (path,) = paths_of("Bundle.entry[0].resource", base="Bundle")
    assert path.steps[0].only_first


@pytest.mark.parametrize(
    "expression",
    [
        *(
            "Patient.nothing",
            "Patient.name.first()",
            "Patient.name ~",
            "Patient.name x",
        ),
        *("(Patient.name", "Patient.", "Patient.name[1]", "%resource.name", "'a"),
    ],
)
def test_what_is_not_understood_is_an_error_not_a_guess(expression: str) -> None:
    with pytest.raises(UnknownPathError):
        paths_of(expression, base="Patient")
