# SPDX-License-Identifier: Apache-2.0
"""What a version changed, line by line: both versions can be read out of it."""

from hypothesis import given, strategies as st

from wardkeep.assembly.demo.chance import Chance
from wardkeep.base.differences import GONE, NEW, SAME, Piece, differing_lines


def test_what_a_version_changed_is_told_by_lines() -> None:
    assert differing_lines("a\nb", "a\nc") == (
        Piece(SAME, "a"),
        Piece(GONE, "b"),
        Piece(NEW, "c"),
    )
    assert differing_lines("a", "a") == ()
    assert differing_lines("", "") == ()


@given(st.text("ab \n-+?", max_size=30), st.text("ab \n-+?", max_size=30))
def test_both_versions_can_be_read_out_of_the_differing_lines(
    before: str, after: str
) -> None:
    lines = differing_lines(before, after)
    if not lines:
        assert before.splitlines() == after.splitlines()
        return
    was = [one.text for one in lines if one.kind != NEW]
    becomes = [one.text for one in lines if one.kind != GONE]
    assert was == before.splitlines()
    assert becomes == after.splitlines()


def test_many_short_lines_that_differ_here_and_there_are_told_as_well() -> None:
    """What compares each line with each other line does not come to an end here."""
    chance = Chance("short lines")
    earlier, later = ("\n".join(chance.pick("abc ") for _ in range(2000)) for _ in "12")
    lines = differing_lines(earlier, later)
    assert [one.text for one in lines if one.kind != NEW] == earlier.splitlines()
