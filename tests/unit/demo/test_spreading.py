# SPDX-License-Identifier: Apache-2.0
"""Each stretch of a list gets one canary, anywhere within it."""

import pytest
from hypothesis import given, strategies as st

from wardkeep.assembly.spreading import evenly, spread_ids
from wardkeep.base.ids import new_uuid, uuid_bytes
from wardkeep.base.stored_id import stored_id


@given(many=st.integers(1, 40), length=st.integers(1, 500))
def test_each_stretch_gives_one(many: int, length: int) -> None:
    drawn = sorted(evenly(range(length), many))
    assert len(drawn) == many
    for n, one in enumerate(drawn):
        assert n * length // many <= one <= (n + 1) * length // many


def test_they_come_in_no_order() -> None:
    assert evenly(range(1000), 200) != sorted(evenly(range(1000), 200))


def test_of_nothing_nothing_is_drawn() -> None:
    assert evenly((), 3) == []
    assert evenly(range(3), 0) == []


def test_nobody_goes_by_more_than_two_stretches_without_a_canary() -> None:
    here = sorted(uuid_bytes(new_uuid()) for _ in range(930))
    fresh = spread_ids(here, [new_uuid() for _ in range(70)])
    nobody = {uuid_bytes(one) for one in fresh}
    assert len(nobody) == 70
    longest = run = 0
    for one in sorted([*here, *nobody]):
        run = 0 if one in nobody else run + 1
        longest = max(longest, run)
    # By chance alone it is about 85: the longest of 70 runs of 13 in the mean.
    assert longest <= 2 * 14


@pytest.mark.parametrize("here", [[], [b"p-1", b"p-2"], [stored_id("x" * 16)]])
def test_ids_keep_their_form_whatever_stands_around_them(here: list[bytes]) -> None:
    version_one = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
    fresh = spread_ids(here, [version_one, *[new_uuid() for _ in range(20)]])
    assert len(set(fresh)) == 21
    assert sorted(one[14] for one in fresh) == ["1", *["4"] * 20]
    assert all(one[19] in "89ab" for one in fresh)
    assert all(uuid_bytes(one) for one in fresh)
