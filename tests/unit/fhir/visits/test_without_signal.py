# SPDX-License-Identifier: Apache-2.0
"""What a device may say of an act: a moment with its offset, and a short id."""

import msgspec
import pytest

from wardkeep.fhir.visits.without_signal import Act

GOOD = {"id": "a", "entry": "e", "step": "note", "at": "2026-11-30T01:00:00Z"}


def test_an_act_has_a_moment_and_an_id() -> None:
    assert msgspec.convert(GOOD, Act).id == "a"


@pytest.mark.parametrize(
    "odd", [{"at": "2026-11-30T01:00:00"}, {"id": ""}, {"id": "a" * 65}]
)
def test_without_an_offset_or_with_another_id_it_is_none(odd: dict[str, str]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**GOOD, **odd}, Act)
