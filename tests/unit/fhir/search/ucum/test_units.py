# SPDX-License-Identifier: Apache-2.0
"""UCUM codes: what they stand for, and what is no code."""

from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from wardkeep.fhir.search.ucum.table import table
from wardkeep.fhir.search.ucum.units import MOST_ALIKE, Conversion, canonical, like


def converted(value: str, code: str, other: str) -> float:
    here, there = canonical(code), canonical(other)
    assert here is not None
    assert there is not None
    assert here.dimension == there.dimension
    base = Fraction(value) * here.factor + here.offset
    return float((base - there.offset) / there.factor)


@pytest.mark.parametrize(
    ("value", "code", "other", "expected"),
    [
        ("5.4", "mg", "g", 0.0054),
        ("1", "kg", "mg", 1e6),
        ("37", "Cel", "[degF]", 98.6),
        ("0", "Cel", "K", 273.15),
        ("1", "Cel/min", "K/min", 1),
        ("120", "mm[Hg]", "kPa", 15.99864),
        ("1", "[in_i]", "cm", 2.54),
        ("1", "[lb_av]", "kg", 0.45359237),
        ("5", "10*9/L", "10*3/uL", 5),
        ("50", "%", "1", 0.5),
        ("1.5", "h", "min", 90),
        ("60", "/min", "Hz", 1),
        ("90", "mg/dL", "g/L", 0.9),
        ("5", "[iU]/L", "m[iU]/mL", 5),
        ("5", "[IU]/L", "[iU]/L", 5),
        ("2", "mmol/L", "mol/m3", 2),
        ("1", "mL/min/{1.73_m2}", "L/h", 0.06),
        ("1", "kg/m2", "g.m-2", 1000),
        ("1", "mg/(24.h)", "mg/d", 1),
        ("3", "10*", "1", 30),
        ("1", "{cells}/uL", "/uL", 1),
        ("1", "g{total}/(8.h){shift}", "g/h", 0.125),
        ("1", "dyn.s/cm5", "kg.m-4.s-1", 1e5),
    ],
)
def test_units_are_converted_exactly(
    value: str, code: str, other: str, expected: float
) -> None:
    assert converted(value, code, other) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "code",
    [
        *("", " ", "mg ", "mgg", "m g", "5..4", "mg/", ".mg", "mg//dL", "(mg"),
        *("mg)", "0", "m+", "k[in_i]", "{open", "[no such]", "m1000", "10*100", "(m)2"),
        "(" * 9 + "m" + ")" * 9,
        "m." * 60 + "m",
        "\ud800",
    ],
)
def test_what_is_no_code(code: str) -> None:
    assert canonical(code) is None
    assert like(code) == ()


def test_every_code_of_the_table_is_read() -> None:
    names = [*table().usual, *table().atoms, *table().bases]
    assert [name for name in names if canonical(name) is None] == []
    assert len(table().usual) == 815


def test_what_is_no_straight_line_is_like_itself_alone() -> None:
    assert [one.code for one in like("[pH]")] == ["[pH]"]
    assert canonical("[iU]") != canonical("[arb'U]")
    mole, one = canonical("mol"), canonical("1")
    assert mole is not None
    assert one is not None
    assert mole.dimension != one.dimension


def test_likes_convert_to_usual_units_of_the_dimension() -> None:
    assert like("mg")[0] == Conversion("mg", Fraction(1), Fraction(0))
    assert Conversion("g", Fraction(1, 1000), Fraction(0)) in like("mg")
    assert all(0 < len(like(code)) <= MOST_ALIKE for code in table().usual)


@given(st.text(max_size=30) | st.text(alphabet="mgLkCel.()/{}[]10*-+'%", max_size=30))
def test_no_text_raises(text: str) -> None:
    canonical(text)
    assert isinstance(like(text), tuple)
