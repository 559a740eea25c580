# SPDX-License-Identifier: Apache-2.0
"""Repeatable chance, stable ids and moments."""

from datetime import date

import pytest

from wardkeep.assembly.demo.chance import Chance
from wardkeep.assembly.demo.moments import (
    instant,
    moment,
    weekday_on_or_after,
    years_after,
    years_between,
)
from wardkeep.assembly.demo.stable_ids import stable_id


def test_the_same_labels_draw_the_same_numbers_on_every_machine() -> None:
    assert [Chance("ward", 7).below(1000) for _ in range(3)] == [
        Chance("ward", 7).below(1000)
    ] * 3
    assert Chance("pinned").below(1_000_000) == 64786


def test_other_labels_draw_other_numbers() -> None:
    ours, theirs = Chance("fernhill", 1), Chance("fernhill", 2)
    assert [ours.below(1000) for _ in range(8)] != [
        theirs.below(1000) for _ in range(8)
    ]


def test_draws_stay_within_their_limits_and_reach_both_ends() -> None:
    chance = Chance("limits")
    drawn = {chance.between(3, 6) for _ in range(200)}
    assert drawn == {3, 4, 5, 6}
    assert {chance.pick("ab") for _ in range(60)} == {"a", "b"}


def test_a_share_of_100_always_happens_and_a_share_of_0_never() -> None:
    chance = Chance("shares")
    assert all(chance.happens(100) for _ in range(50))
    assert not any(chance.happens(0) for _ in range(50))


def test_scatter_is_centred_and_never_wider_than_its_spread() -> None:
    chance = Chance("scatter")
    drawn = [chance.around(100, 10) for _ in range(2000)]
    assert min(drawn) >= 90
    assert max(drawn) <= 110
    assert 99 < sum(drawn) / len(drawn) < 101


def test_stable_ids_are_uuids_of_version_8_and_differ_by_label() -> None:
    first, second = stable_id("a", 1), stable_id("a", 2)
    assert first == stable_id("a", 1)
    assert first != second
    assert (len(first), first[14], first[19]) == (36, "8", "a")


def test_moments_carry_the_offset_of_the_london_clock() -> None:
    assert instant(moment(date(2026, 7, 1), 9, 30)) == "2026-07-01T09:30:00+01:00"
    assert instant(moment(date(2026, 1, 2), 9)) == "2026-01-02T09:00:00+00:00"


def test_an_age_changes_on_the_birthday() -> None:
    born = date(2000, 6, 15)
    assert years_between(born, date(2026, 6, 14)) == 25
    assert years_between(born, date(2026, 6, 15)) == 26


@pytest.mark.parametrize(
    ("day", "weekday"),
    [
        (date(2026, 3, 13), date(2026, 3, 13)),
        (date(2026, 3, 14), date(2026, 3, 16)),
        (date(2026, 3, 15), date(2026, 3, 16)),
    ],
)
def test_surgeries_are_shut_at_weekends(day: date, weekday: date) -> None:
    assert weekday_on_or_after(day) == weekday


def test_a_year_is_counted_in_days() -> None:
    assert years_after(date(2020, 1, 1), 1) == date(2020, 12, 31)
    assert years_after(date(2020, 1, 1), -1) == date(2019, 1, 1)
