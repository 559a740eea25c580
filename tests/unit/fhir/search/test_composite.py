# SPDX-License-Identifier: Apache-2.0
"""Composite search: two values that stand together, not merely in one resource."""

from typing import Any

import pytest

from support.fhir_search import faults, matches, resource
from wardkeep.fhir.search import index_of

LOINC = "http://loinc.org"


def concept(code: str) -> dict[str, Any]:
    return {"coding": [{"system": LOINC, "code": code}]}


def quantity(value: int) -> dict[str, Any]:
    return {
        "value": value,
        "unit": "mm[Hg]",
        "code": "mm[Hg]",
        "system": "http://u.org",
    }


PRESSURE: dict[str, Any] = {
    "resourceType": "Observation",
    "status": "final",
    "code": concept("85354-9"),
    "component": [
        {"code": concept("8480-6"), "valueQuantity": quantity(120)},
        {"code": concept("8462-4"), "valueQuantity": quantity(80)},
        {"code": concept("c"), "valueCodeableConcept": concept("yes")},
    ],
}
PULSE: dict[str, Any] = {
    "resourceType": "Observation",
    "status": "final",
    "code": concept("8867-4"),
    "valueQuantity": quantity(72),
}


@pytest.mark.parametrize(
    ("name", "value", "is_found"),
    [
        ("component-code-value-quantity", "8480-6$120", True),
        ("component-code-value-quantity", f"{LOINC}|8480-6$gt100||mm[Hg]", True),
        ("component-code-value-quantity", "8480-6$80", False),
        ("component-code-value-quantity", "8462-4$lt100", True),
        ("component-code-value-quantity", "8462-4$gt100", False),
        ("component-code-value-quantity", "other$120,8480-6$120", True),
        ("combo-code-value-quantity", "8480-6$120", True),
        ("combo-code-value-quantity", "85354-9$120", False),
        ("component-value-quantity", "120", True),
        ("component-value-quantity", "72", False),
        ("combo-value-quantity", "80||mm[Hg]", True),
        ("component-code-value-concept", "c$yes", True),
        ("component-code-value-concept", f"{LOINC}|c$yes", True),
        ("component-code-value-concept", f"c${LOINC}|yes", True),
        ("component-code-value-concept", "c$no", False),
        ("component-code-value-concept", "8480-6$yes", False),
        ("code-value-quantity", "85354-9$120", False),
    ],
)
def test_components_are_asked_in_pairs(
    name: str,
    value: str,
    is_found: bool,  # noqa: FBT001
) -> None:
    assert matches(PRESSURE, name, value) is is_found


@pytest.mark.parametrize(
    ("name", "value", "is_found"),
    [
        ("code-value-quantity", "8867-4$72", True),
        ("code-value-quantity", "8867-4$73", False),
        ("code-value-quantity", "other$72", False),
        ("code-value-quantity", f"{LOINC}|$72", True),
        ("combo-code-value-quantity", "8867-4$72", True),
    ],
)
def test_what_can_stand_in_one_place_only_is_asked_by_and(
    name: str,
    value: str,
    is_found: bool,  # noqa: FBT001
) -> None:
    assert matches(PULSE, name, value) is is_found
    assert not any(b"\x1fk\x1f" in one for one in index_of(resource(PULSE)).terms)


def test_a_components_number_is_stored_once() -> None:
    ranges = index_of(resource(PRESSURE)).ranges
    assert len(ranges) == 2
    assert all(one.element == "Observation.component.value" for one in ranges)


def test_a_string_in_a_pair_is_confirmed() -> None:
    one = {key: value for key, value in PULSE.items() if key != "valueQuantity"}
    one["valueString"] = "irregular"
    assert matches(one, "code-value-string", "8867-4$irreg")
    assert not matches(one, "code-value-string", "8867-4$irrex")


def test_a_reference_in_a_pair_is_found() -> None:
    document = {
        "resourceType": "DocumentReference",
        "status": "current",
        "content": [{"attachment": {"title": "x"}}],
        "relatesTo": [
            {"code": "replaces", "target": {"reference": "DocumentReference/1"}},
            {"code": "signs", "target": {"reference": "DocumentReference/2"}},
        ],
    }
    assert matches(document, "relationship", "DocumentReference/1$replaces")
    assert matches(document, "relationship", "2$signs")
    assert not matches(document, "relationship", "DocumentReference/1$signs")


@pytest.mark.parametrize(
    ("type_name", "name", "value"),
    [
        ("Observation", "code-value-quantity", "8867-4"),
        ("Observation", "code-value-quantity", "8867-4$72$3"),
        ("Observation", "code-value-quantity", "8867-4$x"),
        ("Observation", "code-value-quantity", "$72"),
        ("Observation", "component-code-value-concept", f"{LOINC}|$x"),
        ("Observation", "component-code-value-quantity", f"{LOINC}|$5"),
        ("MolecularSequence", "chromosome-variant-coordinate", "1$2$3"),
    ],
)
def test_what_cannot_be_asked_in_a_pair_is_a_problem(
    type_name: str, name: str, value: str
) -> None:
    assert faults(type_name, name, value)


def test_three_values_in_one_place_are_asked_together() -> None:
    sequence = {
        "resourceType": "MolecularSequence",
        "coordinateSystem": 0,
        "referenceSeq": {
            "chromosome": {"coding": [{"code": "1"}]},
            "windowStart": 10,
            "windowEnd": 20,
        },
    }
    assert matches(sequence, "chromosome-window-coordinate", "1$ge5$le25")
    assert not matches(sequence, "chromosome-window-coordinate", "1$ge15$le25")
