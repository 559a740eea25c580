# SPDX-License-Identifier: Apache-2.0
"""What a change told and could not commit: what stood before it explains again."""

from wardkeep.teams.tellings import Tellings
from wardkeep.teams.ties import Source, Tie

STAY, OTHER = (Source(1, "Encounter", one, "p-1") for one in ("e-1", "e-2"))
BEFORE, FIRST, SECOND = (
    Tie(f"Location/{one}", "ward", 1, 9, "a-1") for one in ("before", "first", "second")
)


def told(tellings: Tellings, change: str, tie: Tie, source: Source = STAY) -> None:
    tellings.tell(change, {source: [tie]}, {source: [BEFORE]})


def test_what_was_taken_back_leaves_what_stood_before() -> None:
    tellings = Tellings()
    tellings.tell("c-1", {STAY: [FIRST], OTHER: []}, {STAY: [BEFORE], OTHER: [SECOND]})
    assert tellings.organisation_of("c-1") == 1
    assert tellings.take_back("c-1") == {STAY: [BEFORE], OTHER: [SECOND]}
    assert tellings.take_back("c-1") == {}
    assert tellings.organisation_of("c-1") is None


def test_whoever_lost_a_race_does_not_hide_what_the_winner_told() -> None:
    tellings = Tellings()
    told(tellings, "winner", FIRST)
    told(tellings, "loser", SECOND)
    assert tellings.take_back("loser") == {STAY: [FIRST]}
    told(tellings, "late", SECOND)
    told(tellings, "last", FIRST)
    assert tellings.take_back("late") == {}, "the newer one stands as it is"
    assert tellings.take_back("last") == {STAY: [FIRST]}


def test_what_several_changes_told_is_taken_back_in_any_order() -> None:
    tellings = Tellings()
    told(tellings, "c-1", FIRST)
    told(tellings, "c-2", SECOND)
    assert tellings.take_back("c-1") == {}
    assert tellings.take_back("c-2") == {STAY: [BEFORE]}


def test_what_came_without_a_name_stands_and_is_the_new_ground() -> None:
    tellings = Tellings()
    told(tellings, "c-1", FIRST)
    tellings.tell("", {STAY: [SECOND]}, {STAY: [FIRST]})
    assert tellings.take_back("c-1") == {}
    tellings.tell("c-2", {STAY: []}, {STAY: [SECOND]})
    assert tellings.take_back("c-2") == {STAY: [SECOND]}


def test_only_the_latest_changes_can_be_taken_back() -> None:
    tellings = Tellings(most=2)
    told(tellings, "c-1", FIRST)
    told(tellings, "c-2", SECOND)
    told(tellings, "c-3", FIRST, OTHER)
    assert tellings.take_back("c-1") == {}
    assert tellings.take_back("c-2") == {STAY: [FIRST]}, "the first stands by now"
    assert tellings.take_back("c-3") == {OTHER: [BEFORE]}


def test_a_change_that_is_over_is_known_as_such_for_a_while() -> None:
    tellings = Tellings(most=2)
    for one in ("c-1", "c-2", "c-3"):
        tellings.end(one)
    assert [tellings.is_over(one) for one in ("", "c-1", "c-2", "c-3")] == [
        *(False, False),
        *(True, True),
    ]
