# SPDX-License-Identifier: Apache-2.0
"""What a copy of a record has in it: what was signed for, and nothing else."""

from itertools import chain

from hypothesis import given, strategies as st

from wardkeep.disclosure.copies import GROUNDS, PARTS, PERSON, PURPOSES, MakeCopy


def copy(*parts: str) -> MakeCopy:
    return MakeCopy(
        patient="p-1",
        ground="access",
        asked_by="The person, who showed a passport.",
        reason="She asked by letter on Monday.",
        parts=parts,
    )


@given(st.sets(st.sampled_from(sorted(PARTS))))
def test_it_has_who_the_person_is_and_the_parts_that_were_asked_for(
    parts: set[str],
) -> None:
    named = set(chain.from_iterable(PARTS[one].types for one in parts))
    assert copy(*parts).types == {*PERSON.types, *named}


def test_a_part_that_nobody_knows_adds_nothing() -> None:
    """A taken-over web process sends words of its own."""
    assert copy("sealed", "", "problems").types == copy("problems").types
    assert copy("everything").types == set(PERSON.types)


def test_no_part_has_what_another_has() -> None:
    """Else whoever leaves one part out would find it in the copy all the same."""
    named = [*PERSON.types, *chain.from_iterable(one.types for one in PARTS.values())]
    assert len(named) == len(set(named))


def test_each_ground_says_for_what_the_record_is_opened() -> None:
    assert set(GROUNDS) == set(PURPOSES)
