# SPDX-License-Identifier: Apache-2.0
"""The NHS number: ten digits, the last a modulus-11 check digit.

Source: NHS Data Model and Dictionary, attribute NHS NUMBER
(https://www.datadictionary.nhs.uk/attributes/nhs_number.html).
"""

from collections.abc import Iterator
from itertools import islice
from typing import NewType

NhsNumber = NewType("NhsNumber", str)
"""Ten digits with a right check digit and no spaces."""

SYSTEM = "https://fhir.nhs.uk/Id/nhs-number"
"""The FHIR identifier system that UK Core gives the NHS number."""

_LENGTH = 10
_MODULUS = 11
_INVALID_CHECK = 10
_SEPARATORS = str.maketrans("", "", " -\u00a0")
TEST_RANGE_PREFIX = "999"
"""999 000 0000 to 999 999 9999 pass the check and are never issued."""


def check_digit(nine_digits: str) -> int | None:
    """The check digit for nine digits; None where no valid one exists (10)."""
    weights = range(_LENGTH, 1, -1)
    total = sum(int(d) * w for d, w in zip(nine_digits, weights, strict=True))
    check = _MODULUS - total % _MODULUS
    if check == _INVALID_CHECK:
        return None
    return 0 if check == _MODULUS else check


def parse(text: str) -> NhsNumber | None:
    """Read a typed NHS number (spaces and hyphens allowed); None where it is wrong."""
    digits = text.strip().translate(_SEPARATORS)
    if len(digits) != _LENGTH or not (digits.isascii() and digits.isdigit()):
        return None
    if check_digit(digits[:-1]) != int(digits[-1]):
        return None
    return NhsNumber(digits)


def spaced(number: NhsNumber) -> str:
    """The form for people: 3-3-4, as in 999 012 3456."""
    return f"{number[:3]} {number[3:6]} {number[6:]}"


def is_test_number(number: NhsNumber) -> bool:
    return number.startswith(TEST_RANGE_PREFIX)


def numbers_of_test_range() -> Iterator[NhsNumber]:
    """The valid numbers of the test range, from 999 000 000x up; some 900,000."""
    for body in range(1_000_000):
        nine = f"{TEST_RANGE_PREFIX}{body:06d}"
        check = check_digit(nine)
        if check is not None:
            yield NhsNumber(f"{nine}{check}")


def nth_test_number(position: int) -> NhsNumber:
    """The nth valid number of the test range, counted from 999 000 000x.

    Numbers without a valid check digit are passed over, so every position up to
    900,000 has one.
    """
    found = next(islice(numbers_of_test_range(), position, None), None)
    if found is None:
        message = f"the test range has no number at position {position}"
        raise ValueError(message)
    return found
