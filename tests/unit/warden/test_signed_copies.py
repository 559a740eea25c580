# SPDX-License-Identifier: Apache-2.0
"""For what somebody signed, and how long it holds."""

import pytest

from wardkeep.disclosure.copies import MakeCopy
from wardkeep.warden.copies import SignedCopy

ACT = MakeCopy(
    patient="p-1",
    ground="access",
    asked_by="The person, who showed a passport.",
    reason="She asked by letter on Monday.",
    parts=("problems",),
)


@pytest.mark.parametrize(
    ("types", "now", "is_covered"),
    [
        (("Condition", "Patient"), 9.9, True),
        ((), 9.9, True),
        (("Condition", "Immunization"), 9.9, False),
        (("Condition",), 10.0, False),
    ],
)
def test_a_signature_for_a_copy_covers_its_types_for_its_time(
    types: tuple[str, ...], now: float, *, is_covered: bool
) -> None:
    signed = SignedCopy(act=ACT, entry=7, until_monotonic=10.0)
    named = [(one, "x", 1) for one in types]
    assert signed.covers(named, now=now) is is_covered
