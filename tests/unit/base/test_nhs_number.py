# SPDX-License-Identifier: Apache-2.0
"""The NHS number and its check digit."""

import pytest
from hypothesis import given, strategies as st

from wardkeep.base import nhs_number


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("999 000 0018", "9990000018"),
        ("999 000 0019", None),
        ("9434765919", "9434765919"),
        ("943 476 5919", "9434765919"),
        (" 943-476-5919 ", "9434765919"),
        ("943\u00a0476\u00a05919", "9434765919"),
        ("9434765918", None),
        ("943476591", None),
        ("94347659190", None),
        ("943476591X", None),
        ("٩٤٣٤٧٦٥٩١٩", None),
        ("", None),
    ],
)
def test_a_typed_number_is_read_or_refused(typed: str, read: str | None) -> None:
    assert nhs_number.parse(typed) == read


def test_a_body_whose_check_would_be_ten_has_no_number() -> None:
    bodies = [f"999000{body:03d}" for body in range(1000)]
    without = [body for body in bodies if nhs_number.check_digit(body) is None]
    assert without
    assert not any(nhs_number.parse(without[0] + digit) for digit in "0123456789")


def test_eleven_becomes_nought() -> None:
    zeros = [
        body for body in range(1000) if nhs_number.check_digit(f"999000{body:03d}") == 0
    ]
    assert zeros
    assert nhs_number.parse(f"999000{zeros[0]:03d}0") is not None


@given(st.integers(min_value=0, max_value=2000))
def test_every_test_number_is_valid_and_in_the_test_range(position: int) -> None:
    number = nhs_number.nth_test_number(position)
    assert nhs_number.parse(number) == number
    assert nhs_number.is_test_number(number)
    assert nhs_number.parse(nhs_number.spaced(number)) == number


@given(
    st.integers(min_value=0, max_value=500),
    st.integers(min_value=0, max_value=9),
    st.integers(min_value=0, max_value=9),
)
def test_any_one_wrong_digit_is_noticed(position: int, place: int, digit: int) -> None:
    number = nhs_number.nth_test_number(position)
    wrong = number[:place] + str(digit) + number[place + 1 :]
    assert (nhs_number.parse(wrong) == number) == (wrong == number)


def test_positions_past_the_range_are_refused() -> None:
    with pytest.raises(ValueError, match="no number at position"):
        nhs_number.nth_test_number(2_000_000)


def test_people_see_three_three_four() -> None:
    number = nhs_number.NhsNumber("9990123456")
    assert nhs_number.spaced(number) == "999 012 3456"
