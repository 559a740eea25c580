# SPDX-License-Identifier: Apache-2.0
"""NHS numbers, hospital numbers, telephones and e-mails that nobody has.

Telephone numbers: Ofcom's ranges for drama, 01632 960000-960999 and
07700 900000-900999 (https://www.ofcom.org.uk/phones-and-broadband/phone-numbers/numbers-for-drama/).
E-mail: example.org, reserved by RFC 2606. NHS numbers: the test range only.
"""

import secrets
from collections.abc import Iterator

from wardkeep.base import nhs_number

_STEP = 641
"""Bodies lie apart, so that one mistyped digit never meets another demo person."""


def demo_numbers(first_body: int) -> Iterator[nhs_number.NhsNumber]:
    """Valid numbers of the test range, upward from 999 and the six-digit body."""
    for body in range(first_body, 1_000_000, _STEP):
        nine = f"{nhs_number.TEST_RANGE_PREFIX}{body:06d}"
        check = nhs_number.check_digit(nine)
        if check is not None:
            yield nhs_number.NhsNumber(f"{nine}{check}")


def between_demo_numbers(first_body: int, many: int) -> Iterator[nhs_number.NhsNumber]:
    """Valid numbers of the same range that no demo person has, in no order."""
    # One body in eleven has no check digit, so so many people reach further.
    reach = many * _STEP * 11 // 10
    while True:
        body = first_body + secrets.randbelow(reach)
        if body % _STEP == first_body % _STEP:
            continue
        nine = f"{nhs_number.TEST_RANGE_PREFIX}{body:06d}"
        check = nhs_number.check_digit(nine)
        if check is not None:
            yield nhs_number.NhsNumber(f"{nine}{check}")


def landline(line: int) -> str:
    return f"01632 960{line % 1000:03d}"


def mobile(line: int) -> str:
    return f"07700 900{line % 1000:03d}"
