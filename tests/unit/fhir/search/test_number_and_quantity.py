# SPDX-License-Identifier: Apache-2.0
"""Number and quantity search: implicit precision, prefixes, units that never mix."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from support.fhir_search import faults, matches, resource
from wardkeep.fhir.model import Resource, parse
from wardkeep.fhir.search import index_of
from wardkeep.fhir.search.numbers import HIGHEST, LOWEST, clamp

UCUM = "http://unitsofmeasure.org"


def risk(value: Any) -> dict[str, Any]:
    return {
        "resourceType": "RiskAssessment",
        "status": "final",
        "subject": {"reference": "Patient/1"},
        "prediction": [{"probabilityDecimal": value}],
    }


def measured(**quantity: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "valueQuantity": quantity,
    }


@pytest.mark.parametrize(
    ("held", "value", "is_found"),
    [
        ("100", "100", True),
        ("99.5", "100", True),
        ("100.49", "100", True),
        ("100.5", "100", False),
        ("100.4", "100.0", False),
        ("149", "1e2", True),
        ("150", "1e2", False),
        ("100", "ne100", False),
        ("100.6", "ne100", True),
        ("100.1", "gt100", True),
        ("100", "gt100", False),
        ("100", "ge100", True),
        ("99.9", "lt100", True),
        ("100", "lt100", False),
        ("100", "le100", True),
        ("101", "sa100", True),
        ("99", "eb100", True),
        ("109", "ap100", True),
        ("111", "ap100", False),
        ("-0.5", "-0.5", True),
        ("0", "0", True),
    ],
)
def test_numbers_reach_as_far_as_they_are_written(
    held: str,
    value: str,
    is_found: bool,  # noqa: FBT001
) -> None:
    assert matches(risk(Decimal(held)), "probability", value) is is_found
    assert matches(measured(value=Decimal(held)), "value-quantity", value) is is_found


def test_a_range_is_compared_as_a_stretch() -> None:
    one = risk(0)
    one["prediction"] = [
        {"probabilityRange": {"low": {"value": 10}, "high": {"value": 20}}},
        {"probabilityRange": {"low": {"value": 90}}},
    ]
    assert matches(one, "probability", "lt15")
    assert matches(one, "probability", "gt1000")
    assert not matches(one, "probability", "15")
    one["prediction"] = [{"probabilityRange": {"low": {"unit": "x"}}}]
    assert index_of(resource(one)).ranges == ()


@pytest.mark.parametrize(
    ("value", "is_found"),
    [
        ("5.4", True),
        (f"5.4|{UCUM}|mg", True),
        ("5.4||mg", True),
        ("5.4||milligram", True),
        (f"5.4|{UCUM}|g", False),
        ("5.4||g", False),
        ("5.4|http://other.org|mg", False),
        ("lt5.4||mg", False),
        ("lt5.5||mg", True),
        ("1,5.4||mg", True),
    ],
)
def test_a_unit_is_asked_by_code_text_or_system(value: str, is_found: bool) -> None:  # noqa: FBT001
    quantity = {"value": Decimal("5.4"), "unit": "milligram", "system": UCUM}
    assert matches(measured(**quantity, code="mg"), "value-quantity", value) is is_found


def test_a_comparator_opens_one_end() -> None:
    below = measured(value=5, comparator="<")
    assert matches(below, "value-quantity", "lt1")
    assert not matches(below, "value-quantity", "gt5")
    assert matches(measured(value=5, comparator=">="), "value-quantity", "gt1000")


def test_a_quantity_without_a_number_is_not_indexed() -> None:
    assert index_of(resource(measured(unit="mg"))).ranges == ()


def test_money_has_its_currency_for_a_unit() -> None:
    invoice = {
        "resourceType": "Invoice",
        "status": "issued",
        "totalNet": {"value": 5, "currency": "GBP"},
    }
    assert matches(invoice, "totalnet", "5|urn:iso:std:iso:4217|GBP")
    assert matches(invoice, "totalnet", "5||GBP")
    assert not matches(invoice, "totalnet", "5||EUR")


def test_a_range_of_quantities_has_both_ends() -> None:
    def onset(**ends: Any) -> dict[str, Any]:
        return {
            "resourceType": "Condition",
            "subject": {"reference": "Patient/1"},
            "onsetRange": ends,
        }

    year = {"unit": "a", "system": UCUM, "code": "a"}
    both = onset(low=year | {"value": 40}, high=year | {"value": 50})
    assert matches(both, "onset-age", "gt45||a")
    assert not matches(both, "onset-age", "gt50||a")
    assert matches(onset(high=year | {"value": 50}), "onset-age", "lt1||a")
    assert index_of(resource(onset(low={"unit": "a"}))).ranges == ()


@pytest.mark.parametrize(
    "value", ["", "x", "5,x", "1e999", "NaN", "5|mg", "5|a|b|c", "0x10", "--1", "٣"]
)
def test_what_is_no_number_is_a_problem(value: str) -> None:
    assert faults("Observation", "value-quantity", value)
    assert value.count("|") or faults("RiskAssessment", "probability", value)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (b"1e999999999", HIGHEST),
        (b"-1e999999999", LOWEST),
        (b"1e-999999999", Decimal(0)),
        (b"1.50", Decimal("1.50")),
    ],
)
def test_monstrous_numbers_are_stored_at_the_edge(
    written: bytes, kept: Decimal
) -> None:
    raw = b'{"resourceType":"RiskAssessment","status":"final","subject":{"reference":'
    raw += b'"Patient/1"},"prediction":[{"probabilityDecimal":' + written + b"}]}"
    found = parse(raw)
    assert isinstance(found, Resource)
    (stored,) = index_of(found).ranges
    assert stored.low == stored.high == kept


def test_digits_without_end_are_rounded() -> None:
    assert len(clamp(Decimal("1." + "1" * 20_000)).as_tuple().digits) <= 130


decimals = st.decimals(-1000, 1000, places=2)


@settings(max_examples=300, deadline=None)
@given(
    decimals,
    st.sampled_from(["", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"]),
    st.integers(-1000, 1000),
    st.integers(0, 2),
)
def test_prefixes_agree_with_a_naive_reading(
    held: Decimal, prefix: str, units: int, places: int
) -> None:
    asked = Decimal(units).scaleb(-places)
    half = Decimal(5).scaleb(-places - 1)
    is_within = asked - half <= held < asked + half
    expected = {
        "": is_within,
        "eq": is_within,
        "ne": not is_within,
        "gt": held > asked,
        "lt": held < asked,
        "ge": held >= asked,
        "le": held <= asked,
        "sa": held > asked,
        "eb": held < asked,
    }[prefix]
    text = f"{prefix}{asked:.{places}f}"
    assert matches(risk(held), "probability", text) is expected


@pytest.mark.parametrize(
    ("held", "asked", "is_found"),
    [
        ((Decimal("0.0054"), "g"), "5.4|http://unitsofmeasure.org|mg", True),
        ((Decimal(5400), "ug"), "5.4|http://unitsofmeasure.org|mg", True),
        ((Decimal("0.0055"), "g"), "5.4|http://unitsofmeasure.org|mg", False),
        ((Decimal("5.4"), "g"), "5.4|http://unitsofmeasure.org|mg", False),
        ((Decimal("98.6"), "[degF]"), "37.0|http://unitsofmeasure.org|Cel", True),
        ((Decimal("99.6"), "[degF]"), "37.0|http://unitsofmeasure.org|Cel", False),
        ((Decimal("310.15"), "K"), "37.0|http://unitsofmeasure.org|Cel", True),
        ((Decimal(154), "[lb_av]"), "gt69|http://unitsofmeasure.org|kg", True),
        ((Decimal(154), "[lb_av]"), "gt70|http://unitsofmeasure.org|kg", False),
        ((Decimal(5), "mmol/L"), "5000|http://unitsofmeasure.org|umol/L", True),
        ((Decimal(5), "mg"), "5|http://unitsofmeasure.org|mL", False),
        ((Decimal(5), "{score}"), "5|http://unitsofmeasure.org|{score}", True),
        ((Decimal(5), "no unit"), "5|http://unitsofmeasure.org|no unit", True),
        ((Decimal("0.0054"), "g"), "5.4||mg", False),
        ((Decimal("0.0054"), "g"), "5.4|http://example.org/units|mg", False),
    ],
)
def test_units_of_ucum_are_converted(
    held: tuple[Decimal, str],
    asked: str,
    is_found: bool,  # noqa: FBT001 - a parameter of the cases
) -> None:
    value, code = held
    given = measured(value=value, system=UCUM, code=code)
    assert matches(given, "value-quantity", asked) is is_found
