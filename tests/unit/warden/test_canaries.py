# SPDX-License-Identifier: Apache-2.0
"""The list of canaries: who is one, what becomes of one, and how it is kept."""

from hypothesis import given, settings, strategies as st

from wardkeep.assembly.drills.by_scraping import p95
from wardkeep.assembly.planting import SHARE
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.purpose import Action
from wardkeep.warden.canaries import A_BLOCK, Canaries

IDS = st.lists(st.uuids().map(str), min_size=1, max_size=40, unique=True)
HOME, ELSEWHERE = 1, 2
NOW = 3
"""When they are planted."""


@settings(deadline=None)
@given(IDS, st.sampled_from([one for one in Action if one is not Action.FIND]))
def test_every_opening_but_a_list_meets_a_canary_of_its_own_organisation(
    named: list[str], action: Action
) -> None:
    known = Canaries()
    known.plant(HOME, named[1:], at=NOW)
    assert set(known.met(HOME, named, action)) == set(named[1:])
    assert known.met(HOME, named, Action.FIND) == []
    assert known.met(ELSEWHERE, named, action) == []
    assert known.met(HOME, named[:1], action) == []


@settings(deadline=None)
@given(IDS, st.integers(1, 2**53))
def test_what_is_kept_comes_back_with_what_became_of_each(
    named: list[str], at: int
) -> None:
    known = Canaries()
    known.plant(HOME, named, at=NOW)
    known.note_met(HOME, named[:2], at=at)
    known.note_met(HOME, named[:1], at=at + 1)
    known.retire(HOME, named[0], at=at)
    packed = known.packed(HOME)
    assert len(packed) % A_BLOCK == 0
    again = Canaries()
    again.unpack(HOME, packed)
    assert again.packed(HOME) == packed
    assert again.unsaved == set()
    assert sorted(again.living(HOME)) == sorted(named[1:])
    assert again.living(HOME, is_met_only=True) == named[1:2]
    assert again.retired(HOME) == 1
    # One that is no more opens nothing and freezes nobody, and was never a person.
    assert again.met(HOME, named[:1], Action.READ) == []
    assert again.pick(HOME, named) == named
    assert again.pick(ELSEWHERE, named) == []


def test_naming_one_again_forgets_nothing_of_it() -> None:
    known, one = Canaries(), new_uuid()
    known.plant(HOME, [one], at=NOW)
    known.note_met(HOME, [one], at=7)
    known.plant(HOME, [one], at=NOW)
    assert known.living(HOME, is_met_only=True) == [one]
    known.retire(HOME, one, at=8)
    known.plant(HOME, [one], at=NOW)
    assert known.living(HOME) == []


def test_the_size_of_the_list_tells_little_of_its_length() -> None:
    few, many = Canaries(), Canaries()
    few.plant(HOME, [new_uuid()], at=NOW)
    many.plant(HOME, [new_uuid() for _ in range(80)], at=NOW)
    assert len(few.packed(HOME)) == len(many.packed(HOME)) == A_BLOCK
    many.plant(HOME, [new_uuid() for _ in range(80)], at=NOW)
    assert len(many.packed(HOME)) == 2 * A_BLOCK


def test_the_share_stops_ninety_five_of_a_hundred_within_what_is_promised() -> None:
    """1 - (1 - share)^n; a geometric walk."""
    within = next(n for n in range(1, 100) if 1 - (1 - SHARE / 100) ** n >= 0.95)
    assert within == 42
    assert p95(list(range(1, 101))) == 95
    assert p95([3]) == 3


def test_canaries_age_once_for_each_time_and_those_that_were_met_not_at_all() -> None:
    known = Canaries()
    known.plant(1, ["c", "a", "b", "d"], at=NOW)
    known.note_met(1, ["d"], at=5)
    known.retire(1, "b", at=5)
    known.unsaved.clear()
    assert known.age(1, after="", most=1, at=7) == [("a", NOW)]
    assert known.age(1, after="a", most=9, at=7) == [("c", NOW)]
    assert known.unsaved == {1}
    known.unsaved.clear()
    assert known.age(1, after="c", most=9, at=7) == []
    assert known.unsaved == set()
    again = Canaries()
    again.unpack(1, known.packed(1))
    assert again.age(1, after="", most=9, at=8) == [("a", 7), ("c", 7)]
