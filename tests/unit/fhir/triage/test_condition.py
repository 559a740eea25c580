# SPDX-License-Identifier: Apache-2.0
"""Conditions: three values, precedence, and what is refused with its place."""

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given, strategies as st

from wardkeep.base.outcome import Problem
from wardkeep.fhir.triage.condition import (
    MOST_LETTERS,
    Condition,
    Kind,
    Value,
    compiled,
)

KINDS: dict[str, Kind] = {
    "a": "boolean",
    "b": "boolean",
    "c": "boolean",
    "age": "number",
    "where": "code",
}
THREE = (True, False, None)


def read(text: str) -> Condition:
    found = compiled(text, KINDS, place="here")
    assert isinstance(found, Condition), str(found)
    return found


def wrong(text: str) -> Problem:
    found = compiled(text, KINDS, place="here")
    assert isinstance(found, Problem)
    assert found.place == "here"
    assert found.mend
    return found


def values(**said: Value | None) -> dict[str, Value]:
    return {name: value for name, value in said.items() if value is not None}


@pytest.mark.parametrize(("a", "b"), list(product(THREE, THREE)))
def test_logic_is_that_of_the_standards_truth_tables(
    *, a: bool | None, b: bool | None
) -> None:
    """http://hl7.org/fhirpath/N1/#boolean-logic, table by table."""
    known = values(a=a, b=b)
    both = False if a is False or b is False else (None if None in (a, b) else True)
    either = True if a is True or b is True else (None if None in (a, b) else False)
    differs = None if a is None or b is None else a is not b
    assert read("%a and %b").run(known) is both
    assert read("%a or %b").run(known) is either
    assert read("%a xor %b").run(known) is differs
    assert read("%a.not()").run(known) is (None if a is None else not a)
    assert read("%a.exists()").run(known) is (a is not None)
    assert read("%a.empty()").run(known) is (a is None)


@pytest.mark.parametrize(
    ("text", "age", "comes_to"),
    [
        ("%age >= 16", 16, True),
        ("%age >= 16", 15, False),
        ("%age > 16", 16, False),
        ("%age <= 16", 16, True),
        ("%age < 16", 15, True),
        ("%age = 16", 16, True),
        ("%age != 16", 16, False),
        ("%age >= 16", None, None),
        ("%age != 16", None, None),
        ("%age + 1 > 16", 16, True),
        ("%age - 1 - 1 = 14", 16, True),
        ("-1 < %age", 0, True),
        ("%age > 16.5", 17, True),
    ],
)
def test_numbers_are_compared_exactly(
    *, text: str, age: int | None, comes_to: bool | None
) -> None:
    known = values(age=None if age is None else Decimal(age))
    assert read(text).run(known) is comes_to


def test_and_binds_more_than_or_and_comparisons_more_than_both() -> None:
    known = values(a=True, b=False, c=False)
    assert read("%a or %b and %c").run(known) is True
    assert read("(%a or %b) and %c").run(known) is False
    assert read("%age > 3 = true").run(values(age=Decimal(4))) is True


def test_iif_takes_what_is_not_known_for_a_no() -> None:
    text = "iif(%a, 1, 0) + iif(%b, 2, 0)"
    assert read(text).run(values(a=True)) == Decimal(1)
    assert read(text).run(values(a=True, b=True)) == Decimal(3)
    assert read(text).run({}) == Decimal(0)


def test_codes_are_compared_as_they_are() -> None:
    assert read("%where = 'home'").run(values(where="home")) is True
    assert read("%where != 'home'").run(values(where="car")) is True
    assert read("%where = 'home'").run({}) is None


def test_it_says_what_it_reads() -> None:
    assert read("%a and (%age > 3 or %b.exists())").reads == {"a", "age", "b"}


@pytest.mark.parametrize(
    ("text", "is_lasting"),
    [
        ("%a and %b.not() or %age > 50", True),
        ("%a.exists()", False),
        ("%a and %b.empty()", False),
        ("iif(%a, 1, 0) >= 1", False),
    ],
)
def test_it_knows_whether_more_answers_could_take_it_back(
    *, text: str, is_lasting: bool
) -> None:
    assert read(text).is_lasting is is_lasting


@given(
    said=st.lists(st.sampled_from(THREE), min_size=3, max_size=3),
    at=st.integers(0, 2),
    late=st.booleans(),
)
def test_what_is_lasting_stays_true_when_more_is_answered(
    *, said: list[bool | None], at: int, late: bool
) -> None:
    text = "(%a and %b) or (%b.not() and %c) or (%a xor %c)"
    known = values(**dict(zip("abc", said, strict=True)))
    later = {"abc"[at]: late, **known}
    before = read(text).run(known)
    if before is not None:
        assert read(text).run(later) is before


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "ends"),
        ("%a and", "ends"),
        ("%nobody", "%nobody is no question"),
        ("%a & %b", "at letter 4"),
        ("%a and %age", "and is asked of a number"),
        ("%age > true", "> is asked of a boolean"),
        ("%age = true", "a number is compared with a boolean"),
        ("%a + 1 > 0", "+ is asked of a boolean"),
        ("iif(%age, 1, 0)", "iif() is asked of a number"),
        ("iif(%a, 1, true)", "iif() gives a number or a boolean"),
        ("%a.first()", "“.first” at letter 4 is not read here"),
        ("%a.not", "“(” is missing"),
        ("(%a", "“)” is missing"),
        ("%a %b", "“b” at letter 4 is not expected"),
        ("today()", "“today” at letter 1"),
        ("'a' = 'b'c", "is not expected"),
        ("(" * 60 + "%a" + ")" * 60, "nested"),
        ("%a or " * 500 + "%a", str(MOST_LETTERS)),
    ],
)
def test_what_it_does_not_read_it_names(text: str, says: str) -> None:
    assert says in wrong(text).wrong


@given(st.text(alphabet="%abc()=<>'.,+-not andxir0123", max_size=60))
def test_no_text_brings_it_down(text: str) -> None:
    found = compiled(text, KINDS, place="here")
    assert isinstance(found, Condition | Problem)
    if isinstance(found, Condition):
        found.run({})
